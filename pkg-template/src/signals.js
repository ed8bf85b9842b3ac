// AbortSignals of the user's: they may be mocks or proxies, so nothing about them is taken for granted.

import { argumentError } from "./errors.js";

/** Listens for the abort, and gives what ends that; nothing without a signal. What is wrong with a signal is a TypeError of that call. */
export function onAbort(signal, listener) {
  try {
    signal.addEventListener("abort", listener, { once: true });
  } catch (cause) {
    throw wrongSignal(cause);
  }
  return () => {
    try {
      signal.removeEventListener("abort", listener);
    } catch {
      // It stays where it is, and does nothing.
    }
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

function wrongSignal(cause) {
  const error = argumentError("signal must be an AbortSignal");
  error.cause = cause;
  return error;
}
