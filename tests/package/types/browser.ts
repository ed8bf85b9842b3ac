// The package beside the DOM's own types.

import { SignallingClient } from "metered-realtime";

const client = new SignallingClient({ apiKey: "pk", webSocketFactory: (url) => new WebSocket(url) });
client.addEventListener("message", (event: Event) => console.log(event.type));
client.on("connected", ({ iceServers }) => new RTCPeerConnection(iceServers ? { iceServers } : {}));
