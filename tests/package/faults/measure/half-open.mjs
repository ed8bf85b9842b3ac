// How long until a link that is half-open is noticed and replaced: TCP lives, and nothing is answered, not even a close.

import { inNode, inPage, PLAIN, WITH_GLOBAL } from "../kit/place.mjs";
import { startServer } from "../kit/server.mjs";
import { startSite } from "../kit/site.mjs";

const TIMEOUT_MS = 3000;
/** Chromium waits for a minute for the answer to its close. */
const PATIENCE_MS = 120_000;

export async function measure({ size = 5 }) {
  const server = await startServer();
  const site = await startSite();
  const runtimes = {
    Node: (library) => inNode({ library, ...PLAIN }),
    "Node, the global WebSocket": (library) => inNode({ library, ...WITH_GLOBAL }),
    Chromium: (library) => inPage(site, { library }),
  };
  const rows = [];
  for (const [runtime, open] of Object.entries(runtimes)) {
    for (const library of ["ours", "official"]) {
      const place = await open(library);
      const runs = await Promise.all(Array.from({ length: size || 5 }, () => strike(place, server)));
      rows.push({ runtime, library, noticedMs: runs.map(({ noticed }) => noticed), replacedMs: runs.map(({ replaced }) => replaced) });
      await place.close();
    }
  }
  await site.stop();
  await server.stop();
  return { timeoutMs: TIMEOUT_MS, patienceMs: PATIENCE_MS, rows };
}

/** One client whose link goes half-open; `null`: not within our patience. */
async function strike(place, server) {
  const client = await place.client({ apiKey: "pk_live_local", url: server.url, inactivityTimeoutMs: TIMEOUT_MS });
  const peer = await client.connect();
  const began = Date.now();
  if ((await server.fault("half_open", { peer })) !== 1) throw new Error("the fault struck nobody");
  const after = (note) => note.at - began;
  const noticed = await client.nth("disconnected", 1, PATIENCE_MS).then(after, () => null);
  const replaced = await client.nth("connected", 2, PATIENCE_MS).then(after, () => null);
  return { noticed, replaced };
}
