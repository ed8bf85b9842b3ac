// What the bindings take for the platform's timers and finalizers; the build puts these there. Nothing may call into the core after it
// broke, and a test's `clearTimeout` need not stop a timer of the platform.

import { dependants, fatal, runTimer } from "./guard.js";

const firstSetTimeout = globalThis.setTimeout;
const pending = new Set();

export function setTimeout(callback, ms) {
  // Looked up now: a test may have put another one there.
  const timer = globalThis.setTimeout(() => {
    if (pending.delete(timer)) runTimer(callback);
  }, ms);
  pending.add(timer);
  return timer;
}

export function clearTimeout(timer) {
  pending.delete(timer);
  try {
    globalThis.clearTimeout(timer);
  } catch {
    // It is a test's; the callback will not be called.
  }
}

/** Whether a test has taken the place of the platform's timers. */
export function hasFakeTimers() {
  return globalThis.setTimeout !== firstSetTimeout;
}

dependants.add({
  die() {
    for (const timer of [...pending]) clearTimeout(timer);
  },
});

/** Frees what the core holds for an object that was collected. */
export const FinalizationRegistry =
  globalThis.FinalizationRegistry &&
  class extends globalThis.FinalizationRegistry {
    constructor(free) {
      super((held) => fatal || free(held));
    }
  };
