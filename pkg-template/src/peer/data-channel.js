// Sending over a data channel in order, and only as fast as the other side takes it: a thin face of the core's queue.

import { Channel } from "#core";
import { ensureCore } from "../core.js";
import { Emitter } from "../emitter.js";
import { dependants, enter, fatal, guard, guarded } from "../guard.js";
import { NoopLogger } from "../loggers.js";
import { hasFakeTimers } from "../platform.js";
import { INSIDE, putInside } from "../wrapped.js";

export class DataChannel {
  static name = "DataChannel";

  constructor(channel, options) {
    if (typeof channel?.addEventListener !== "function") throw new TypeError("channel must be an RTCDataChannel");
    putInside(this, new Inside(this, channel, options));
  }

  get label() {
    return this[INSIDE]().channel.label;
  }

  get readyState() {
    return this[INSIDE]().channel.readyState;
  }

  get bufferedAmount() {
    return this[INSIDE]().channel.bufferedAmount;
  }

  send(data) {
    return this[INSIDE]().send(data);
  }

  close() {
    this[INSIDE]().close();
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
}

class Inside {
  channel;
  core;
  emitter;
  #surface;

  constructor(wrapper, channel, options) {
    const logger = options?.logger;
    this.channel = channel;
    this.emitter = new Emitter(wrapper, logger && logger !== NoopLogger ? logger : null);
    this.#surface = new ChannelSurface(this);
    ensureCore();
    this.core = guarded(() => Channel.create(channel, options, this.#surface));
    if (!this.core) throw this.#surface.refusal.error;
  }

  send(data) {
    try {
      return guarded(() => this.core.send(data));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close() {
    if (fatal) this.channel.close();
    else guarded(() => this.core.close());
    this.#surface.over();
    this.emitter.beginEpoch();
    this.emitter.dropOld();
  }

  die() {
    this.channel.close();
  }
}

/** What the core calls. Its names are those of crates/wasm/src/peer/channel.rs. */
class ChannelSurface {
  #wrapper;
  /** Until the channel is closed: it works on also when nobody holds its wrapper. */
  #held;
  #calls = new Map();
  refusal = null;

  constructor(inside) {
    this.#wrapper = new WeakRef(inside);
    this.#held = inside;
    dependants.add(this);
  }

  get #inside() {
    return this.#held ?? this.#wrapper.deref();
  }

  over() {
    this.#held = null;
  }

  refuse(error) {
    this.refusal = { error };
    dependants.delete(this);
  }

  freed() {
    dependants.delete(this);
  }

  die(error) {
    dependants.delete(this);
    for (const call of [...this.#calls.keys()]) this.reject(call, error);
    this.#inside?.die();
    this.over();
  }

  guard(callback) {
    return guard(callback);
  }

  mute(guarded) {
    guarded.callback = null;
  }

  timerFired(timer) {
    const core = this.#inside?.core;
    if (core) enter(() => core.timerFired(timer));
  }

  hasFakeTimers() {
    return hasFakeTimers();
  }

  keep(call, resolve, reject) {
    this.#calls.set(call, { resolve, reject });
  }

  resolve(call) {
    this.#take(call)?.resolve();
  }

  reject(call, error) {
    this.#take(call)?.reject(error);
  }

  #take(call) {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    return waiting;
  }

  opened() {
    this.#inside.emitter.emit("open", undefined);
  }

  closed() {
    this.#inside.emitter.emit("close", undefined);
    this.over();
  }

  received({ data }) {
    this.#inside.emitter.emit("message", { data });
  }

  failed({ error }) {
    this.#inside.emitter.emit("error", { err: error ?? new Error("the data channel failed") });
  }
}
