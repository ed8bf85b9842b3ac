// The class that users construct: checks what JavaScript can get wrong, and hands the rest to the core.

import { CLOSE, CONNECT, RESERVE, STATE, SUBSCRIBE, UNSUBSCRIBE } from "./calls.js";
import { createClient, fatal, guarded } from "./core.js";
import { Emitter } from "./emitter.js";
import { argumentError, errorOf, OversizedPayloadError, RequestAbortedError, SignallingError, withOutcome } from "./errors.js";
import { Host, stateName } from "./host.js";
import { readOptions } from "./options.js";
import { brokenNameRule } from "./rules.js";
import { EventStream } from "./stream.js";

const ACK_TIMEOUT_MS = 15_000;
/** The longest names, in UTF-16 units. */
const CHANNEL_MAX = 256;
const PEER_ID_MAX = 128;
const NOT_CONNECTED = -1;
const OVERSIZED = -2;
const STREAM_MAX = 4096;
/** Names that were found to be right, as JSON. All clients share them; bounded. */
const KNOWN_NAMES_MAX = 1024;
const knownChannels = new Map();
const knownPeers = new Map();

export class SignallingClient {
  static name = "SignallingClient";
  #host;
  #emitter;

  constructor(options) {
    const opts = readOptions(options);
    this.#emitter = new Emitter(this, opts.logger);
    this.#host = new Host(this.#emitter, opts);
    createClient(this.#host, opts);
  }

  get state() {
    if (fatal) return "closed";
    return stateName(this.#host.ask(STATE));
  }

  connect(options) {
    return this.#call(options, "connect", (host) => host.tell(CONNECT));
  }

  close(code = 1000, reason = "client requested close") {
    if (!Number.isInteger(code) || code < 0 || code > 65_535) {
      return Promise.reject(argumentError("code must be a whole number from 0 to 65535"));
    }
    if (typeof reason !== "string") return Promise.reject(argumentError("reason must be a string"));
    if (fatal) return Promise.resolve();
    this.#emitter.beginEpoch();
    return this.#call(undefined, "close", (host) => host.say(CLOSE, reason, undefined, undefined, code));
  }

  subscribe(channel, options) {
    return this.#request(SUBSCRIBE, channel, options);
  }

  unsubscribe(channel, options) {
    return this.#request(UNSUBSCRIBE, channel, options);
  }

  publish(channel, data, options) {
    try {
      const name = knownChannels.get(channel) ?? this.#checkChannel(channel);
      return this.#transmit('{"type":"publish","channel":', name, data, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  send(toPeerId, data, options) {
    try {
      const name = knownPeers.get(toPeerId) ?? this.#checkPeer(toPeerId);
      return this.#transmit('{"type":"send","to":', name, data, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  on(event, handler) {
    this.#emitter.on(event, handler, false);
    return this;
  }

  once(event, handler) {
    this.#emitter.on(event, handler, true);
    return this;
  }

  off(event, handler) {
    this.#emitter.off(event, handler);
    return this;
  }

  addEventListener(event, listener, options) {
    this.#emitter.addEventListener(event, listener, options);
  }

  removeEventListener(event, listener) {
    this.#emitter.removeEventListener(event, listener);
  }

  events(event, options) {
    const { maxSize = STREAM_MAX, signal } = options ?? {};
    if (!Number.isInteger(maxSize) || maxSize < 0) throw new TypeError("maxSize must be a whole number of at least 0");
    if (signal !== undefined) checkSignal(signal);
    const isOver = () => this.state === "closed";
    const stream = new EventStream(maxSize, isOver, (sink, end) => {
      this.#emitter.addSink(event, sink);
      const forget = this.#host.addStream(end, isOver());
      signal?.addEventListener("abort", end, { once: true });
      return () => {
        this.#emitter.removeSink(event, sink);
        forget();
        signal?.removeEventListener("abort", end);
      };
    });
    if (signal?.aborted) stream.close();
    return stream;
  }

  toJSON() {
    return { state: this.state };
  }

  /** Also keeps frameworks (Vue) from wrapping a client in a proxy, which could not reach its private fields. */
  get [Symbol.toStringTag]() {
    return "SignallingClient";
  }

  // ---- calls into the core ----

  /** Checks what all calls have in common, makes the call, and gives its promise. */
  #call(options, what, begin) {
    const host = this.#host;
    try {
      if (fatal) throw fatal;
      const { signal, timeout } = checkCallOptions(options);
      if (signal?.aborted) throw withOutcome(new RequestAbortedError(signal.reason), 0);
      const call = guarded(() => begin(host, timeout));
      if (call < 0) throw this.#refused(what, call, 0);
      const promise = this.#wait(call, signal);
      guarded(() => host.pump());
      return promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** subscribe and unsubscribe: no user code may run inside of the core's guard. */
  #request(what, channel, options) {
    try {
      this.#checkChannel(channel);
      const withMetadata = Boolean(options?.includeSenderMetadata);
      return this.#call(options, "request", (host, timeout) => host.say(what, channel, undefined, undefined, withMetadata, timeout));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** publish and send: the frame is written here, and by the shortest way where nothing else waits. */
  #transmit(head, name, data, options) {
    const host = this.#host;
    if (fatal) throw fatal;
    const { signal, timeout } = options === undefined ? NO_OPTIONS : checkCallOptions(options);
    if (signal?.aborted) throw withOutcome(new RequestAbortedError(signal.reason), 0);
    const json = stringify(data);
    // A character has at most three bytes, so most sizes need no counting.
    const size = json.length * 3 <= host.cap ? json.length : new TextEncoder().encode(json).length;
    const call = guarded(() => host.tell(RESERVE, 0, size, timeout));
    if (call < 0) throw this.#refused("request", call, size);
    const text = `${head}${name},"data":${json},"requestId":"${call}"}`;
    const promise = this.#wait(call, signal);
    guarded(() => host.transmit(call, text));
    return promise;
  }

  #wait(call, signal) {
    if (!signal) return this.#host.wait(call, undefined);
    const abort = () => {
      const waiting = this.#host.pending.get(call);
      if (!waiting) return;
      waiting.reason = signal.reason;
      this.#host.abort(call);
    };
    signal.addEventListener("abort", abort, { once: true });
    return this.#host.wait(call, () => signal.removeEventListener("abort", abort));
  }

  #refused(what, result, size) {
    if (what === "connect") return new SignallingError(`connect() is not possible in state "${this.state}"`);
    if (result === OVERSIZED) return withOutcome(new OversizedPayloadError(size, this.#host.cap), 0);
    if (result === NOT_CONNECTED) return errorOf(5, 0);
    return new SignallingError("the call is not possible now");
  }

  #checkChannel(channel) {
    return this.#check(knownChannels, channel, "channel", CHANNEL_MAX);
  }

  #checkPeer(id) {
    return this.#check(knownPeers, id, "toPeerId", PEER_ID_MAX);
  }

  /** The name as JSON, once it is known to be right. */
  #check(known, name, what, max) {
    if (typeof name !== "string") throw argumentError(`${what} must be a string`);
    const rule = brokenNameRule(name, max);
    if (rule) throw argumentError(`${what} ${rule}`);
    const json = JSON.stringify(name);
    if (known.size >= KNOWN_NAMES_MAX) known.clear();
    known.set(name, json);
    return json;
  }
}

if (Symbol.asyncDispose) {
  SignallingClient.prototype[Symbol.asyncDispose] = function asyncDispose() {
    return this.close();
  };
}

const NO_OPTIONS = { signal: undefined, timeout: ACK_TIMEOUT_MS };

function checkCallOptions(options) {
  if (options === undefined || options === null) return NO_OPTIONS;
  if (typeof options !== "object") throw argumentError("options must be an object");
  const { signal, timeoutMs } = options;
  if (signal !== undefined) checkSignal(signal);
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs < Infinity)) {
    throw argumentError("timeoutMs must be a finite number above 0");
  }
  return { signal, timeout: timeoutMs === undefined ? ACK_TIMEOUT_MS : Math.max(1, timeoutMs) };
}

function checkSignal(signal) {
  if (typeof signal?.addEventListener !== "function") throw argumentError("signal must be an AbortSignal");
}

function stringify(data) {
  let json;
  try {
    json = JSON.stringify(data);
  } catch (error) {
    const wrong = argumentError("data cannot be turned into JSON");
    wrong.cause = error;
    throw wrong;
  }
  if (json === undefined) throw argumentError("data must be a JSON value");
  return json;
}

