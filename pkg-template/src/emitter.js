// Listeners of both manners: on/off/once as in Node, addEventListener as in the DOM. One ordered list for all events: a client has
// few listeners, and a process may have thousands of clients.
//
// The list is replaced, never changed, so a dispatch goes through the list that was there when it began, and copies nothing.

import { describe, logTo } from "./loggers.js";
import { isAborted, isGiven, onAbort } from "./signals.js";

const NONE = [];
const WARN_AT = 100;

export class Emitter {
  #entries = NONE;
  // Made when first needed: most clients have no streams and no asynchronous handlers.
  #sinks = null;
  #warned = null;
  #running = null;
  #idle = null;
  #epoch = 0;
  /** Whether the handler that runs has called close(). */
  #closing = false;
  #client;
  #logger;

  constructor(client, logger) {
    this.#client = client;
    this.#logger = logger;
  }

  on(event, handler, once) {
    if (typeof handler !== "function") throw new TypeError("handler must be a function");
    this.#add({ event, run: handler, original: handler, once, dom: false, removed: false, epoch: this.#epoch });
  }

  off(event, handler) {
    this.#remove(this.#find(event, handler, false));
  }

  addEventListener(event, listener, options) {
    if (listener === null || listener === undefined) return;
    if (typeof listener !== "function" && typeof listener !== "object") {
      throw new TypeError("listener must be a function or an object with handleEvent");
    }
    const { once, signal } = typeof options === "object" && options !== null ? options : {};
    if ((isGiven(signal) && isAborted(signal)) || this.#find(event, listener, true)) return;
    const entry = { event, run: null, original: listener, once: Boolean(once), dom: true, removed: false, epoch: this.#epoch };
    entry.run = (payload) => {
      const dispatched = new (signallingEvent())(event, this.#client, payload);
      return typeof listener === "function" ? listener.call(this.#client, dispatched) : listener.handleEvent(dispatched);
    };
    if (isGiven(signal)) entry.release = onAbort(signal, () => this.#remove(entry));
    this.#add(entry);
  }

  removeEventListener(event, listener) {
    this.#remove(this.#find(event, listener, true));
  }

  /** A stream's sink: runs after all handlers, and never throws. */
  addSink(event, sink) {
    this.#sinks ??= new Map();
    const sinks = this.#sinks.get(event);
    if (sinks) sinks.add(sink);
    else this.#sinks.set(event, new Set([sink]));
  }

  removeSink(event, sink) {
    const sinks = this.#sinks?.get(event);
    sinks?.delete(sink);
    if (sinks?.size === 0) this.#sinks.delete(event);
  }

  emit(event, payload) {
    for (const entry of this.#entries) if (entry.event === event) this.#dispatch(entry, payload);
    if (this.#sinks !== null) for (const sink of this.#sinks.get(event) ?? NONE) sink(payload);
  }

  /** From now on, listeners belong to the time after this close(). */
  beginEpoch() {
    this.#epoch += 1;
    this.#closing = true;
  }

  /** Drops the listeners of before the last close(). */
  dropOld() {
    for (const entry of this.#entries) if (entry.epoch < this.#epoch) this.#remove(entry);
  }

  /** Calls back once no asynchronous handler runs. */
  whenIdle(callback) {
    if (!this.#running?.size) callback();
    else this.#idle = callback;
  }

  #dispatch(entry, payload) {
    if (entry.dom && entry.removed) return;
    if (entry.once) {
      if (entry.fired) return;
      entry.fired = true;
      this.#remove(entry);
    }
    this.#closing = false;
    const { event, run } = entry;
    try {
      const result = run(payload);
      if (result !== undefined && result !== null && typeof result.then === "function") this.#track(event, result);
    } catch (error) {
      this.#failed(event, error);
    }
  }

  #track(event, promise) {
    // A handler that awaits the close() that it called would wait for itself.
    const waitedFor = !this.#closing;
    const tracked = Promise.resolve(promise)
      .catch((error) => this.#failed(event, error))
      .then(() => {
        this.#running?.delete(tracked);
        if (!this.#running?.size && this.#idle) {
          const callback = this.#idle;
          this.#idle = null;
          callback();
        }
      });
    if (waitedFor) (this.#running ??= new Set()).add(tracked);
  }

  #failed(event, error) {
    const message = "an event handler failed";
    if (this.#logger) logTo(this.#logger, "error", message, { event, error: describe(error) });
    else logTo(console, "error", `[metered-realtime] ${message}: ${event}`, error);
  }

  #list(event) {
    return this.#entries.filter((entry) => entry.event === event);
  }

  #find(event, original, dom) {
    return this.#list(event).find((entry) => entry.original === original && entry.dom === dom);
  }

  #add(entry) {
    this.#entries = this.#entries.concat(entry);
    const { event } = entry;
    const count = this.#list(event).length;
    if (count < WARN_AT || this.#warned?.has(event)) return;
    (this.#warned ??= new Set()).add(event);
    this.#warn(event, count);
  }

  #warn(event, listeners) {
    const message = "many listeners for one event; is one added again and again without being removed?";
    if (this.#logger) logTo(this.#logger, "warn", message, { event, listeners });
    else logTo(console, "warn", `[metered-realtime] ${message}`, { event, listeners });
  }

  #remove(entry) {
    if (!entry || entry.removed) return;
    entry.removed = true;
    entry.release?.();
    this.#entries = this.#entries.filter((other) => other !== entry);
    const { event } = entry;
    if (this.#list(event).length < WARN_AT) this.#warned?.delete(event);
  }
}

let eventClass;

/** The class of what DOM listeners get. Made when first needed: a runtime without `Event` can still use on(). */
function signallingEvent() {
  eventClass ??= class SignallingEvent extends Event {
    #client;
    constructor(type, client, detail) {
      super(type);
      this.#client = client;
      this.detail = detail;
    }
    get target() {
      return this.#client;
    }
    get currentTarget() {
      return this.#client;
    }
  };
  return eventClass;
}
