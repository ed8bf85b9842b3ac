// For Node as ES module: the same, with WebSockets of `ws`, which is loaded when the first one is needed.

import { setSource } from "./core.js";
import { nodeWebSocket } from "./node-websocket.js";
import { setWebSocketLoader } from "./dial.js";
import { bytes } from "#bytes";

let loading = null;

setSource(bytes);
setWebSocketLoader(() => (loading ??= load()));

async function load() {
  const [ws, https] = await Promise.all([import("ws"), import("node:https")]);
  return nodeWebSocket(ws.default, https.default);
}

export * from "./index.js";
