// For Node as ES module: the same, with sockets of its own, whose modules are loaded when the first one is needed.

import { setSource } from "./core.js";
import { makeNodeSocket } from "./node-socket.js";
import { setWebSocketLoader } from "./sockets.js";
import { bytes } from "#bytes";

let loading = null;

setSource(bytes);
setWebSocketLoader(() => (loading ??= load()));

async function load() {
  const [http, https, crypto] = await Promise.all([import("node:http"), import("node:https"), import("node:crypto")]);
  return makeNodeSocket({ http, https, crypto });
}

export * from "./index.js";
