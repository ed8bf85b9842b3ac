// Bytes that are left for each reconnect, in Node and in Chromium. The floor is what reconnecting with `ws` alone leaves.

import { inPage } from "../kit/place.mjs";
import { measurePage } from "../kit/page-memory.mjs";
import { startBare } from "../kit/bare.mjs";
import { measureMemory, startFlapping } from "../kit/programs.mjs";
import { startSite } from "../kit/site.mjs";

export async function measure({ size }) {
  const count = size || 10_000;
  const rows = [];
  for (const library of ["ours", "official", "ws alone"]) {
    const server = await startFlapping({ ask: true });
    const result = await measureMemory({ name: "reconnects", url: server.url, count }, { library });
    rows.push({ runtime: "Node", library, ...result });
    await server.stop();
  }
  const site = await startSite();
  for (const library of ["ours", "official"]) {
    const server = await startFlapping({ ask: true });
    const place = await inPage(site, { library });
    rows.push({ runtime: "Chromium", library, ...(await measurePage(place.tab, server.url, Math.ceil(count / 4))) });
    await place.close();
    await server.stop();
  }
  await site.stop();
  const clients = [];
  for (const library of ["ours", "official"]) {
    const bare = await startBare();
    clients.push({ library, ...(await measureMemory({ name: "clients", url: bare.url, count: 1000 }, { library })) });
    await bare.stop();
  }
  const { alive } = await measureMemory({ name: "collectable" });
  return { count, rows, clients, alive };
}
