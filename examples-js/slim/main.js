// The core as a file of its own, which the browser caches and compiles by itself (Vite: `?url`).
import { init, SignallingClient } from "metered-realtime/slim";
import core from "metered-realtime/metered_realtime.wasm?url";

await init(core);

const client = new SignallingClient({ apiKey: "pk_live_..." });
client.on("message", ({ data }) => document.querySelector("#messages").append(data.text));
await client.connect();
await client.subscribe("lobby");
await client.publish("lobby", { text: "Hello from slim" });
