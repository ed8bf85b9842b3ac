// For browsers and everything else with a global WebSocket: self-contained, with the core inlined.

export * from "./index.js";
import { setSource } from "./core.js";
import { bytes } from "#bytes";

setSource(bytes);
