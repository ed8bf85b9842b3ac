// The driver of one client's core: tells it what happens, and does what it says. It decides nothing.
//
//   call, socket event, alarm, token ─► tell the core ─► pump: do what it says, until it says nothing more ─► set the alarm
//
// The core never calls; it is asked. So any method of the client may be called from any handler.

import { Clock } from "./clock.js";
import { fatal, poison, setLive } from "./core.js";
import { errorOf } from "./errors.js";
import { watchLifecycle } from "./lifecycle.js";
import { logTo } from "./loggers.js";
import { messageOf, nameOf, Sockets } from "./sockets.js";
import { wasm } from "#wasm";

const STATES = ["idle", "connecting", "connected", "reconnecting", "closed"];
const LEVELS = ["debug", "info", "warn", "error"];
const CONNECTING = 1;
const CLOSED = 4;
/** The map of all clients that wait for nothing. */
const NONE = new Map();
const LARGEST_FRAME = 1_048_576;

// What is told to the core without words; see `tell` in src/web/exported.rs.
const OPENED = 0;
const UNAVAILABLE = 1;
const NOT_JSON = 2;
const BINARY = 3;
const OVERSIZE = 4;
const SEND_FAILED = 5;
const DRAINED = 6;
const WAKE = 7;

export class Host {
  /** The number by which the core knows this client. */
  client;
  pending = NONE;
  /** The largest payload, as of the last welcome. */
  cap = 65_536;
  #emitter;
  #provider;
  #logger;
  #hooks;
  #clock = new Clock(this);
  #sockets;
  #pumping = false;
  /** While pumping: something was told. */
  #again = false;
  /** What ends each stream, and whether it was made for the session to come. */
  #streams = null;
  #closed = false;
  #unwatch = null;

  constructor(emitter, { factory, provider, logger, lifecycleHooks }) {
    this.#emitter = emitter;
    this.#provider = provider;
    this.#logger = logger;
    this.#hooks = lifecycleHooks;
    this.#sockets = new Sockets(factory, this);
  }

  // ---- the core ----

  now() {
    return this.#clock.now();
  }

