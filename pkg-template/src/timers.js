// The timers of the bindings. The build puts these in the place of `setTimeout` and `clearTimeout` there, because nothing may call
// into the core after it broke, and because a test's `clearTimeout` need not stop a timer of the platform.

const firstSetTimeout = globalThis.setTimeout;
const pending = new Set();

export function setTimeout(callback, ms) {
  // Looked up now: a test may have put another one there.
  const timer = globalThis.setTimeout(() => {
    if (pending.delete(timer)) callback();
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

export function stopTimers() {
  for (const timer of [...pending]) clearTimeout(timer);
}
