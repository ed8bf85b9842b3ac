// A chat in the terminal: node node-chat.mjs <channel>
import { createInterface } from "node:readline";
import { SignallingClient } from "metered-realtime";

const channel = process.argv[2] ?? "lobby";
const client = new SignallingClient({ apiKey: "pk_live_..." });

client.on("message", ({ from, data }) => console.log(`${from}: ${data.text}`));
client.on("presence", ({ joined, left }) => {
  for (const { peerId } of joined) console.log(`${peerId} is here`);
  for (const { peerId } of left) console.log(`${peerId} left`);
});
client.on("disconnected", ({ code, willReconnect }) => {
  console.log(willReconnect ? `connection lost (${code}), trying again` : "disconnected");
});

await client.connect();
await client.subscribe(channel);
for await (const text of createInterface({ input: process.stdin })) {
  await client.publish(channel, { text }).catch((error) => console.log(`not sent: ${error.message}`));
}
await client.close();
