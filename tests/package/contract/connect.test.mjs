// Connecting and the welcome.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SignallingClient, SignallingConnectError, SignallingError, WebSocketUnavailableError } from "../installed/entry.mjs";
import { fakeTime, failure, outcome, pass, turn, watch, WELCOME } from "../support/fake.mjs";

/** A client that is connecting, and the promise of its connect(). */
function connecting(options) {
  const w = watch(options);
  const promise = w.client.connect();
  promise.catch(() => {});
  return Object.assign(w, { promise });
}

test("e029 events come in order, and connect() is answered last", async () => {
  const w = connecting();
  w.promise.then(() => w.events.push(["resolved"]));
  assert.deepEqual(w.names(), ["state-change"], "the first event comes inside of connect()");
  w.last.open();
  w.last.welcome();
  await turn();
  assert.deepEqual(w.names(), ["state-change", "state-change", "connected", "resolved"]);
  assert.deepEqual(w.of("state-change"), [
    { from: "idle", to: "connecting" },
    { from: "connecting", to: "connected" },
  ]);
});

test("e030 connected carries what the welcome says", async () => {
  const w = watch();
  const iceServers = [{ urls: "turn:h", username: "u", credential: "c" }];
  await w.connect({ expiresAt: 1_767_225_600, maxMessageSize: 1000, metadata: { iceServers } });
  assert.deepEqual(w.of("connected"), [
    { peerId: "me", serverTime: 1_700_000_000, expiresAt: 1_767_225_600, isReconnect: false, maxMessageSize: 1000, iceServers },
  ]);
});

test("e031 without an expiry, expiresAt is null; without ICE servers the key is absent", async () => {
  const w = watch();
  await w.connect();
  const [payload] = w.of("connected");
  assert.equal(payload.expiresAt, null);
  assert.deepEqual(Object.keys(payload).sort(), ["expiresAt", "isReconnect", "maxMessageSize", "peerId", "serverTime"]);
  const other = watch();
  const without = { ...WELCOME };
  delete without.expiresAt;
  other.client.connect();
  other.last.open();
  other.last.receive(without);
  await turn();
  assert.equal(other.of("connected")[0].expiresAt, null);
});

test("e032 connect() while connecting fails and disturbs nothing", async () => {
  const w = connecting();
  assert.ok((await failure(w.client.connect())) instanceof SignallingError);
  w.last.openAndWelcome();
  assert.deepEqual(await outcome(w.promise), { value: undefined });
  assert.equal(w.sockets.length, 1);
});

test("e033 connect() while connected fails and the connection stays", async () => {
  const w = watch();
  await w.connect();
  const error = await failure(w.client.connect());
  assert.equal(error.name, "SignallingError");
  assert.match(error.message, /connected/);
  assert.equal(w.client.state, "connected");
  assert.equal(w.sockets.length, 1);
});

test("e034 connect() while reconnecting fails", async (t) => {
  fakeTime(t);
  const w = watch();
  (await w.connect()).end(1006);
  assert.equal(w.client.state, "reconnecting");
  assert.match((await failure(w.client.connect())).message, /reconnecting/);
});

test("e035 e036 a close before the welcome fails connect() without disconnected", async () => {
  const w = connecting();
  w.last.open();
  w.last.end(4001, "unknown key");
  const error = await failure(w.promise);
  assert.ok(error instanceof SignallingConnectError && error instanceof SignallingError && error instanceof Error);
  assert.deepEqual([error.name, error.closeCode, error.closeReason], ["SignallingConnectError", 4001, "unknown key"]);
  assert.equal(w.client.state, "closed");
  assert.deepEqual(w.names(), ["state-change", "state-change"]);
});

test("e037 e038 a first connect that fails is not retried", async (t) => {
  fakeTime(t);
  for (const code of [1006, 1011]) {
    const w = connecting();
    w.last.end(code, "x");
    assert.equal((await failure(w.promise)).closeCode, code);
    await pass(t, 60_000, 5000);
    assert.equal(w.sockets.length, 1);
    assert.equal(w.client.state, "closed");
  }
});

test("e040 after a failed first connect the same client connects, with its listeners", async () => {
  const w = connecting();
  w.last.end(1006);
  await failure(w.promise);
  w.clear();
  await w.connect();
  assert.deepEqual(w.names(), ["state-change", "state-change", "connected"]);
  assert.equal(w.of("connected")[0].isReconnect, false);
});

test("e041 e042 without a welcome for 10 s, connect() fails and may be called again at once", async (t) => {
  fakeTime(t);
  const w = connecting();
  const socket = w.last;
  socket.answers = "never";
  let again;
  w.promise.catch((error) => {
    again = [error, w.client.state, w.client.connect()];
  });
  socket.open();
  await pass(t, 9_999, 3333);
  assert.equal(w.client.state, "connecting");
  await pass(t, 1, 1);
  const [error, state, second] = again;
  assert.deepEqual([error.name, error.closeCode, error.closeReason], ["SignallingConnectError", 4000, "welcome timeout"]);
  assert.equal(state, "closed");
  assert.deepEqual(socket.closes, [[4000, "welcome timeout"]]);
  w.last.openAndWelcome();
  await second;
  assert.equal(w.client.state, "connected");
});

