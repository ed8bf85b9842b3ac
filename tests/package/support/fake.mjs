// A scripted WebSocket, and a client that uses such sockets and notes its events.

import { afterEach } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { NoopLogger, SignallingClient } from "../installed/entry.mjs";

export const EVENTS = [
  "connected",
  "disconnected",
  "state-change",
  "message",
  "direct",
  "presence",
  "server-error",
  "going-away",
  "token-provider-error",
];

export const WELCOME = { type: "welcome", peerId: "me", expiresAt: null, serverTime: 1_700_000_000, maxMessageSize: 65_536 };

/** Behaves as a browser's WebSocket, also in what `close` refuses. The test plays the peer. */
export class FakeSocket {
  readyState = 0;
  sent = [];
  closes = [];
  /** How the peer answers a closing handshake: "soon", "now" (inside of close) or "never". */
  answers = "soon";
  #listeners = new Map();

  constructor(url) {
    this.url = url;
  }

  addEventListener(type, listener) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  removeEventListener(type, listener) {
    this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter((other) => other !== listener));
  }

  listenerCount() {
    return [...this.#listeners.values()].flat().length;
  }

  dispatch(type, event = {}) {
    for (const listener of this.#listeners.get(type) ?? []) listener({ type, target: this, ...event });
  }

  /** Hands over an event as it is. */
  hand(type, event) {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  send(text) {
    if (this.readyState !== 1) throw new Error("the socket is not open");
    this.sent.push(text);
  }

  close(code, reason = "") {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) throw new Error(`close code ${code} is not allowed`);
    if (Buffer.byteLength(reason) > 123) throw new Error("the close reason is too long");
    if (this.readyState >= 2) return;
    this.closes.push([code, reason]);
    this.readyState = 2;
    if (this.answers === "now") this.end(code ?? 1005, reason);
    else if (this.answers === "soon") queueMicrotask(() => this.end(code ?? 1005, reason));
  }

  // ---- the peer's side ----

  open() {
    this.readyState = 1;
    this.dispatch("open");
  }

  /** A frame, or a text, or anything else that a `message` event may carry. */
  receive(frame) {
    const isFrame = typeof frame === "object" && frame !== null && Object.getPrototypeOf(frame) === Object.prototype;
    this.dispatch("message", { data: isFrame ? JSON.stringify(frame) : frame });
  }

  welcome(fields = {}) {
    this.receive({ ...WELCOME, ...fields });
  }

  openAndWelcome(fields) {
    this.open();
    this.welcome(fields);
  }

  end(code = 1006, reason = "") {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (code === 1006) this.dispatch("error");
    this.dispatch("close", { code, reason, wasClean: code !== 1006 });
  }

  get frames() {
    return this.sent.map((text) => JSON.parse(text));
  }

  /** The frames of one type. */
  of(type) {
    return this.frames.filter((frame) => frame.type === type);
  }

  ack(frame = this.frames.at(-1)) {
    this.receive({ type: "ack", requestId: frame.requestId });
  }

  refuse(code, frame = this.frames.at(-1), more = {}) {
    this.receive({ type: "error", code, requestId: frame.requestId, ...more });
  }
}

/** Clients of the test that runs. One that is left open would hold the process. */
const open = new Set();

afterEach(() => {
  for (const client of open) client.close();
  open.clear();
});

/** A client with fake sockets, whose events are noted. */
export function watch(options = {}, Client = SignallingClient) {
  const sockets = [];
  const events = [];
  const client = new Client({
    ...(options.tokenProvider ? {} : { apiKey: "pk_test" }),
    reconnect: { jitterRatio: 0 },
    // Handlers that fail on purpose would fill the console.
    logger: NoopLogger,
    webSocketFactory: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    ...options,
  });
  open.add(client);
  for (const name of EVENTS) client.on(name, (payload) => events.push([name, payload]));
  return {
    client,
    sockets,
    events,
    get last() {
      return sockets.at(-1);
    },
    of: (name) => events.filter(([other]) => other === name).map(([, payload]) => payload),
    names: () => events.map(([name]) => name),
    clear: () => void (events.length = 0),
    /** Connects; the peer opens and welcomes. */
    async connect(welcome) {
      const connecting = client.connect();
      await turn();
      sockets.at(-1).openAndWelcome(welcome);
      await connecting;
      return sockets.at(-1);
    },
  };
}

/** Runs everything that does not wait for a timer. */
export async function turn() {
  await immediate();
  await immediate();
}

/** Advances the clock of a test in small steps, so that timers in between fire on time. */
export async function pass(t, ms, step = 250) {
  for (let gone = 0; gone < ms; gone += step) {
    t.mock.timers.tick(Math.min(step, ms - gone));
    await turn();
  }
}

/** Marks the failure of a promise as handled; the test looks at it later, or never. */
export function quiet(promise) {
  promise.catch(() => {});
  return promise;
}

export function fakeTime(t, apis = ["setTimeout", "Date"]) {
  t.mock.timers.enable({ apis });
}

/** The state of a promise: `{ value }`, `{ error }` or `{ pending: true }`. */
export async function outcome(promise) {
  const settled = promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  await turn();
  return Promise.race([settled, Promise.resolve({ pending: true })]);
}

/** The error that a promise is already rejected with. */
export async function failure(promise) {
  const { error, pending } = await outcome(promise);
  if (error === undefined) throw new Error(pending ? "the promise is still pending" : "the promise was not rejected");
  return error;
}
