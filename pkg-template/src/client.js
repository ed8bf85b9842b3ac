// The class that users construct. Its methods call the class of the core.

import { fatal } from "./guard.js";
import { Inside } from "./inside.js";
import { isAborted, isGiven, onAbort } from "./signals.js";
import { EventStream } from "./stream.js";
import { INSIDE, putInside } from "./wrapped.js";

const STREAM_MAX = 4096;

export class SignallingClient {
  static name = "SignallingClient";

  constructor(options) {
    putInside(this, new Inside(this, options), "SignallingClient");
  }

  get state() {
    return this[INSIDE]().state;
  }

  connect(options) {
    return this[INSIDE]().call(options, (core, watch) => core.connect(options, watch));
  }

  close(code, reason) {
    if (fatal) return Promise.resolve();
    return this[INSIDE]().call(undefined, (core) => core.close(code, reason));
  }

  subscribe(channel, options) {
    return this[INSIDE]().call(options, (core, watch) => core.subscribe(channel, options, watch));
  }

  unsubscribe(channel, options) {
    return this[INSIDE]().call(options, (core, watch) => core.unsubscribe(channel, options, watch));
  }

  publish(channel, data, options) {
    return this[INSIDE]().call(options, (core, watch) => core.publish(channel, data, options, watch));
  }

  send(toPeerId, data, options) {
    return this[INSIDE]().call(options, (core, watch) => core.send(toPeerId, data, options, watch));
  }

  on(event, handler) {
    this[INSIDE]().emitter.on(event, handler, false);
    return this;
  }

  once(event, handler) {
    this[INSIDE]().emitter.on(event, handler, true);
    return this;
  }

  off(event, handler) {
    this[INSIDE]().emitter.off(event, handler);
    return this;
  }

  addEventListener(event, listener, options) {
    this[INSIDE]().emitter.addEventListener(event, listener, options);
  }

  removeEventListener(event, listener) {
    this[INSIDE]().emitter.removeEventListener(event, listener);
  }

  events(event, options) {
    const inside = this[INSIDE]();
    const maxSize = options?.maxSize ?? STREAM_MAX;
    const signal = options?.signal;
    if (!Number.isInteger(maxSize) || maxSize < 0) throw new TypeError("maxSize must be a whole number of at least 0");
    const isOver = () => inside.state === "closed";
    const aborted = isGiven(signal) && isAborted(signal);
    const stream = new EventStream(maxSize, isOver, (sink, end) => {
      const forgetSignal = isGiven(signal) && !aborted ? onAbort(signal, end) : null;
      inside.emitter.addSink(event, sink);
      const forget = inside.addStream(end, isOver());
      return () => {
        inside.emitter.removeSink(event, sink);
        forget();
        forgetSignal?.();
      };
    });
    if (aborted) stream.close();
    return stream;
  }

  toJSON() {
    return { state: this.state };
  }
}

if (Symbol.asyncDispose) {
  SignallingClient.prototype[Symbol.asyncDispose] = function asyncDispose() {
    return this.close();
  };
}
