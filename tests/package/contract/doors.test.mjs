// Every way by which code of the user's is reached throws once. That costs at most the call that it belongs to, with nothing begun;
// the client works on, and so does another one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FatalError } from "../installed/entry.mjs";
import { FakeSocket, fakeTime, failure, pass, quiet, turn, watch } from "../support/fake.mjs";

const mine = new RangeError("mine");

function fail() {
  throw mine;
}

/** An object whose member throws whenever it is read. */
function withBadGetter(object, name) {
  return Object.defineProperty(object, name, { get: fail, enumerable: true, configurable: true });
}

/** This client and another one can publish and receive. */
async function allWork(...watched) {
  for (const w of watched) {
    assert.equal(w.client.state, "connected");
    const published = w.client.publish("c", 1);
    w.last.ack();
    await published;
    const received = [];
    w.client.once("message", ({ data }) => received.push(data));
    w.last.receive({ type: "message", channel: "c", from: "p", data: "works" });
    assert.deepEqual(received, ["works"]);
  }
}

async function pair(options) {
  const other = watch();
  await other.connect();
  const w = watch(options);
  await w.connect();
  return { w, other };
}

function silenced(t) {
  const lines = [];
  t.mock.method(console, "error", (...args) => lines.push(args));
  return lines;
}

// ---- listeners and loggers ----

const LISTENERS = {
  on: (client) => client.on("message", fail),
  once: (client) => client.once("message", fail),
  addEventListener: (client) => client.addEventListener("message", fail),
  handleEvent: (client) => client.addEventListener("message", { handleEvent: fail }),
  "a handleEvent that is a getter": (client) => client.addEventListener("message", withBadGetter({}, "handleEvent")),
  "a then that is a getter": (client) => client.on("message", () => withBadGetter({}, "then")),
  "a then that throws": (client) => client.on("message", () => ({ then: fail })),
  "an async handler": (client) => client.on("message", async () => fail()),
};

for (const [name, listen] of Object.entries(LISTENERS)) {
  test(`a listener that throws, ${name}, is reported to the console, and the others still run`, async (t) => {
    const lines = silenced(t);
    const { w, other } = await pair({ logger: null });
    listen(w.client);
    const received = [];
    w.client.on("message", ({ data }) => received.push(data));
    w.last.receive({ type: "message", channel: "c", from: "p", data: 1 });
    await turn();
    assert.deepEqual(received, [1]);
    assert.equal(lines.length, 1);
    assert.equal(lines[0][1], mine);
    await allWork(w, other);
  });
}

test("a listener that throws is reported to the logger alone, if there is one", async (t) => {
  const lines = silenced(t);
  const logged = [];
  const { w } = await pair({ logger: { error: (message, context) => logged.push([message, context]) } });
  w.client.on("message", fail);
  w.last.receive({ type: "message", channel: "c", from: "p", data: 1 });
  assert.deepEqual(lines, []);
  assert.deepEqual(logged, [["an event handler failed", { event: "message", error: "RangeError: mine" }]]);
});

test("a logger that throws, lacks its methods or has bad getters changes nothing", async () => {
  const all = { debug: fail, info: fail, warn: fail, error: fail };
  for (const logger of [all, {}, withBadGetter({}, "debug"), new Proxy({}, { get: fail })]) {
    const { w, other } = await pair({ logger });
    w.client.once("message", fail);
    w.last.receive("garbage");
    await allWork(w, other);
  }
});

// ---- signals ----

const wrongSignals = {
  "addEventListener throws": () => ({ aborted: false, addEventListener: fail, removeEventListener() {} }),
  "addEventListener is missing": () => ({ aborted: false }),
  "addEventListener is a getter that throws": () => withBadGetter({ aborted: false }, "addEventListener"),
  "aborted is a getter that throws": () => withBadGetter({ addEventListener() {} }, "aborted"),
  "it is a proxy around an AbortSignal that refuses everything": () => new Proxy(new AbortController().signal, { get: fail }),
  "it is no object": () => 7,
};

