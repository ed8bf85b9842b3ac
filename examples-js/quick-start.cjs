const { SignallingClient } = require("metered-realtime");

async function main() {
  const client = new SignallingClient({ apiKey: "pk_live_..." });
  client.on("message", ({ channel, from, data }) => console.log(channel, from, data));
  await client.connect();
  await client.subscribe("lobby");
  await client.publish("lobby", { hello: "world" });
}

main();
