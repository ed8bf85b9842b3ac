// The guard around the core: whatever is thrown out of it is a fault of ours, after which nothing in it can be trusted.

import { FatalError } from "./errors.js";

/** Why the core, and with it every client, is out of order. */
export let fatal = null;
/** What has to `die` with the core: all surfaces, and the timers of the bindings. */
export const dependants = new Set();
/**
 * What was thrown out of the core where the stack was full. Nothing can be done there, not even ask whether the core was reached, so
 * that waits.
 */
let suspect = null;
let judging = false;
/** How many calls of the core are on the stack, by our count. */
let calls = 0;
/** The same by the core's count. */
let depth = () => calls;

export function setDepth(count) {
  depth = count;
}

/** A call of the core. */
export function guarded(run) {
  check();
  calls += 1;
  try {
    return run();
  } catch (error) {
    // First, because calling anything may fail.
    suspect = error;
    throw thrown(error);
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
    if (guarded.callback !== null) enter(() => guarded.callback(kind, event));
  };
  guarded.callback = callback;
  return guarded;
}

/** A callback of the core's that a timer runs. All that it does is to tell the surface, which enters the core by the guard. */
export function runTimer(callback) {
  if (fatal) return;
  try {
    callback();
  } catch (error) {
    poison(error);
  }
}

/** Nothing enters a core that is broken. */
function check() {
  if (suspect !== null && !fatal) {
    judgeLater();
    if (depth() > calls) fatal = new FatalError(suspect);
  }
  if (fatal) throw fatal;
}

/** What a call that ended so throws. */
function thrown(error) {
  if (!(error instanceof RangeError)) return poison(error);
  judgeLater();
  return error;
}

function judgeLater() {
  if (judging) return;
  Promise.resolve().then(judge);
  judging = true;
}

/** Where the core was not reached, nothing has happened; where it was left in the middle of something, it is broken. */
function judge() {
  judging = false;
  const error = suspect;
  suspect = null;
  if (fatal || depth() > calls) poison(error);
}

/** The core is in an unknown state, so no client of this page may use it any more. */
function poison(error) {
  fatal ??= new FatalError(error);
  for (const dependant of [...dependants]) dependant.die(fatal);
  return fatal;
}