for (const [name, make] of Object.entries(wrongSignals)) {
  test(`a signal of which ${name} refuses the call with a TypeError, and nothing is begun`, async () => {
    const { w, other } = await pair();
    const { client, last: socket } = w;
    const signal = make();
    const before = socket.sent.length;
    for (const call of ["subscribe", "unsubscribe", "publish", "send"]) {
      const promise = call === "publish" || call === "send" ? client[call]("c", 1, { signal }) : client[call]("c", { signal });
      const error = await failure(promise);
      assert.deepEqual([error.constructor, error.outcome], [TypeError, "notSent"], call);
    }
    assert.throws(() => client.events("message", { signal }), TypeError);
    assert.throws(() => client.addEventListener("message", () => {}, { signal }), TypeError);
    await turn();
    assert.equal(socket.sent.length, before);
    await allWork(w, other);
    const idle = watch();
    const error = await failure(idle.client.connect({ signal }));
    assert.deepEqual([error.constructor, error.outcome, idle.client.state, idle.sockets.length], [TypeError, "notSent", "idle", 0]);
    await idle.connect();
  });
}

test("a signal without removeEventListener, or one that throws there, does: the call settles first", async () => {
  const { w, other } = await pair();
  for (const more of [{}, { removeEventListener: fail }]) {
    const listeners = [];
    const signal = { aborted: false, addEventListener: (_, listener) => listeners.push(listener), ...more };
    const published = w.client.publish("c", 1, { signal });
    w.last.ack();
    await published;
    const withdrawn = quiet(w.client.publish("c", 2, { signal: withBadGetter(signal, "reason") }));
    for (const listener of listeners) listener();
    const error = await failure(withdrawn);
    assert.deepEqual([error.name, error.outcome, error.cause], ["AbortError", "unknown", undefined]);
    for (const listener of listeners) listener();
  }
  await allWork(w, other);
});

test("many calls with one signal are one listener, and none once they are answered", async () => {
  const { w } = await pair();
  const { signal } = new AbortController();
  let [added, removed] = [0, 0];
  const counted = {
    aborted: false,
    addEventListener: (...args) => ((added += 1), signal.addEventListener(...args)),
    removeEventListener: (...args) => ((removed += 1), signal.removeEventListener(...args)),
  };
  const calls = Array.from({ length: 20 }, (_, i) => w.client.publish("c", i, { signal: counted }));
  assert.deepEqual([added, removed], [1, 0]);
  for (const frame of w.last.of("publish")) w.last.ack(frame);
  await Promise.all(calls);
  assert.deepEqual([added, removed], [1, 1]);
});

test("null and undefined are not given, in every option of every call", async () => {
  const { w } = await pair({ logger: null, reconnect: undefined, url: null, apiKey: "pk_test", lifecycleHooks: null });
  for (const none of [null, undefined]) {
    const options = { signal: none, timeoutMs: none, includeSenderMetadata: none };
    const calls = [w.client.subscribe("c", options), w.client.publish("c", 1, options), w.client.send("p", 1, options), w.client.unsubscribe("c", none)];
    for (const frame of w.last.frames.slice(-4)) w.last.ack(frame);
    await Promise.all(calls);
    w.client.events("message", { maxSize: none, signal: none }).close();
    w.client.events("message", none).close();
    w.client.addEventListener("message", () => {}, { signal: none, once: none });
    const again = watch();
    const connecting = again.client.connect({ signal: none });
    await turn();
    again.last.openAndWelcome();
    await connecting;
  }
});

test("options whose getters throw reject with that error, and nothing is begun", async () => {
  const { w, other } = await pair();
  const before = w.last.sent.length;
  for (const name of ["signal", "timeoutMs", "includeSenderMetadata"]) {
    const error = await failure(w.client.subscribe("c", withBadGetter({}, name)));
    assert.equal(error, mine);
    assert.equal(error.outcome, "notSent");
  }
  for (const name of ["apiKey", "reconnect", "logger", "webSocketFactory", "autoResubscribe"]) {
    assert.throws(() => watch(withBadGetter({ apiKey: "pk_test" }, name)), (error) => error === mine, name);
  }
  assert.throws(() => watch({ reconnect: withBadGetter({}, "multiplier") }), (error) => error === mine);
  assert.equal(w.last.sent.length, before);
  await allWork(w, other);
});

