// For Node as ES module: the same, with sockets of its own, whose modules are loaded when the first one is needed.

import { setSource } from "./core.js";
import { makeNodeSocket } from "./node-socket.js";
import { setWebSocketLoader } from "./sockets.js";
import { bytes } from "#bytes";

let NodeSocket = null;

setSource(bytes);
setWebSocketLoader(async () => {
  const [http, https, crypto] = await Promise.all([import("node:http"), import("node:https"), import("node:crypto")]);
  return (NodeSocket ??= makeNodeSocket({ http, https, crypto }));
});

export * from "./index.js";
