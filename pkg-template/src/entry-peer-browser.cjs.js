// The same with calls, as CommonJS.

import "./entry-browser.cjs.js";
import { asCommonJs } from "./library.js";
import * as calls from "./peer/index.js";

module.exports = asCommonJs(calls);
