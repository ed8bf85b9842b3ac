// The same as CommonJS.

import { setSource } from "./core.js";
import { asCommonJs } from "./library.js";
import { bytes } from "#bytes";

setSource(bytes);
module.exports = asCommonJs();
