// The user's AbortSignals. They may be mocks or proxies, so any access may throw.

import { argumentError } from "./errors.js";

/** Who waits for each signal. One listener serves all, because Node warns of more than ten. */
const watched = new WeakMap();

/** Listens for the abort, and gives what ends that. What is wrong with a signal is a TypeError of that call. */
export function onAbort(signal, listener) {
  const waiting = watched.get(signal) ?? listen(signal);
  // The same function may wait twice.
  const entry = { listener };
  waiting.entries.add(entry);
  return () => {
    waiting.entries.delete(entry);
    if (waiting.entries.size === 0) leave(signal, waiting);
  };
}

export function isAborted(signal) {
  try {
    return Boolean(signal.aborted);
  } catch (cause) {
    throw wrongSignal(cause);
  }
}

export function reasonOf(signal) {
  try {
    return signal.reason;
  } catch {
    return undefined;
  }
}

export function isGiven(value) {
  return value !== undefined && value !== null;
}

function listen(signal) {
  const waiting = { entries: new Set(), listener: null };
  waiting.listener = () => {
    leave(signal, waiting);
    for (const { listener } of waiting.entries) listener();
  };
  try {
    signal.addEventListener("abort", waiting.listener, { once: true });
  } catch (cause) {
    throw wrongSignal(cause);
  }
  watched.set(signal, waiting);
  return waiting;
}

function leave(signal, waiting) {
  if (watched.get(signal) !== waiting) return;
  watched.delete(signal);
  try {
    signal.removeEventListener("abort", waiting.listener);
  } catch {
    // It stays where it is, and does nothing.
  }
}

function wrongSignal(cause) {
  const error = argumentError("signal must be an AbortSignal");
  error.cause = cause;
  return error;
}
