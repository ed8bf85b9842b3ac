import metered = require("metered-realtime");
import slim = require("metered-realtime/slim");

const client: metered.SignallingClient = new metered.SignallingClient({ apiKey: "pk_live_x" });
client.on("connected", ({ peerId }) => console.log(peerId));
export const ready: Promise<void> = slim.init(new Uint8Array());
