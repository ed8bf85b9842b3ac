// The connection lives in the worker; the page only sees messages.
import { SignallingClient } from "metered-realtime";

const client = new SignallingClient({ apiKey: "pk_live_..." });
const ready = client.connect().then(() => client.subscribe("lobby"));

client.on("state-change", ({ to }) => postMessage({ state: to }));
client.on("message", ({ from, data }) => postMessage({ from, text: data.text }));

onmessage = async ({ data: text }) => {
  await ready;
  await client.publish("lobby", { text });
};
