// For Node as CommonJS; see entry-node.mjs.

import { setSource } from "./core.js";
import { setWebSocketLoader } from "./host.js";
import { bytes } from "#bytes";

setSource(bytes);
setWebSocketLoader(() => require("ws"));

export * from "./index.js";
