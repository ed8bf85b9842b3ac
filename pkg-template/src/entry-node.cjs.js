// For Node as CommonJS; see entry-node.mjs.

import { setSource } from "./core.js";
import { makeNodeSocket } from "./node-socket.js";
import { setWebSocketLoader } from "./sockets.js";
import { bytes } from "#bytes";

let NodeSocket = null;

setSource(bytes);
setWebSocketLoader(async () => {
  NodeSocket ??= makeNodeSocket({ http: require("node:http"), https: require("node:https"), crypto: require("node:crypto") });
  return NodeSocket;
});

export * from "./index.js";