test("e043 the 10 s begin with the dial, however long the handshake takes", async (t) => {
  fakeTime(t);
  const hangs = connecting();
  const slow = connecting();
  await pass(t, 8_000, 1000);
  slow.last.open();
  await pass(t, 1_999, 1999);
  assert.deepEqual([hangs.client.state, slow.client.state], ["connecting", "connecting"]);
  await pass(t, 1, 1);
  assert.equal((await failure(hangs.promise)).closeCode, 4000);
  assert.equal((await failure(slow.promise)).closeCode, 4000);
});

test("e044 a welcome after the timeout changes nothing", async (t) => {
  fakeTime(t);
  const w = connecting();
  w.last.answers = "never";
  w.last.open();
  await pass(t, 10_000, 1000);
  w.clear();
  w.last.welcome();
  await turn();
  assert.deepEqual([w.events, w.client.state], [[], "closed"]);
});

test("e045 a second welcome is ignored", async () => {
  const w = watch();
  const socket = await w.connect({ maxMessageSize: 100 });
  socket.welcome({ peerId: "other", maxMessageSize: 1 });
  assert.equal(w.of("connected").length, 1);
  w.client.publish("c", "x".repeat(90)).catch(() => {});
  assert.equal(socket.of("publish").length, 1);
});

test("e046 e047 a welcome that breaks a rule does not count", async (t) => {
  fakeTime(t);
  const wrong = [
    { peerId: undefined },
    { peerId: 5 },
    { serverTime: "now" },
    { serverTime: null },
    { maxMessageSize: undefined },
    { maxMessageSize: 0 },
    { maxMessageSize: -1 },
    { maxMessageSize: true },
    { expiresAt: "never" },
  ];
  const all = wrong.map((fields) => {
    const w = connecting();
    w.last.openAndWelcome(fields);
    return w;
  });
  await turn();
  for (const w of all) assert.equal(w.client.state, "connecting");
  await pass(t, 10_000, 5000);
  for (const w of all) assert.equal((await failure(w.promise)).closeCode, 4000);
});

test("e048 an ack before the welcome does no harm", async () => {
  const w = connecting();
  w.last.open();
  w.last.receive({ type: "ack", requestId: "1" });
  await turn();
  assert.equal(w.client.state, "connecting");
  w.last.welcome();
  assert.deepEqual(await outcome(w.promise), { value: undefined });
});

test("e049 after the retries are used up, connect() begins anew", async (t) => {
  fakeTime(t);
  const w = watch({ reconnect: { maxAttempts: 1, jitterRatio: 0 } });
  (await w.connect()).end(1006);
  await pass(t, 500);
  w.last.end(1006);
  assert.equal(w.client.state, "closed");
  w.clear();
  await w.connect();
  assert.equal(w.of("connected")[0].isReconnect, false);
});

test("e050 an aborted connect() closes its socket and leaves the client closed, listeners kept", async () => {
  const w = watch();
  const controller = new AbortController();
  const promise = w.client.connect({ signal: controller.signal });
  const socket = w.last;
  controller.abort("enough");
  const error = await failure(promise);
  assert.deepEqual([error.name, error.cause, error.outcome], ["AbortError", "enough", "notSent"]);
  assert.deepEqual([w.client.state, socket.closes.length], ["closed", 1]);
  socket.openAndWelcome();
  await turn();
  assert.equal(w.client.state, "closed");
  w.clear();
  await w.connect();
  assert.deepEqual(w.names(), ["state-change", "state-change", "connected"]);
});

test("a signal that is already aborted: connect() does nothing", async () => {
  const w = watch();
  const error = await failure(w.client.connect({ signal: AbortSignal.abort() }));
  assert.equal(error.name, "AbortError");
  assert.deepEqual([w.client.state, w.sockets.length, w.events.length], ["idle", 0, 0]);
});

test("aborting after connect() is answered changes nothing", async () => {
  const w = watch();
  const controller = new AbortController();
  const promise = w.client.connect({ signal: controller.signal });
  w.last.openAndWelcome();
  await promise;
  controller.abort();
  assert.equal(w.client.state, "connected");
});

test("without a WebSocket, connect() fails with a typed error; constructing does not", async () => {
  const kept = globalThis.WebSocket;
  try {
    globalThis.WebSocket = undefined;
    // Node's own file loads `ws`; a factory that is absent and a global that throws shows the ordinary way.
    globalThis.WebSocket = class {
      constructor() {
        throw new Error("blocked: wss://h/v1?key=pk_test");
      }
    };
    const client = new SignallingClient({ apiKey: "pk_test" });
    const error = await failure(client.connect());
    assert.deepEqual([error.name, error.closeCode], ["SignallingConnectError", 1006]);
    assert.equal(client.state, "closed");
  } finally {
    globalThis.WebSocket = kept;
  }
  const error = new WebSocketUnavailableError();
  assert.ok(error instanceof SignallingError);
  assert.equal(typeof error.remedy, "string");
});
