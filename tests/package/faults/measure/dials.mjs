// How often a minute a server is dialled that welcomes everybody and drops everybody. Default options.

import { inNode, PLAIN } from "../kit/place.mjs";
import { startFlapping } from "../kit/programs.mjs";
import { sleep } from "../kit/time.mjs";

export async function measure({ size }) {
  const seconds = size || 60;
  const rows = await Promise.all(["ours", "official"].map((library) => count(library, seconds)));
  return { seconds, rows };
}

async function count(library, seconds) {
  const server = await startFlapping();
  const place = await inNode({ library, ...PLAIN });
  const client = await place.client({ apiKey: "pk_test", url: server.url });
  await client.connect();
  await sleep(seconds * 1000);
  const { length } = await server.dials();
  const state = await client.state();
  await place.close();
  await server.stop();
  return { library, dials: length, perMinute: (length * 60) / seconds, state };
}
