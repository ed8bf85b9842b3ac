// Without the core inlined: the user says where it is, once, before the first client.

import { instantiate, setSource } from "./core.js";
import { SignallingError } from "./errors.js";

setSource(() => {
  throw new SignallingError("await init(...) of metered-realtime/slim before the first client");
});

/** Instantiates the core from bytes, a module, a response or an address. */
export async function init(source) {
  const given = await source;
  if (given instanceof WebAssembly.Module || given instanceof ArrayBuffer || ArrayBuffer.isView(given)) {
    instantiate(() => given);
    return;
  }
  const response = typeof Response === "function" && given instanceof Response ? given : await fetch(given);
  if (!response.ok) throw new SignallingError(`the core could not be loaded (HTTP status ${response.status})`);
  const module = await WebAssembly.compile(await response.arrayBuffer());
  instantiate(() => module);
}

export * from "./index.js";
