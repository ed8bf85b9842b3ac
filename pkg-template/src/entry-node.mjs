// For Node as ES module: the same, with WebSockets of `ws`, which is loaded when the first one is needed.

import { setSource } from "./core.js";
import { dialWithWs } from "./node-websocket.js";
import { bytes } from "#bytes";

setSource(bytes);
dialWithWs(async () => {
  const [ws, https] = await Promise.all([import("ws"), import("node:https")]);
  return [ws.default, https.default];
});

export * from "./index.js";
