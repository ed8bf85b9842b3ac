// The one wasm instance of this module, made when the first client needs it: importing does nothing.

import { Client, depth, initSync } from "#core";
import { SignallingError, WasmUnavailableError } from "./errors.js";
import { fatal, guarded, setDepth } from "./guard.js";

/** Gives the core's bytes or module; set by the entry. */
let source = null;
let ready = false;

export function setSource(give) {
  source = give;
}

/** Instantiates the core that `give` gives, or throws the one error why it cannot be. */
export function instantiate(give) {
  if (ready) return;
  try {
    const bytesOrModule = give();
    const isModule = bytesOrModule instanceof WebAssembly.Module;
    initSync({ module: isModule ? bytesOrModule : new WebAssembly.Module(bytesOrModule) });
    setDepth(depth);
    ready = true;
  } catch (error) {
    throw error instanceof SignallingError ? error : new WasmUnavailableError(error);
  }
}

/** The client in the core; the surface gets the error if the options are refused. */
export function createClient(options, surface) {
  if (!ready) instantiate(source);
  return guarded(() => Client.create(options, surface));
}

/** Makes the instance, where there may be no client yet. */
export function ensureCore() {
  if (fatal) throw fatal;
  if (!ready) instantiate(source);
}
