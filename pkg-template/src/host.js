// What the core calls: sockets, promises, handlers, the logger. It decides nothing; the core says what to do and in which order.

import { fatal, poison, setLive } from "./core.js";
import { errorOf } from "./errors.js";
import { watchLifecycle } from "./lifecycle.js";
import { logTo } from "./loggers.js";

const STATES = ["idle", "connecting", "connected", "reconnecting", "closed"];
const LEVELS = ["debug", "info", "warn", "error"];
const CONNECTING = 1;
const CLOSED = 4;
const OPEN = 1;
const nothing = () => {};
const firstSetTimeout = globalThis.setTimeout;

/** How a socket is made where the user gives no factory. Set by the entry for Node. */
let loadWebSocket = null;

export function setWebSocketLoader(load) {
  loadWebSocket = load;
}

export class Host {
  handle = null;
  pending = new Map();
  /** The socket that was opened last, and its id: what a frame is written to directly. */
  socket = null;
  socketId = 0;
  /** The largest payload, as of the last welcome. */
  cap = 65_536;
  #emitter;
  #factory;
  #provider;
  #logger;
  /** What ends each stream, and whether it was made for the session to come. */
  #streams = new Map();
  #closed = false;
  #hooks;
  #unwatch = null;

  constructor(emitter, { factory, provider, logger, lifecycleHooks }) {
    this.#emitter = emitter;
    this.#factory = factory;
    this.#provider = provider;
    this.#logger = logger;
    this.#hooks = lifecycleHooks;
  }

  // ---- calls ----

  /** The promise of a call, which the core settles by its id. While one waits, the client is not collected. */
  wait(call, release) {
    if (this.pending.size === 0) setLive(this, true);
    return new Promise((resolve, reject) => {
      this.pending.set(call, { resolve, reject, release, reason: undefined });
    });
  }

  resolve(call) {
    this.#settle(call, (waiting) => waiting.resolve());
  }

