// Random scripts, with user code that calls the client from everywhere and sockets that call back at once. Whatever
// happens, every promise settles, events are in order, at most one socket is open, and nothing comes after the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NoopLogger, SignallingClient } from "../installed/entry.mjs";
import { EVENTS, FakeSocket, pass, turn, WELCOME } from "../support/fake.mjs";

const SCRIPTS = 300;
const STEPS = 40;

/** Random numbers from a seed (mulberry32). */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class World {
  sockets = [];
  events = [];
  answers = [];
  pending = 0;
  depth = 0;
  #generation = 0;

  constructor(t, seed) {
    this.t = t;
    this.next = chance(seed);
    this.client = new SignallingClient({
      ...this.pick([{ apiKey: "pk" }, { tokenProvider: () => this.provide() }]),
      reconnect: this.pick([false, { maxAttempts: 2, initialDelayMs: 100 }, { maxDialsPerMinute: Infinity }, {}]),
      inactivityTimeoutMs: this.pick([0, 500, 5000, 60_000]),
      autoResubscribe: this.chance(0.8),
      logger: this.pick([NoopLogger, { debug: () => this.intrude(0.05), warn: () => assert.fail("a warning") }]),
      webSocketFactory: (url) => this.dial(url),
    });
    this.listen();
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  chance(probability) {
    return this.next() < probability;
  }

  // ---- user code ----

  provide() {
    this.intrude(0.1);
    const no = () => Promise.reject(new Error("no"));
    const late = () => new Promise((resolve) => setTimeout(resolve, 300, "tok"));
    return this.pick([() => "tok", () => "tok", () => "", async () => "tok", no, late, () => new Promise(() => {})])();
  }

  dial(url) {
    this.intrude(0.1);
    if (this.chance(0.1)) throw new Error("blocked");
    const world = this;
    class Socket extends FakeSocket {
      send(text) {
        if (world.chance(0.05)) throw new Error("no");
        super.send(text);
        world.intrude(0.05);
        if (world.chance(0.2)) this.ack();
        if (world.chance(0.05)) this.end(world.pick([1006, 4001]));
      }

      addEventListener(type, listener) {
        super.addEventListener(type, listener);
        if (this.listenerCount() !== 4) return;
        if (world.chance(0.1)) this.openAndWelcome();
        if (world.chance(0.05)) this.end(1006);
      }
    }
    const socket = new Socket(url);
    socket.answers = this.pick(["soon", "now", "never"]);
    this.sockets.push(socket);
    return socket;
  }

  /** Any method of the client, from wherever this is called. */
  intrude(probability) {
    if (this.depth > 3 || !this.chance(probability)) return;
    this.depth += 1;
    this.act();
    this.depth -= 1;
  }

  listen() {
    const generation = (this.#generation += 1);
    this.events.push(["new listeners"]);
    for (const name of EVENTS) {
      this.client.on(name, (payload) => {
        if (generation !== this.#generation) return undefined;
        this.events.push([name, payload]);
        this.intrude(0.15);
        if (this.chance(0.05)) throw new Error("mine");
        return this.pick([() => {}, () => {}, async () => {}, () => Promise.reject(new Error("late"))])();
      });
    }
  }

  track(name, promise) {
    this.pending += 1;
    const settle = (how) => (value) => {
      this.pending -= 1;
      this.answers.push([name, how, value]);
      if (name === "close") this.closedAt = this.events.length;
    };
    promise.then(settle("resolved"), settle("rejected"));
  }

  act() {
    const { client } = this;
    const channel = this.pick(["a", "b", "c"]);
    const controller = new AbortController();
    const options = this.pick([undefined, {}, { timeoutMs: 200 }, { signal: controller.signal }, { signal: AbortSignal.abort() }]);
    const name = this.pick(["connect", "connect", "close", "subscribe", "unsubscribe", "publish", "send", "publish", "stream"]);
    if (name === "connect") this.track(name, client.connect(options?.signal && { signal: options.signal }));
    if (name === "close") {
      this.track(name, client.close(...this.pick([[], [4321, "bye"], [1001]])));
      this.listen();
    }
    if (name === "subscribe") this.track(name, client.subscribe(channel, options));
    if (name === "unsubscribe") this.track(name, client.unsubscribe(channel, options));
    if (name === "publish") this.track(name, client.publish(channel, 1, options));
    if (name === "send") this.track(name, client.send("p", 1, options));
    if (name === "stream") {
      const stream = client.events(this.pick(EVENTS));
      if (this.chance(0.5)) this.track(name, stream.next());
      if (this.chance(0.3)) stream.close();
    }
    if (this.chance(0.5)) controller.abort();
  }

  // ---- the peer ----

  peer() {
    const socket = this.pick(this.sockets);
    if (!socket) return;
    this.pick([
      () => socket.readyState === 0 && socket.openAndWelcome(),
      () => socket.readyState === 0 && socket.open(),
      () => socket.receive(WELCOME),
      () => socket.receive({ type: "message", channel: "a", from: "p", data: 1 }),
      () => socket.receive("garbage"),
      () => socket.sent.length > 0 && socket.ack(this.pick(socket.frames)),
      () => socket.sent.length > 0 && socket.refuse("backend_error", this.pick(socket.frames)),
      () => socket.end(this.pick([1000, 1006, 4000, 4001, 4010])),
    ])();
  }

  async step() {
    if (this.chance(0.4)) this.act();
    else if (this.chance(0.7)) this.peer();
    else await pass(this.t, this.pick([100, 500, 1000, 11_000]), 100);
    await turn();
    this.check();
  }

  // ---- invariants ----

  check() {
    const live = this.sockets.filter((socket) => socket.readyState < 2);
    assert.ok(live.length <= 1, `${live.length} live sockets`);
    let state;
    let connected;
    for (const [name, payload] of this.events) {
      // Events were missed while nobody listened.
      if (name === "new listeners") state = connected = undefined;
      if (name === "state-change") {
        if (state !== undefined) assert.equal(payload.from, state);
        state = payload.to;
      }
      if (name === "connected") {
        assert.equal(connected === true && !payload.isReconnect, false, "two first welcomes in one session");
        connected = true;
      }
      if (name === "disconnected") {
        assert.notEqual(connected, false, "a disconnect of what was not connected");
        connected = payload.willReconnect;
      }
    }
    if (state !== undefined) assert.equal(this.client.state, state);
  }

  async end() {
    this.intrude = () => {};
    this.track("close", this.client.close());
    await pass(this.t, 3000, 500);
    assert.equal(this.client.state, "closed");
    const seen = this.events.length;
    for (const socket of this.sockets) {
      socket.receive({ type: "message", channel: "a", from: "p", data: 1 });
      socket.end(1006);
    }
    await pass(this.t, 70_000, 5000);
    assert.equal(this.events.length, seen, "an event after the end");
    assert.equal(this.pending, 0, "promises are left");
    assert.equal(this.sockets.some((socket) => socket.readyState < 2), false, "a socket is left");
    for (const [name, how, value] of this.answers) {
      if (how === "rejected") assert.notEqual(value.name, "FatalError", name);
      if (name === "close") assert.equal(how, "resolved");
    }
  }
}

test(`${SCRIPTS} scripts of chance`, { timeout: 300_000 }, async (t) => {
  for (let seed = 1; seed <= SCRIPTS; seed += 1) {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
    const world = new World(t, seed);
    try {
      for (let i = 0; i < STEPS; i += 1) await world.step();
      await world.end();
    } catch (error) {
      error.message = `the script of seed ${seed}: ${error.message}`;
      throw error;
    }
    t.mock.timers.reset();
  }
});
