// For Node as CommonJS; see entry-node.mjs.

import { setSource } from "./core.js";
import { makeNodeSocket } from "./node-socket.js";
import { setWebSocketLoader } from "./sockets.js";
import { bytes } from "#bytes";

let loading = null;

setSource(bytes);
setWebSocketLoader(() => (loading ??= load()));

async function load() {
  return makeNodeSocket({ http: require("node:http"), https: require("node:https"), crypto: require("node:crypto") });
}

export * from "./index.js";