// ---- sockets and factories ----

const members = {
  addEventListener: (socket) => (socket.addEventListener = fail),
  removeEventListener: (socket) => (socket.removeEventListener = fail),
  send: (socket) => (socket.send = fail),
  close: (socket) => (socket.close = fail),
  readyState: (socket) => withBadGetter(socket, "readyState"),
  binaryType: (socket) => Object.defineProperty(socket, "binaryType", { set: fail }),
  terminate: (socket) => (socket.terminate = fail),
};

for (const [name, spoil] of Object.entries(members)) {
  test(`a socket whose ${name} throws harms no other client, and this one comes back`, async (t) => {
    fakeTime(t);
    const other = watch();
    await other.connect();
    let bad = false;
    const w = watch({
      reconnect: { jitterRatio: 0, initialDelayMs: 100 },
      webSocketFactory(url) {
        const socket = new FakeSocket(url);
        if (bad) spoil(socket);
        w.sockets.push(socket);
        return socket;
      },
    });
    await w.connect();
    bad = true;
    w.last.end(1006);
    await pass(t, 100);
    bad = false;
    const spoiled = w.last;
    for (const dispatch of [() => spoiled.dispatch("open"), () => spoiled.receive({ type: "pong" }), () => spoiled.dispatch("error"), () => spoiled.dispatch("close", { code: 1006 })]) dispatch();
    // It answers nothing: the client gives up on it, and dials again.
    for (let i = 0; i < 60 && w.client.state !== "connected"; i += 1) {
      await pass(t, 1000);
      if (w.last !== spoiled && w.last.readyState === 0) w.last.openAndWelcome();
    }
    await turn();
    await allWork(w, other);
  });
}

test("events of a socket whose members throw", async () => {
  const { w, other } = await pair();
  const socket = w.last;
  for (const name of ["data", "type"]) socket.hand("message", withBadGetter({ data: "{}" }, name));
  for (const event of [null, undefined, new Proxy({}, { get: fail })]) socket.hand("message", event);
  await allWork(w, other);
  for (const event of [undefined, null, 7, "text", new Proxy({}, { get: fail })]) {
    socket.hand("error", event);
    socket.hand("error", { error: event, message: event });
  }
  await allWork(w, other);
  socket.hand("close", Object.defineProperties({}, { code: { get: () => 4020 }, reason: { value: {} } }));
  assert.equal(w.client.state, "closed");
  await w.connect();
  await allWork(w, other);
});

test("a factory or a token provider that throws fails the connect alone", async () => {
  const other = watch();
  await other.connect();
  for (const options of [{ webSocketFactory: fail }, { tokenProvider: fail }, { tokenProvider: () => withBadGetter({}, "then") }, { tokenProvider: () => ({ then: fail }) }]) {
    const w = watch(options);
    const error = await failure(w.client.connect());
    assert.equal(error instanceof FatalError, false);
    assert.equal(w.client.state, "closed");
  }
  await allWork(other);
});

// ---- what a page may do to built-in objects ----

test("an enumerable property of Object.prototype has no effect", async (t) => {
  t.after(() => delete Object.prototype.appName);
  for (const value of ["legacy", undefined]) {
    Object.prototype.appName = value;
    const { w, other } = await pair();
    const subscribed = w.client.subscribe("c");
    w.last.ack();
    await subscribed;
    w.last.receive({ type: "error", code: "backend_error" });
    assert.deepEqual(Object.keys(w.of("server-error")[0]), ["code"]);
    assert.deepEqual(w.last.of("subscribe").map((frame) => Object.keys(frame)), [["type", "channel", "requestId"]]);
    await allWork(w, other);
  }
});
