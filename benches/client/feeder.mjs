// The publisher of feed.mjs. Keeps a bounded number of messages in flight, so that no queue in between overflows.

import { importClient } from "./clients.mjs";

const { url, channel, size } = JSON.parse(process.argv[2]);
const client = (await importClient("bare")).make(url);
await client.connect();
const data = payload(size);
const window = Math.max(4, Math.min(256, Math.floor(500_000 / size)));

process.on("message", async (count) => {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await client.publish(channel, data);
  };
  await Promise.all(Array.from({ length: window }, lane));
});
process.on("disconnect", () => process.exit(0));
process.send("ready");

/** Data whose `message` frame has about this many bytes. */
function payload(size) {
  const envelope = 100;
  if (size <= 200) return { n: 1, t: "x".repeat(Math.max(1, size - envelope - 14)) };
  const rows = [];
  while (JSON.stringify(rows).length < size - envelope) rows.push({ id: rows.length, name: `row ${rows.length}`, on: true });
  return rows;
}
