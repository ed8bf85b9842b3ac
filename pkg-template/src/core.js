// The one wasm instance of this module, made when the first client needs it: importing does nothing.

import { FatalError, SignallingError, WasmUnavailableError } from "./errors.js";
import { imports, use, wasm } from "#wasm";

/** Gives the core's bytes or module; set by the entry. */
let source = null;
let ready = false;
/** Why the core, and with it every client, is out of order. */
export let fatal = null;
/** Clients that hold sockets or wait; also keeps them from being collected while they do. */
const live = new Set();

/** Frees what the core holds of clients that nobody holds any more. */
const collected = globalThis.FinalizationRegistry && new FinalizationRegistry((client) => fatal || wasm.free(client));

export function setSource(give) {
  source = give;
}

/** Instantiates the core that `give` gives, or gives the one error why it cannot be. */
export function instantiate(give) {
  if (ready) return;
  try {
    const bytesOrModule = give();
    const module = bytesOrModule instanceof WebAssembly.Module ? bytesOrModule : new WebAssembly.Module(bytesOrModule);
    use(new WebAssembly.Instance(module, imports()));
    ready = true;
  } catch (error) {
    throw error instanceof SignallingError ? error : new WasmUnavailableError(error);
  }
}

/** Gives the host its client in the core. */
export function createClient(host, { key, origin, numbers }) {
  if (fatal) throw fatal;
  if (!ready) instantiate(source);
  host.client = guarded(() => wasm.create(key, origin, numbers));
  collected?.register(host, host.client);
}

export function setLive(host, isLive) {
  if (isLive) live.add(host);
  else live.delete(host);
}

/** The core broke: it keeps running in an unknown state, so no client of this page may use it any more. */
export function poison(error) {
  fatal ??= new FatalError(error);
  for (const host of live) host.die(fatal);
  live.clear();
  return fatal;
}

/** A call into the core. An exception out of it means that it is broken. */
export function guarded(run) {
  try {
    return run();
  } catch (error) {
    throw poison(error);
  }
}
