// The inner state of a client: its object in the core, listeners, streams and pending calls.

import { createClient } from "./core.js";
import { Emitter } from "./emitter.js";
import { withOutcome } from "./errors.js";
import { dependants, enter, fatal, guarded } from "./guard.js";
import { logTo } from "./loggers.js";
import { PendingCalls } from "./pending.js";
import { Surface } from "./surface.js";

export class Inside {
  core;
  emitter;
  factory;
  provider;
  #logger;
  #surface;
  #pending = new PendingCalls((call) => enter(() => this.core.abort(call)));
  /** The functions that end streams, each with whether its stream was made for the next session. */
  #streams = null;
  /** From `connect()` until it is closed. */
  #inSession = false;

  constructor(client, options) {
    const { logger, tokenProvider, webSocketFactory } = options ?? {};
    this.#logger = logger ?? null;
    this.provider = tokenProvider;
    this.factory = webSocketFactory;
    // What handlers throw is silenced by a NoopLogger, not by none.
    this.emitter = new Emitter(client, logger);
    this.#surface = new Surface(this);
    this.core = createClient(options, this.#surface);
    if (!this.core) throw this.#surface.refusal.error;
    dependants.add(this.#surface);
  }

  /** The state that users see. */
  get state() {
    if (fatal) return "closed";
    try {
      return guarded(() => this.core.state);
    } catch {
      return "closed";
    }
  }

  /** Makes a call. `begin` gets the core and the watch on the caller's signal, and returns the promise. */
  call(options, begin) {
    let watch;
    try {
      if (fatal) throw fatal;
      watch = this.#pending.watch(signalOf(options));
      return guarded(() => begin(this.core, watch));
    } catch (error) {
      return Promise.reject(error);
    } finally {
      this.#pending.leave(watch);
    }
  }

  addStream(end, isForNextSession) {
    (this.#streams ??= new Map()).set(end, isForNextSession);
    return () => this.#streams.delete(end);
  }

  // ---- called by the surface ----

  keep(call, resolve, reject, watch) {
    this.#pending.keep(call, resolve, reject, watch);
    this.#hold();
  }

  settled(settle) {
    settle(this.#pending);
    this.#hold();
  }

  stateChanged(from, to) {
    this.#inSession = to !== "closed";
    // A session begins. Streams that were made for it now belong to it.
    if (to === "connecting") for (const end of this.#streams?.keys() ?? []) this.#streams.set(end, false);
    this.#hold();
    this.emitter.emit("state-change", { from, to });
  }

  endStreams() {
    for (const [end, isForNextSession] of [...(this.#streams ?? [])]) if (!isForNextSession) end();
  }

  log(level, message, details) {
    if (this.#logger) logTo(this.#logger, level, message, details);
  }

  /** The core is broken. */
  die(error) {
    this.#pending.rejectAll(error);
    for (const end of [...(this.#streams?.keys() ?? [])]) end();
  }

  #hold() {
    this.#surface.hold(this.#inSession || this.#pending.size > 0);
  }
}

function signalOf(options) {
  try {
    return options?.signal;
  } catch (error) {
    throw withOutcome(error, "notSent");
  }
}
