// Watchdog and keepalive.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTime, failure, pass, quiet, turn, watch } from "../support/fake.mjs";

async function connected(t, options) {
  fakeTime(t);
  const w = watch(options);
  await w.connect();
  return w;
}

const pings = (w) => w.last.of("ping").length;

test("e157 a silent peer is asked at 20 s and 40 s, and given up at 60 s", async (t) => {
  const w = await connected(t);
  const [socket] = w.sockets;
  for (const [ms, count] of [[19_999, 0], [1, 1], [19_999, 1], [1, 2], [19_999, 2]]) {
    await pass(t, ms, ms);
    assert.equal(pings(w), count);
  }
  assert.deepEqual(socket.frames[0], { type: "ping" });
  assert.equal(w.client.state, "connected");
  w.clear();
  await pass(t, 1, 1);
  assert.deepEqual(w.events, [
    ["disconnected", { code: 4000, reason: "inactivity timeout", willReconnect: true }],
    ["state-change", { from: "connected", to: "reconnecting" }],
  ]);
  assert.deepEqual(socket.closes, [[4000, "inactivity timeout"]]);
  await pass(t, 500);
  assert.equal(w.sockets.length, 2);
});

test("e158 pongs keep a connection up", async (t) => {
  const w = await connected(t);
  for (let i = 1; i <= 30; i += 1) {
    await pass(t, 20_000, 20_000);
    assert.equal(pings(w), i);
    w.last.receive({ type: "pong" });
  }
  assert.equal(w.client.state, "connected");
});

test("e159 a peer that talks is not asked", async (t) => {
  const w = await connected(t);
  for (let i = 0; i < 20; i += 1) {
    await pass(t, 15_000, 15_000);
    w.last.receive({ type: "message", channel: "c", from: "p", data: i });
  }
  assert.equal(pings(w), 0);
});

test("e160 malformed texts count as life", async (t) => {
  const w = await connected(t);
  for (let i = 0; i < 10; i += 1) {
    await pass(t, 15_000, 15_000);
    w.last.receive("not json");
  }
  assert.deepEqual([pings(w), w.client.state], [0, "connected"]);
});

test("e161 binary messages do not", async (t) => {
  const w = await connected(t);
  for (let i = 0; i < 4; i += 1) {
    await pass(t, 15_000, 5000);
    w.sockets[0].receive(new ArrayBuffer(8));
  }
  assert.equal(w.of("disconnected")[0].code, 4000);
});

test("e162 with 2 s of patience, the first ping comes after 1 s", async (t) => {
  const w = await connected(t, { inactivityTimeoutMs: 2000 });
  await pass(t, 999, 999);
  assert.equal(pings(w), 0);
  await pass(t, 1, 1);
  assert.equal(pings(w), 1);
});

test("with 1 s or less there is still a ping before the end", async (t) => {
  const w = await connected(t, { inactivityTimeoutMs: 400 });
  await pass(t, 200, 50);
  assert.equal(pings(w), 1);
  await pass(t, 200, 50);
  assert.equal(w.client.state, "reconnecting");
});

test("e163 0, a negative number or infinity: no ping, no watchdog", async (t) => {
  fakeTime(t);
  for (const inactivityTimeoutMs of [0, -1, Infinity, -Infinity]) {
    const w = watch({ inactivityTimeoutMs });
    await w.connect();
    await pass(t, 3_600_000, 60_000);
    assert.deepEqual([w.last.sent.length, w.client.state], [0, "connected"]);
  }
});

test("e164 a server that does not know ping is alive", async (t) => {
  const w = await connected(t);
  for (let i = 0; i < 6; i += 1) {
    await pass(t, 20_000, 20_000);
    w.last.receive({ type: "error", code: "unknown_type", message: "ping?" });
  }
  assert.deepEqual([w.of("server-error"), w.client.state], [[], "connected"]);
});

test("e165 a ping that cannot be written harms nothing; the watchdog decides", async (t) => {
  const w = await connected(t);
  w.last.send = () => {
    throw new Error("no");
  };
  await pass(t, 59_999, 1000);
  assert.equal(w.client.state, "connected");
  await pass(t, 1, 1);
  assert.equal(w.of("disconnected")[0].code, 4000);
});

test("e166 a dead peer that never answers the closing handshake is left at once", async (t) => {
  const w = await connected(t);
  const [socket] = w.sockets;
  socket.answers = "never";
  const lost = quiet(w.client.publish("c", 1, { timeoutMs: 100_000 }));
  await pass(t, 60_000, 1000);
  assert.equal((await failure(lost)).closeCode, 4000);
  assert.deepEqual(w.of("disconnected"), [{ code: 4000, reason: "inactivity timeout", willReconnect: true }]);
  await pass(t, 500);
  assert.equal(w.sockets.length, 2);
  w.last.openAndWelcome();
  socket.end(1006);
  await turn();
  assert.equal(w.of("disconnected").length, 1);
});

test("e167 before a welcome there is no ping", async (t) => {
  fakeTime(t);
  const w = watch({ inactivityTimeoutMs: 6000 });
  quiet(w.client.connect());
  w.last.open();
  await pass(t, 5_999, 5999);
  assert.equal(pings(w), 0);
});

test("e168 timers of before a drop do nothing to the new socket", async (t) => {
  const w = await connected(t);
  await pass(t, 19_000, 1000);
  w.last.end(1006);
  await pass(t, 500);
  w.last.openAndWelcome();
  await pass(t, 19_999, 19_999);
  assert.equal(pings(w), 0);
  await pass(t, 1, 1);
  assert.equal(pings(w), 1);
  await pass(t, 39_999, 13_333);
  assert.equal(w.client.state, "connected");
});

test("e169 the watchdog also runs before the welcome", async (t) => {
  fakeTime(t);
  const w = watch({ inactivityTimeoutMs: 5000 });
  const promise = quiet(w.client.connect());
  w.last.open();
  await pass(t, 4_999, 4999);
  assert.equal(w.client.state, "connecting");
  await pass(t, 1, 1);
  const error = await failure(promise);
  assert.deepEqual([error.closeCode, error.closeReason], [4000, "inactivity timeout"]);
});
