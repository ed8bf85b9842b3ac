// The driver of one client's core: tells it what happens, and does what it says. It decides nothing.
//
//   call, socket event, alarm, token ─► tell the core ─► pump: do what it says, until it says nothing more ─► set the alarm
//
// The core never calls; it is asked. So any method of the client may be called from any handler.

import {
  ABORT,
  ACKED,
  ADMIT,
  ANSWER,
  BINARY,
  CLOSED as SOCKET_CLOSED,
  DIRECT,
  DRAINED,
  DUE,
  GOING_AWAY,
  NOT_JSON,
  OPENED,
  OVERSIZE,
  PONG,
  RING,
  SEND_FAILED,
  TOKEN,
  TRANSMIT,
  UNAVAILABLE,
  WAKE,
  WELCOME,
} from "./calls.js";
import { Clock } from "./clock.js";
import { fatal, poison, setLive } from "./core.js";
import { errorOf } from "./errors.js";
import { frameText, present, readFrame } from "./frames.js";
import { watchLifecycle } from "./lifecycle.js";
import { logTo } from "./loggers.js";
import { scrub } from "./scrub.js";
import { messageOf, nameOf, Sockets } from "./sockets.js";
import { wasm } from "#wasm";

const STATES = ["idle", "connecting", "connected", "reconnecting", "closed"];
const LEVELS = ["debug", "info", "warn", "error"];
const CONNECTING = 1;
const CLOSED = 4;
/** The map of all clients that wait for nothing. */
const NONE = new Map();
/** The kind of error that a connect() has whose socket closed. */
const CONNECT_FAILED = 1;
const LARGEST_FRAME = 1_048_576;

