// For Node as CommonJS; see entry-node.mjs.

import { setSource } from "./core.js";
import { setWebSocketLoader } from "./sockets.js";
import { bytes } from "#bytes";

setSource(bytes);
setWebSocketLoader(() => require("ws"));

export * from "./index.js";
