// The pending calls of a client: the functions that settle their promises, and the signals that may withdraw them.

import { RequestAbortedError, withOutcome } from "./errors.js";
import { isAborted, isGiven, onAbort, reasonOf } from "./signals.js";

/** One empty map for all clients without pending calls. */
const NONE = new Map();

export class PendingCalls {
  #calls = NONE;
  /** By signal. */
  #watches = null;
  #withdraw;

  /** `withdraw`: takes the number of a call whose signal is aborted. */
  constructor(withdraw) {
    this.#withdraw = withdraw;
  }

  get size() {
    return this.#calls.size;
  }

  /** The watch on a signal, shared by all calls with it. Throws if the signal is aborted already, or is not a signal. */
  watch(signal) {
    if (!isGiven(signal)) return undefined;
    if (isAborted(signal)) throw withOutcome(new RequestAbortedError(reasonOf(signal)), "notSent");
    const known = this.#watches?.get(signal);
    if (known) return known;
    const watch = { signal, calls: new Set(), release: null };
    watch.release = onAbort(signal, () => {
      for (const call of [...watch.calls]) this.#withdraw(call);
    });
    (this.#watches ??= new Map()).set(signal, watch);
    return watch;
  }

  /** Stops watching a signal that no pending call has. */
  leave(watch) {
    if (!watch || watch.calls.size > 0) return;
    this.#watches.delete(watch.signal);
    watch.release();
  }

  keep(call, resolve, reject, watch) {
    if (this.#calls === NONE) this.#calls = new Map();
    this.#calls.set(call, { resolve, reject, watch });
    watch?.calls.add(call);
  }

  resolve(call) {
    const { resolve, watch } = this.#take(call);
    resolve();
    this.#done(call, watch);
  }

  reject(call, error) {
    const { reject, watch } = this.#take(call);
    reject(error);
    this.#done(call, watch);
  }

  rejectAborted(call, outcome) {
    const { reject, watch } = this.#take(call);
    reject(withOutcome(new RequestAbortedError(reasonOf(watch.signal)), outcome));
    this.#done(call, watch);
  }

  rejectAll(error) {
    for (const call of [...this.#calls.keys()]) this.reject(call, error);
  }

  #take(call) {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#calls = NONE;
    return waiting;
  }

  /** The promise is settled first, because the signal is the user's. */
  #done(call, watch) {
    if (!watch) return;
    watch.calls.delete(call);
    this.leave(watch);
  }
}