// What the core says of application data.
const TELL = 1;
const HOLD = 2;

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
  /** While true, user code may run. */
  #pumping = false;
  /** While pumping: the core was called, or something waits to be told. */
  #again = false;
  /** What happened while pumping, to be told when what came before is done. */
  #later = [];
  /** What ends each stream, and whether it was made for the session to come. */
  #streams = null;
  #closed = false;
  #unwatch = null;
  /** Why the last socket ended, where the platform tells. */
  #failure = null;

  constructor(emitter, { factory, provider, logger, lifecycleHooks }) {
    this.#emitter = emitter;
    this.#provider = provider;
    this.#logger = logger;
    this.#hooks = lifecycleHooks;
    this.#sockets = new Sockets(factory, this);
  }

  // ---- the core ----

  /** A call that needs no words; see src/web/exported.rs. */
  tell(what, id = 0, x = 0, y = 0, z = 0) {
    return wasm.tell(what, this.client, id, x, y, z, this.#clock.now());
  }

  /** The same for what is no news: one look at the clock is enough. Where a test turns the timers alone, a second one tells more. */
  ask(what, id = 0) {
    return wasm.tell(what, this.client, id, 0, 0, 0, 0);
  }

  /** A call that needs words. */
  say(what, a, b, c, x = 0, y = 0, now = this.#clock.now()) {
    return wasm.say(what, this.client, a, b, c, x, y, now);
  }

  /** Tells the core what happened and does what follows. While pumping, it has to wait. */
  #enter(tell) {
    if (this.#pumping) {
      this.#later.push(tell);
      this.#again = true;
    } else this.#now(tell);
  }

  /** The same at once; `tell` gives `true` if it has seen to all. An exception out of the core means that it is broken. */
  #now(tell) {
    if (fatal) return;
    try {
      if (tell() !== true || this.#again) this.pump();
    } catch (error) {
      poison(error);
    }
  }

  #news(what, id) {
    this.#enter(() => this.tell(what, id));
  }

  /** The alarm rings; `stepped`: earlier than any timer can, so a test turns the clock. */
  ring(stepped) {
    this.#enter(() => this.tell(RING, 0, stepped));
  }

  abort(call) {
    this.#now(() => this.tell(ABORT, call));
  }

  /** Does what the core says until it says nothing more and nothing waits to be told. From inside of itself: the outer one goes on. */
  pump() {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    while (!fatal) {
      const said = [];
      const action = wasm.next(this.client, said);
      if (action > 0) this.#act(action, said);
      else if (this.#later.length > 0) this.#later.shift()();
      else break;
    }
    this.#pumping = this.#again = false;
    this.#arm();
  }

  #arm() {
    if (!fatal) this.#clock.arm(this.ask(DUE));
  }

  /** The numbers and details are those of src/web/said.rs. */
  #act(action, said) {
    const [a, b, c, d] = said;
    switch (action) {
      case 1:
        return this.#sockets.open(a, b);
      case 2:
        if (!this.#sockets.send(a, frameText(b, c, d))) this.tell(SEND_FAILED, b);
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
        return this.#connected(a, b === 1);
      case 14:
        return this.#emitter.emit("disconnected", { code: a, reason: b, willReconnect: c === 1 });
      case 15:
        return this.#emitter.emit("server-error", present({ code: a, requestId: c, message: b, channel: d }));
      case 16:
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
    const socket = this.ask(DIRECT, call);
    if (socket === 0) {
      this.say(TRANSMIT, text, undefined, undefined, call, 0, 0);
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
      const more = kind === CONNECT_FAILED ? this.#failure : waiting.reason;
      waiting.reject(errorOf(kind, outcome, String(call), number, detail, b, more));
    } else waiting.resolve();
    this.#rest();
    return true;
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
    this.#enter(() => {
      this.#sockets.forget(id);
      this.tell(UNAVAILABLE, id);
    });
  }

  closed(id, code, reason, failure) {
    this.#enter(() => {
      this.#sockets.forget(id);
      this.#failure = failure && { ...failure, message: scrub(failure.message) };
      if (failure) this.#logFailure(code);
      this.say(SOCKET_CLOSED, reason, this.#failure?.message, undefined, id, code);
    });
  }

  #logFailure(closeCode) {
    const { message, code, httpStatus } = this.#failure;
    if (this.#logger) logTo(this.#logger, "warn", "the connection failed", present({ closeCode, cause: message, code, httpStatus }));
  }

  message(entry, data) {
    const { id } = entry;
    if (typeof data !== "string") return this.#news(BINARY, id);
    if (data.length > LARGEST_FRAME) return this.#news(OVERSIZE, id);
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return this.#news(NOT_JSON, id);
    }
    this.#enter(() => this.#frame(entry, readFrame(frame)));
  }

  /** What is for the user alone stays here; the core says what becomes of it. */
  #frame(entry, [what, detail]) {
    const { id } = entry;
    const { requestId } = detail;
    switch (what) {
      case "message":
      case "direct":
      case "presence":
        return this.#admitted(entry, what, detail, this.tell(ADMIT, id, what === "presence"));
      case "ack": {
        const call = Number(requestId);
        if (String(call) === requestId && this.pending.has(call) && this.tell(ACKED, id, call)) return this.#settle(call);
      }
      // falls through
      case "error":
        return this.say(ANSWER, requestId, detail.code, detail.message, id);
      case "pong":
        return this.tell(PONG, id);
      case "going_away":
        return this.tell(GOING_AWAY, id, detail.retryAfterMs);
      case "welcome":
        entry.welcome ??= detail;
        return this.tell(WELCOME, id, detail.expiresAt ?? NaN, detail.serverTime, detail.maxMessageSize);
      default:
        return this.tell(what, id);
    }
  }

  /** `true`: nothing follows from it, not even another alarm. */
  #admitted(entry, event, detail, verdict) {
    if (verdict === TELL) this.#carry(event, detail);
    else if (verdict === HOLD) (entry.held ??= []).push(detail);
    return entry.welcome !== null;
  }

  /** Tells the user what peers sent. */
  #carry(event, detail) {
    const outer = this.#pumping;
    this.#pumping = true;
    this.#emitter.emit(event, detail);
    this.#pumping = outer;
  }

  async #fetchToken(request) {
    let text;
    let name;
    try {
      text = await this.#provider();
      if (typeof text !== "string" || text === "") throw new Error("the token provider did not return a non-empty string");
    } catch (error) {
      const failure = error ?? new Error("the token provider failed");
      text = scrub(messageOf(failure));
      name = nameOf(failure);
    }
    this.#enter(() => this.say(TOKEN, text, name, undefined, request));
  }

  // ---- events ----

  #stateChanged(from, to) {
    this.#closed = to === CLOSED;
    if (to === CONNECTING) this.#begin();
    if (to === CLOSED) this.#stopWatching();
    this.#rest();
    this.#emitter.emit("state-change", { from: STATES[from], to: STATES[to] });
  }

  #connected(id, isReconnect) {
    const entry = this.#sockets.entry(id);
    const { welcome, held } = entry;
    entry.held = null;
    this.cap = welcome.maxMessageSize;
    this.#emitter.emit("connected", { ...welcome, isReconnect });
    for (const presence of held ?? []) this.#emitter.emit("presence", presence);
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
    while (details.length > 0) context[details.shift()] = details.shift();
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

