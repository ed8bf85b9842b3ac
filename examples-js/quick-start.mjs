import { SignallingClient } from "metered-realtime";

const client = new SignallingClient({ apiKey: "pk_live_..." });
client.on("message", ({ channel, from, data }) => console.log(channel, from, data));
client.on("presence", ({ joined, left }) => console.log("joined", joined, "left", left));
await client.connect();
await client.subscribe("lobby");
await client.publish("lobby", { hello: "world" });
