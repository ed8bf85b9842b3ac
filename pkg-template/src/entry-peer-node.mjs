// The same with calls.

import "./entry-node.mjs";

export * from "./peer/index.js";
