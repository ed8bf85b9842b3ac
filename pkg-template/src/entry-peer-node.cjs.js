// The same with calls, for Node as CommonJS.

import "./entry-node.cjs.js";
import { asCommonJs } from "./library.js";
import * as calls from "./peer/index.js";

module.exports = asCommonJs(calls);
