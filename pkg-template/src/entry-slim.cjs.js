// The same as CommonJS.

import { init } from "./entry-slim.js";
import { asCommonJs } from "./library.js";

module.exports = asCommonJs({ init });
