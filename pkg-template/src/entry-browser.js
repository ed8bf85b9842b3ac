// For browsers and everything else with a global WebSocket: self-contained, with the core inlined.

import { setSource } from "./core.js";
import { bytes } from "#bytes";

setSource(bytes);

export * from "./index.js";
