// The same as a script, which leaves one global.

import { setSource } from "./core.js";
import { library } from "./library.js";
import { bytes } from "#bytes";

setSource(bytes);
globalThis.MeteredRealtime = library;
