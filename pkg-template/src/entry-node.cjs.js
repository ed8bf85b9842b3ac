// For Node as CommonJS; see entry-node.mjs.

import { setSource } from "./core.js";
import { setWebSocketLoader } from "./sockets.js";
import { lean } from "./lean-ws.js";
import { bytes } from "#bytes";

setSource(bytes);
setWebSocketLoader(() => lean(require("ws")));

export * from "./index.js";
