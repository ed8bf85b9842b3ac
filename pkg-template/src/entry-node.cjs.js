// For Node as CommonJS; see entry-node.mjs.

import { setSource } from "./core.js";
import { asCommonJs } from "./library.js";
import { dialWithWs } from "./node-websocket.js";
import { bytes } from "#bytes";

setSource(bytes);
dialWithWs(async () => [require("ws"), require("node:https")]);

module.exports = asCommonJs();
