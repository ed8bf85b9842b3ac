// The same with calls.

import "./entry-browser.js";

export * from "./peer/index.js";