  reject(call, kind, outcome, number, a, b) {
    this.#settle(call, (waiting) => {
      const detail = kind === 0 ? STATES[number] : a;
      waiting.reject(errorOf(kind, outcome, String(call), number, detail, b, waiting.reason));
    });
  }

  #settle(call, how) {
    const waiting = this.pending.get(call);
    if (waiting === undefined) return;
    this.pending.delete(call);
    waiting.release?.();
    how(waiting);
    this.#rest();
  }

  /** Once closed and with nothing to answer, only the user holds the client. */
  #rest() {
    if (this.#closed && this.pending.size === 0) setLive(this, false);
  }

  // ---- sockets ----

  open(id, address) {
    try {
      if (this.#factory) return this.#opened(id, this.#factory(address));
      if (typeof globalThis.WebSocket === "function") return this.#opened(id, new globalThis.WebSocket(address));
    } catch (error) {
      return this.#textOf(error);
    }
    if (!loadWebSocket) return false;
    this.#openLater(id, address);
    return undefined;
  }

  async #openLater(id, address) {
    let socket = false;
    try {
      const WebSocket = await loadWebSocket();
      socket = undefined;
      if (fatal || !this.handle.wants(id)) return;
      socket = this.#opened(id, new WebSocket(address));
    } catch (error) {
      // `false`: not even the class could be loaded.
      socket ??= this.#textOf(error);
    }
    this.#tell((handle) => handle.adopt(id, socket));
  }

  #opened(id, socket) {
    if (typeof socket !== "object" || socket === null) throw new TypeError("webSocketFactory did not return a socket");
    try {
      socket.binaryType = "arraybuffer";
    } catch {
      // A socket of the user's may not have it.
    }
    this.socket = socket;
    this.socketId = id;
    return socket;
  }

  hang_up(socket, code, reason, gently) {
    if (!gently) {
      // `ws` reports an error when it is closed while connecting, and an unheard error ends a Node process.
      attempt(() => socket.addEventListener("error", nothing));
      if (this.socket === socket) this.socket = null;
    }
    if (!attempt(() => socket.close(code, reason))) attempt(() => socket.close());
    // A peer that is gone never answers the closing handshake; `ws` would hold the process for half a minute.
    if (!gently) attempt(() => socket.terminate?.());
  }

  /** The listener for a socket's messages. The two frames that come most often are taken to the user by the shortest way. */
  listener(id) {
    const { handle } = this;
    return (event) => {
      if (fatal) return;
      try {
        const text = dataOf(event);
        if (typeof text !== "string") return void handle.binary(id);
        if (text.length > 1_048_576) return void handle.oversize(id);
        let frame;
        try {
          frame = JSON.parse(text);
        } catch {
          return void handle.not_json(id);
        }
        if (!this.#short(handle, id, frame)) handle.frame(id, frame);
      } catch (error) {
        poison(error);
      }
    };
  }

  /** `false`: the frame needs the rules of the core. */
  #short(handle, id, frame) {
    if (frame === null || typeof frame !== "object") return false;
    if (frame.type === "message") {
      if (typeof frame.channel !== "string" || typeof frame.from !== "string" || frame.data === undefined) return false;
      if (!handle.begin(id)) return false;
      const { channel, from, data, fromMetadata } = frame;
      this.#emitter.emit("message", isObject(fromMetadata) ? { channel, from, data, fromMetadata } : { channel, from, data });
      handle.end();
      return true;
    }
    if (frame.type === "ack") {
      const call = Number(frame.requestId);
      const waiting = this.pending.get(call);
      if (waiting === undefined || typeof frame.requestId !== "string" || !handle.begin(id)) return false;
      const mine = handle.acked(call);
      if (mine) {
        this.pending.delete(call);
        waiting.release?.();
        waiting.resolve();
      }
      handle.end();
      return mine;
    }
    return false;
  }

  // ---- the token provider ----

  async fetch_token(request) {
    let token;
    let failure;
    try {
      token = await this.#provider();
      if (typeof token !== "string" || token === "") {
        failure = new TypeError("the token provider did not return a non-empty string");
      }
    } catch (error) {
      failure = error ?? new Error("the token provider failed");
    }
    this.#tell((handle) => {
      if (failure === undefined) handle.token(request, token);
      else handle.token_failed(request, nameOf(failure), messageOf(failure));
    });
  }

  forget_token() {
    // A promise cannot be cancelled; its answer finds that nobody waits for it.
  }

  // ---- events ----

  on_state(from, to) {
    this.#closed = to === CLOSED;
    if (to === CONNECTING) this.#begin();
    if (to === CLOSED) this.#stopWatching();
    this.#rest();
    this.#emitter.emit("state-change", { from: STATES[from], to: STATES[to] });
  }

  on_connected(peerId, serverTime, expiresAt, isReconnect, maxMessageSize, iceServers) {
    this.cap = maxMessageSize;
    const payload = { peerId, serverTime, expiresAt: expiresAt ?? null, isReconnect, maxMessageSize };
    if (iceServers) payload.iceServers = iceServers;
    this.#emitter.emit("connected", payload);
  }

  on_disconnected(code, reason, willReconnect) {
    this.#emitter.emit("disconnected", { code, reason, willReconnect });
  }

  on_message(channel, from, data, fromMetadata) {
    this.#emitter.emit("message", fromMetadata ? { channel, from, data, fromMetadata } : { channel, from, data });
  }

  on_direct(from, data, fromMetadata) {
    this.#emitter.emit("direct", fromMetadata ? { from, data, fromMetadata } : { from, data });
  }

  on_presence(channel, joined, left) {
    this.#emitter.emit("presence", { channel, joined, left });
  }

  on_server_error(code, message, requestId) {
    const payload = { code };
    if (message !== undefined) payload.message = message;
    if (requestId !== undefined) payload.requestId = requestId;
    this.#emitter.emit("server-error", payload);
  }

  on_going_away(retryAfterMs) {
    this.#emitter.emit("going-away", { retryAfterMs });
  }

  on_token_provider_error(consecutiveFailures, name, message) {
    this.#emitter.emit("token-provider-error", { consecutiveFailures, err: errorOf(3, 0, "", 0, name, message) });
  }

  peer(peerId, metadata) {
    return metadata ? { peerId, metadata } : { peerId };
  }

  ice_server(urls, username, credential) {
    const server = { urls };
    if (username !== undefined) server.username = username;
    if (credential !== undefined) server.credential = credential;
    return server;
  }

  /** A session begins. What was made for it before now belongs to it. */
  #begin() {
    for (const end of this.#streams.keys()) this.#streams.set(end, false);
    if (this.#hooks) this.#unwatch ??= watchLifecycle(() => this.#tell((handle) => handle.wake()));
  }

  /** Tells the core, from outside of it. */
  #tell(what) {
    if (fatal) return;
    try {
      what(this.handle);
    } catch (error) {
      poison(error);
    }
  }

  #stopWatching() {
    this.#unwatch?.();
    this.#unwatch = null;
  }

  // ---- the end ----

  drain_handlers() {
    this.#emitter.whenIdle(() => {
      // Not from inside: the core is being asked for its next output.
      queueMicrotask(() => this.#tell((handle) => handle.drained()));
    });
  }

  timers_replaced() {
    return globalThis.setTimeout !== firstSetTimeout;
  }

  forget_listeners() {
    this.#emitter.dropOld();
  }

  addStream(end, isForNextSession) {
    this.#streams.set(end, isForNextSession);
    return () => this.#streams.delete(end);
  }

  end_streams() {
    for (const [end, isForNextSession] of [...this.#streams]) if (!isForNextSession) end();
  }

  log(level, message, pairs) {
    if (!this.#logger) return;
    const context = {};
    for (let i = 0; i < pairs.length; i += 2) context[pairs[i]] = pairs[i + 1];
    logTo(this.#logger, LEVELS[level], message, context);
  }

  /** The core is broken: nothing may be left waiting or open. */
  die(error) {
    this.#stopWatching();
    if (this.socket) this.hang_up(this.socket, 1000, "", false);
    for (const waiting of this.pending.values()) {
      waiting.release?.();
      waiting.reject(error);
    }
    this.pending.clear();
    for (const end of [...this.#streams.keys()]) end();
  }

  /** A text for the user's error, without credentials. */
  #textOf(error) {
    return this.handle.constructor.scrub(messageOf(error));
  }
}

export function stateName(index) {
  return STATES[index];
}

export function isOpen(socket) {
  try {
    return socket !== null && socket.readyState === OPEN;
  } catch {
    return false;
  }
}

/** A socket of the user's may call back with anything. */
function dataOf(event) {
  try {
    return event.data;
  } catch {
    return undefined;
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function attempt(action) {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

function nameOf(error) {
  try {
    return error instanceof Error && typeof error.name === "string" ? error.name : "Error";
  } catch {
    return "Error";
  }
}

function messageOf(error) {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "(a value without a text)";
  }
}
