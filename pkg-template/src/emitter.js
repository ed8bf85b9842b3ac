// Listeners of both manners: on/off/once as in Node, addEventListener as in the DOM. One ordered list for each event.
//
// Lists are replaced, never changed, so a dispatch goes through the list that was there when it began, and copies nothing.

import { describe, logTo } from "./loggers.js";

const NONE = [];
const WARN_AT = 100;

export class Emitter {
  #lists = new Map();
  // Made when first needed: most clients have no streams and no asynchronous handlers, and there may be thousands of clients.
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
    this.#add(event, { run: handler, original: handler, once, dom: false, removed: false, epoch: this.#epoch });
  }

  off(event, handler) {
    this.#remove(event, this.#list(event).find((entry) => !entry.dom && entry.original === handler));
  }

  addEventListener(event, listener, options) {
    if (listener === null || listener === undefined) return;
    if (typeof listener !== "function" && typeof listener !== "object") {
      throw new TypeError("listener must be a function or an object with handleEvent");
    }
    const { once = false, signal } = typeof options === "object" && options !== null ? options : {};
    if (signal?.aborted || this.#findDom(event, listener)) return;
    const entry = { run: null, original: listener, once, dom: true, removed: false, epoch: this.#epoch };
    const type = event;
    entry.run = (payload) => {
      const dispatched = new (signallingEvent())(type, this.#client, payload);
      return typeof listener === "function" ? listener.call(this.#client, dispatched) : listener.handleEvent(dispatched);
    };
    if (signal) {
      const abort = () => this.#remove(event, entry);
      signal.addEventListener("abort", abort, { once: true });
      entry.release = () => signal.removeEventListener("abort", abort);
    }
    this.#add(event, entry);
  }

  removeEventListener(event, listener) {
    this.#remove(event, this.#findDom(event, listener));
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
    const list = this.#lists.get(event);
    if (list !== undefined) this.#dispatch(event, list, payload);
    if (this.#sinks !== null) for (const sink of this.#sinks.get(event) ?? NONE) sink(payload);
  }

  /** From now on, listeners belong to the time after this close(). */
  beginEpoch() {
    this.#epoch += 1;
    this.#closing = true;
  }

  /** Drops the listeners of before the last close(). */
  dropOld() {
    for (const [event, list] of this.#lists) {
      for (const entry of list) if (entry.epoch < this.#epoch) this.#remove(event, entry);
    }
  }

  /** Calls back once no asynchronous handler runs. */
  whenIdle(callback) {
    if (!this.#running?.size) callback();
    else this.#idle = callback;
  }

  #dispatch(event, list, payload) {
    for (let i = 0; i < list.length; i++) {
      const entry = list[i];
      if (entry.dom && entry.removed) continue;
      if (entry.once) {
        if (entry.fired) continue;
        entry.fired = true;
        this.#remove(event, entry);
      }
      this.#closing = false;
      try {
        const { run } = entry;
        const result = run(payload);
        if (result !== undefined && result !== null && typeof result.then === "function") this.#track(event, result);
      } catch (error) {
        this.#failed(event, error);
      }
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
    logTo(this.#logger, "error", "an event handler failed", { event, error: describe(error) });
  }

  #list(event) {
    return this.#lists.get(event) ?? NONE;
  }

  #findDom(event, listener) {
    return this.#list(event).find((entry) => entry.dom && entry.original === listener);
  }

  #add(event, entry) {
    const list = [...this.#list(event), entry];
    this.#lists.set(event, list);
    if (list.length >= WARN_AT && !this.#warned?.has(event)) {
      (this.#warned ??= new Set()).add(event);
      this.#warn(event, list.length);
    }
  }

  #warn(event, listeners) {
    const message = "many listeners for one event; is one added again and again without being removed?";
    if (this.#logger) logTo(this.#logger, "warn", message, { event, listeners });
    else console.warn(`[metered-realtime] ${message}`, { event, listeners });
  }

  #remove(event, entry) {
    if (!entry || entry.removed) return;
    entry.removed = true;
    entry.release?.();
    const list = this.#list(event).filter((other) => other !== entry);
    if (list.length === 0) this.#lists.delete(event);
    else this.#lists.set(event, list);
    if (list.length < WARN_AT) this.#warned?.delete(event);
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
