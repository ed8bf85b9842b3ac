/** metered-realtime without the core inlined: say where it is, once, before the first client. */

export * from "./index.js";

/** The core's bytes, a compiled `WebAssembly.Module`, or a `Response` with the bytes. */
export type CoreSource = ArrayBuffer | ArrayBufferView | object;

/** Instantiates the core from its bytes, a module, a response, or the address of `metered_realtime.wasm`. */
export function init(source: CoreSource | URL | string | PromiseLike<CoreSource>): Promise<void>;
