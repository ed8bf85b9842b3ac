// For Node as CommonJS; see entry-node.mjs.

import { setSource } from "./core.js";
import { nodeWebSocket } from "./node-websocket.js";
import { setWebSocketLoader } from "./dial.js";
import { asCommonJs } from "./library.js";
import { bytes } from "#bytes";

let loading = null;

setSource(bytes);
setWebSocketLoader(() => (loading ??= load()));

async function load() {
  return nodeWebSocket(require("ws"), require("node:https"));
}

module.exports = asCommonJs();
