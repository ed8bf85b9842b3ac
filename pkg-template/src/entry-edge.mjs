// For runtimes that compile WebAssembly ahead, and import it as a module: workerd, and those of Vercel.

import { setSource } from "./core.js";
import core from "#module";

setSource(() => core);

export * from "./index.js";