  /**
   * Tells the core something and does what follows, unless `tell` has seen to all (`true`). An exception out of the core means that it
   * is broken.
   */
  #enter(tell) {
    if (fatal) return;
    try {
      if (tell() !== true) this.pump();
    } catch (error) {
      poison(error);
    }
  }

  #news(what, id = 0) {
    this.#enter(() => wasm.tell(this.client, what, id, this.now()));
  }

  /** The alarm rings; `stepped`: earlier than any timer can, so a test turns the clock. */
  ring(stepped) {
    this.#enter(() => wasm.ring(this.client, stepped, this.now()));
  }

  abort(call) {
    this.#enter(() => wasm.abort(this.client, call, this.now()));
  }

  /** Does what the core says until it says nothing more. From inside of itself: the outer one goes on. */
  pump() {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    while (!fatal) {
      const said = [];
      const action = wasm.next(this.client, said);
      if (action === 0) break;
      this.#act(action, said);
    }
    this.#pumping = this.#again = false;
    this.#arm();
  }

  #arm() {
    if (!fatal) this.#clock.arm(wasm.due(this.client));
  }

  /** The numbers and details are those of src/web/said.rs. */
  #act(action, said) {
    const [a, b, c, d] = said;
    switch (action) {
      case 1:
        return this.#sockets.open(a, b);
      case 2:
        if (!this.#sockets.send(a, b)) this.#news(SEND_FAILED, c);
        return;
      case 3:
        return this.#sockets.close(a, b, c, d === 1);
      case 4:
        return void this.#fetchToken(a);
      case 5:
        // A promise cannot be cancelled; its answer finds that nobody waits for it.
        return;
      case 6:
        // Not from inside: the core is being asked for its next action.
        return this.#emitter.whenIdle(() => queueMicrotask(() => this.#news(DRAINED)));
      case 7:
        return this.#emitter.dropOld();
      case 8:
        return this.#endStreams();
      case 9:
        return this.#log(said);
      case 10:
        return this.#settle(a);
      case 11:
        return this.#settle(a, said);
      case 12:
        return this.#stateChanged(a, b);
      case 13:
        return this.#connected(said);
      case 14:
        return this.#emitter.emit("disconnected", { code: a, reason: b, willReconnect: c === 1 });
      case 15:
        return this.#emitter.emit("message", { channel: d, ...sent(a, b, c) });
      case 16:
        return this.#emitter.emit("direct", sent(a, b, c));
      case 17:
        return this.#emitter.emit("presence", { channel: a, joined: peers(b), left: peers(c) });
      case 18:
        return this.#emitter.emit("server-error", present({ code: a, requestId: c, message: b }));
      case 19:
        return this.#emitter.emit("going-away", { retryAfterMs: a });
      default:
        return this.#emitter.emit("token-provider-error", { consecutiveFailures: a, err: errorOf(3, 0, "", 0, b, c) });
    }
  }

  // ---- calls ----

  /** The promise of a call, which the core settles by its id. While one waits, the client is not collected. */
  wait(call, release) {
    if (this.pending === NONE) {
      this.pending = new Map();
      setLive(this, true);
    }
    return new Promise((resolve, reject) => {
      this.pending.set(call, { resolve, reject, release, reason: undefined });
    });
  }

  /** Sends the frame of a reserved request: at once, or after what is to be done first. */
  transmit(call, text) {
    const socket = wasm.direct(this.client, call);
    if (socket === 0) {
      wasm.transmit(this.client, call, text);
      this.pump();
    } else if (this.#sockets.send(socket, text)) this.#arm();
    else this.#news(SEND_FAILED, call);
  }

  /** With `said`, an error: kind, outcome and details after the call. */
  #settle(call, said) {
    const waiting = this.pending.get(call);
    if (waiting === undefined) return;
    this.pending.delete(call);
    waiting.release?.();
    if (said) {
      const [, kind, outcome, number, a, b] = said;
      const detail = kind === 0 ? STATES[number] : a;
      waiting.reject(errorOf(kind, outcome, String(call), number, detail, b, waiting.reason));
    } else waiting.resolve();
    this.#rest();
  }

  /** Once closed and with nothing to answer, only the user holds the client. */
  #rest() {
    if (this.pending.size > 0) return;
    this.pending = NONE;
    if (this.#closed) setLive(this, false);
  }

  // ---- what sockets say ----

  opened(id) {
    this.#news(OPENED, id);
  }

  unavailable(id) {
    this.#news(UNAVAILABLE, id);
  }

  closed(id, code, reason, cause) {
    this.#enter(() => wasm.closed(this.client, id, code, reason, cause, this.now()));
  }

  message(id, data) {
    if (typeof data !== "string") return this.#news(BINARY, id);
    if (data.length > LARGEST_FRAME) return this.#news(OVERSIZE, id);
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return this.#news(NOT_JSON, id);
    }
    this.#enter(() => this.#short(id, frame) || wasm.frame(this.client, id, frame, this.now()));
  }

  /** The two frames that come most often are taken to the user by the shortest way. `false`: it needs the rules of the core. */
  #short(id, frame) {
    if (this.#pumping || frame === null || typeof frame !== "object") return false;
    if (frame.type === "message") {
      const { channel, from, data, fromMetadata } = frame;
      if (typeof channel !== "string" || typeof from !== "string" || data === undefined) return false;
      if (!wasm.heard(this.client, id, this.now())) return false;
      this.#pumping = true;
      this.#emitter.emit("message", isObject(fromMetadata) ? { channel, from, data, fromMetadata } : { channel, from, data });
      this.#pumping = false;
      if (this.#again) this.pump();
      return true;
    }
    if (frame.type === "ack" && typeof frame.requestId === "string") {
      const call = Number(frame.requestId);
      if (!this.pending.has(call) || !wasm.heard(this.client, id, this.now()) || !wasm.acked(this.client, call)) return false;
      this.#settle(call);
      return true;
    }
    return false;
  }

  async #fetchToken(request) {
    let text;
    let name;
    try {
      text = await this.#provider();
      if (typeof text !== "string" || text === "") throw new Error("the token provider did not return a non-empty string");
    } catch (error) {
      const failure = error ?? new Error("the token provider failed");
      text = messageOf(failure);
      name = nameOf(failure);
    }
    this.#enter(() => wasm.token(this.client, request, text, name, this.now()));
  }

  // ---- events ----

  #stateChanged(from, to) {
    this.#closed = to === CLOSED;
    if (to === CONNECTING) this.#begin();
    if (to === CLOSED) this.#stopWatching();
    this.#rest();
    this.#emitter.emit("state-change", { from: STATES[from], to: STATES[to] });
  }

  #connected([peerId, serverTime, expiresAt, isReconnect, maxMessageSize, servers]) {
    this.cap = maxMessageSize;
    this.#emitter.emit(
      "connected",
      present({
        peerId,
        serverTime,
        expiresAt: Number.isNaN(expiresAt) ? null : expiresAt,
        isReconnect: isReconnect === 1,
        maxMessageSize,
        iceServers: servers && groups(servers, 3, (urls, username, credential) => present({ urls, username, credential })),
      }),
    );
  }

  /** A session begins. What was made for it before now belongs to it. */
  #begin() {
    for (const end of this.#streams?.keys() ?? []) this.#streams.set(end, false);
    if (this.#hooks && globalThis.addEventListener) this.#unwatch ??= watchLifecycle(() => this.#news(WAKE));
  }

  #stopWatching() {
    this.#unwatch?.();
    this.#unwatch = null;
  }

  #log([level, message, ...details]) {
    const context = {};
    groups(details, 2, (name, value) => (context[name] = value));
    if (this.#logger) logTo(this.#logger, LEVELS[level], message, context);
  }

  // ---- the end ----

  addStream(end, isForNextSession) {
    (this.#streams ??= new Map()).set(end, isForNextSession);
    return () => this.#streams.delete(end);
  }

  #endStreams() {
    for (const [end, isForNextSession] of [...(this.#streams ?? [])]) if (!isForNextSession) end();
  }

  /** The core is broken: nothing may be left waiting or open. */
  die(error) {
    this.#stopWatching();
    this.#clock.arm(Infinity);
    this.#sockets.closeAll();
    for (const waiting of this.pending.values()) {
      waiting.release?.();
      waiting.reject(error);
    }
    this.pending = NONE;
    for (const end of [...(this.#streams?.keys() ?? [])]) end();
  }
}

export function stateName(index) {
  return STATES[index];
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields that are there. */
function present(fields) {
  for (const name in fields) if (fields[name] === undefined) delete fields[name];
  return fields;
}

function sent(from, data, fromMetadata) {
  return fromMetadata ? { from, data, fromMetadata } : { from, data };
}

/** What stands in a list in groups of that many. */
function groups(list, size, make) {
  const made = [];
  for (let at = 0; at < list.length; at += size) made.push(make(...list.slice(at, at + size)));
  return made;
}

function peers(list) {
  return groups(list, 2, (peerId, metadata) => present({ peerId, metadata }));
}
