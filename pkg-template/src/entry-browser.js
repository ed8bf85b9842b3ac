// For browsers and everything else with a global WebSocket: self-contained, with the core inlined.

export * from "./index.js";
import { setSource } from "./core.js";
// Last, and so at the end of the file: what is packed already and what is not compress better one after the other.
import { bytes } from "#bytes";

setSource(bytes);
