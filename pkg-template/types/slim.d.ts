/** metered-realtime without the core inlined: say where it is, once, before the first client. */

export * from "./index.js";

/** Instantiates the core from its bytes, a module, a response, or the address of `metered_realtime.wasm`. */
export function init(
  source: BufferSource | WebAssembly.Module | Response | URL | string | Promise<BufferSource | WebAssembly.Module | Response>,
): Promise<void>;
