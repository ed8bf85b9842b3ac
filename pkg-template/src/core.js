// The one wasm instance of this module, made when the first client needs it: importing does nothing. And the guard around it:
// whatever is thrown out of the core is a fault of ours, after which nothing in it can be trusted.

import { Client, depth, initSync } from "#core";
import { FatalError, SignallingError, WasmUnavailableError } from "./errors.js";
import { stopTimers } from "./timers.js";

/** Gives the core's bytes or module; set by the entry. */
let source = null;
let ready = false;
/** Why the core, and with it every client, is out of order. */
export let fatal = null;
/** What all clients have of JavaScript; each takes itself out when its client in the core is gone. */
export const surfaces = new Set();
/** How many calls of the core are on the stack. */
let calls = 0;

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
    ready = true;
  } catch (error) {
    throw error instanceof SignallingError ? error : new WasmUnavailableError(error);
  }
}

/** The client in the core; the surface is told if the options are refused. */
export function createClient(options, surface) {
  if (fatal) throw fatal;
  if (!ready) instantiate(source);
  return guarded(() => Client.create(options, surface));
}

/** Makes the instance, where there may be no client yet. */
export function ensureCore() {
  if (fatal) throw fatal;
  if (!ready) instantiate(source);
}

/** A call of the core. */
export function guarded(run) {
  if (fatal) throw fatal;
  calls += 1;
  try {
    return run();
  } catch (error) {
    throw isTrap(error) ? poison(error) : error;
  } finally {
    calls -= 1;
  }
}

/** A call of the core that nobody waits for. */
export function enter(run) {
  try {
    guarded(run);
  } catch {
    // Every client was told.
  }
}

/**
 * A callback of the core's that is given to the platform. `guarded.callback = null` mutes it: what it wraps is gone then, but a
 * socket may still call it.
 */
export function guard(callback) {
  const guarded = (kind, event) => {
    if (guarded.callback === null || fatal) return;
    calls += 1;
    try {
      guarded.callback(kind, event);
    } catch (error) {
      if (isTrap(error)) poison(error);
    } finally {
      calls -= 1;
    }
  };
  guarded.callback = callback;
  return guarded;
}

/**
 * Whether the core was left in the middle of something. Where the stack of the program was full before the core was reached,
 * nothing has happened.
 */
function isTrap(error) {
  return !(error instanceof RangeError) || depth() >= calls;
}

/** The core is in an unknown state, so no client of this page may use it any more. */
function poison(error) {
  fatal ??= new FatalError(error);
  stopTimers();
  for (const surface of [...surfaces]) surface.die(fatal);
  return fatal;
}
