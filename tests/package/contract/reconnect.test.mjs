// Lost connections, delays, giving up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTime, pass, quiet, turn, watch } from "../support/fake.mjs";

async function connected(t, options) {
  fakeTime(t);
  const w = watch(options);
  await w.connect();
  return w;
}

/** The delay until the next dial, found in steps of `grain`. */
async function delay(t, w, grain = 100, longest = 60_000) {
  const before = w.sockets.length;
  for (let gone = 0; gone < longest; gone += grain) {
    await pass(t, grain, grain);
    if (w.sockets.length > before) return gone + grain;
  }
  return Infinity;
}

test("e107 e108 a drop: disconnected, then the state; a welcome brings it back", async (t) => {
  const w = await connected(t);
  w.clear();
  const states = [];
  w.client.on("disconnected", () => states.push(w.client.state));
  w.last.end(1001, "restart");
  assert.deepEqual(w.events, [
    ["disconnected", { code: 1001, reason: "restart", willReconnect: true }],
    ["state-change", { from: "connected", to: "reconnecting" }],
  ]);
  assert.deepEqual(states, ["reconnecting"], "the state is already the new one");
  w.clear();
  await pass(t, 500);
  assert.deepEqual(w.events, []);
  w.last.openAndWelcome();
  await turn();
  assert.deepEqual(w.names(), ["state-change", "connected"]);
  assert.deepEqual(w.of("state-change"), [{ from: "reconnecting", to: "connected" }]);
  assert.equal(w.of("connected")[0].isReconnect, true);
});

test("e109 a close without a code counts as 1006", async (t) => {
  const w = await connected(t);
  w.last.readyState = 3;
  w.last.dispatch("close", {});
  assert.deepEqual(w.of("disconnected"), [{ code: 1006, reason: "", willReconnect: true }]);
});

test("e110 these codes are retried", async (t) => {
  fakeTime(t);
  for (const code of [1000, 1001, 1005, 1006, 1008, 1009, 1011, 4000, 4002, 4011, 4999]) {
    const w = watch();
    (await w.connect()).end(code, "r");
    assert.deepEqual(w.of("disconnected"), [{ code, reason: "r", willReconnect: true }]);
    await pass(t, 500);
    assert.equal(w.sockets.length, 2, String(code));
    await w.client.close();
  }
});

test("e111 these codes end it", async (t) => {
  fakeTime(t);
  for (const code of [4001, 4003, 4012, 4020]) {
    const w = watch();
    await w.connect();
    w.clear();
    w.last.end(code, "r");
    assert.deepEqual(w.events, [
      ["disconnected", { code, reason: "r", willReconnect: false }],
      ["state-change", { from: "connected", to: "closed" }],
    ]);
    await pass(t, 60_000, 5000);
    assert.equal(w.sockets.length, 1);
  }
});

test("e112 the delays double up to 30 s", async (t) => {
  const w = await connected(t);
  for (const expected of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    w.last.end(1006);
    assert.equal(await delay(t, w, 500), expected);
  }
});

test("e113 the jitter stays within its share", async (t) => {
  fakeTime(t);
  const seen = new Set();
  for (let i = 0; i < 30; i += 1) {
    const w = watch({ reconnect: { initialDelayMs: 1000, jitterRatio: 0.2 } });
    (await w.connect()).end(1006);
    const waited = await delay(t, w, 50);
    assert.ok(waited >= 800 && waited <= 1200, String(waited));
    seen.add(waited);
    await w.client.close();
  }
  assert.ok(seen.size > 3, "clients differ");
});

test("e114 own knobs", async (t) => {
  const w = await connected(t, { reconnect: { initialDelayMs: 1000, multiplier: 3, maxDelayMs: 10_000, jitterRatio: 0 } });
  for (const expected of [1000, 3000, 9000, 10_000, 10_000]) {
    w.last.end(1006);
    assert.equal(await delay(t, w, 500), expected);
  }
});

test("e115 a welcome starts the delays over", async (t) => {
  const w = await connected(t);
  for (let i = 0; i < 4; i += 1) {
    w.last.end(1006);
    await delay(t, w, 500);
  }
  w.last.openAndWelcome();
  w.last.end(1006);
  assert.equal(await delay(t, w), 500);
});

test("e116 after 4010 the delay is never below 30 s", async (t) => {
  fakeTime(t);
  for (let i = 0; i < 10; i += 1) {
    const w = watch({ reconnect: { jitterRatio: 1 } });
    (await w.connect()).end(4010);
    const waited = await delay(t, w, 500, 61_000);
    assert.ok(waited >= 30_000 && waited <= 60_000, String(waited));
    await w.client.close();
  }
});

test("e117 the floor of 4010 dies with its attempt", async (t) => {
  const w = await connected(t);
  w.last.end(4010);
  assert.equal(await delay(t, w, 500), 30_000);
  w.last.end(1006);
  assert.equal(await delay(t, w), 1000);
});

test("e118 4010 at a first connect leaves no floor behind", async (t) => {
  fakeTime(t);
  const w = watch();
  quiet(w.client.connect());
  w.last.end(4010);
  await w.connect();
  w.last.end(1006);
  assert.equal(await delay(t, w), 500);
});

test("e119 e120 e122 when the retries are used up, the client says so once", async (t) => {
  const w = await connected(t, { reconnect: { maxAttempts: 2, jitterRatio: 0 } });
  w.clear();
  w.last.end(1006, "lost");
  await delay(t, w);
  w.last.end(1006);
  await delay(t, w);
  w.last.end(1006);
  await pass(t, 60_000, 5000);
  assert.equal(w.sockets.length, 3);
  assert.deepEqual(w.events, [
    ["disconnected", { code: 1006, reason: "lost", willReconnect: true }],
    ["state-change", { from: "connected", to: "reconnecting" }],
    ["disconnected", { code: 1006, reason: "", willReconnect: true }],
    ["disconnected", { code: 1006, reason: "", willReconnect: false }],
    ["state-change", { from: "reconnecting", to: "closed" }],
  ]);
});

test("e121 after 1,100 failures it still tries", async (t) => {
  const w = await connected(t, { reconnect: { maxAttempts: Infinity, multiplier: 10_000, jitterRatio: 0 } });
  for (let i = 0; i < 1100; i += 1) {
    w.last.end(1006);
    await pass(t, 30_000, 30_000);
  }
  assert.equal(w.sockets.length, 1101);
  assert.equal(w.client.state, "reconnecting");
});

test("e123 a retry that is refused for good ends it", async (t) => {
  const w = await connected(t);
  w.last.end(1006);
  await delay(t, w);
  w.clear();
  w.last.open();
  w.last.end(4001, "revoked");
  assert.deepEqual(w.events, [
    ["disconnected", { code: 4001, reason: "revoked", willReconnect: false }],
    ["state-change", { from: "reconnecting", to: "closed" }],
  ]);
});

test("e124 a retry without a welcome for 10 s has failed", async (t) => {
  const w = await connected(t);
  w.last.end(1006);
  await delay(t, w);
  w.clear();
  w.last.answers = "never";
  w.last.open();
  await pass(t, 9_999, 3333);
  assert.deepEqual(w.events, []);
  await pass(t, 1, 1);
  assert.deepEqual(w.events, [["disconnected", { code: 4000, reason: "welcome timeout", willReconnect: true }]]);
  assert.equal(await delay(t, w), 1000);
});

test("e125 close() while waiting for a retry cancels it, and says so once", async (t) => {
  const w = await connected(t);
  w.last.end(1006);
  w.clear();
  await w.client.close(4321, "enough");
  await pass(t, 60_000, 5000);
  assert.equal(w.sockets.length, 1);
  assert.deepEqual(w.events, [
    ["disconnected", { code: 4321, reason: "enough", willReconnect: false }],
    ["state-change", { from: "reconnecting", to: "closed" }],
  ]);
});

test("e126 close() inside of a disconnected handler: no retry", async (t) => {
  const w = await connected(t);
  w.client.once("disconnected", () => quiet(w.client.close()));
  w.last.end(1006);
  await pass(t, 60_000, 5000);
  assert.equal(w.sockets.length, 1);
  assert.equal(w.client.state, "closed");
});

test("e127 e128 going away is an event and changes no delay", async (t) => {
  const w = await connected(t);
  for (const retryAfterMs of [30_000, 0, -1, "x", null, undefined, 0.5]) w.last.receive({ type: "going_away", retryAfterMs });
  assert.deepEqual(
    w.of("going-away").map((event) => event.retryAfterMs),
    [30_000, 1000, 1000, 1000, 1000, 1000, 0.5],
  );
  w.last.end(1001);
  assert.equal(await delay(t, w), 500);
});

test("e129 the token provider is asked before every attempt", async (t) => {
  let calls = 0;
  const w = await connected(t, { tokenProvider: () => `token${(calls += 1)}` });
  for (let i = 2; i <= 4; i += 1) {
    w.last.end(4002);
    await delay(t, w, 500);
    assert.equal(calls, i);
    assert.ok(w.last.url.endsWith(`token=token${i}`));
  }
});

test("e130 events of an earlier socket change nothing", async (t) => {
  const w = await connected(t);
  const [old] = w.sockets;
  old.end(1006);
  await delay(t, w);
  w.last.openAndWelcome();
  await turn();
  w.clear();
  old.dispatch("close", { code: 4001, reason: "late" });
  old.receive({ type: "message", channel: "c", from: "p", data: 1 });
  old.dispatch("open");
  old.dispatch("error");
  await turn();
  assert.deepEqual([w.events, w.client.state], [[], "connected"]);
  assert.equal(old.listenerCount(), 0, "nothing listens to it any more");
});

test("e131 there is never more than one live socket", async (t) => {
  const w = await connected(t);
  const live = () => w.sockets.filter((socket) => socket.readyState < 2).length;
  for (let i = 0; i < 5; i += 1) {
    const { last } = w;
    last.end(1006);
    last.dispatch("close", { code: 1006 });
    last.dispatch("close", { code: 1006 });
    await delay(t, w, 500);
    assert.equal(live(), 1);
  }
});

test("e132 close() in the handler of state-change to connected: no connected event follows", async (t) => {
  fakeTime(t);
  const w = watch();
  w.client.on("state-change", ({ to }) => {
    if (to === "connected") quiet(w.client.close());
  });
  const promise = quiet(w.client.connect());
  w.last.openAndWelcome();
  await turn();
  assert.deepEqual(w.of("connected"), []);
  assert.equal(w.client.state, "closed");
  await assert.rejects(promise);
});

test("a server that drops everyone it welcomes is dialled 20 times a minute", async (t) => {
  const w = await connected(t, { reconnect: { initialDelayMs: 100, jitterRatio: 0 } });
  for (let minute = 0; minute < 60_000; minute += 100) {
    if (w.last.readyState === 0) w.last.openAndWelcome();
    if (w.last.readyState === 1) w.last.end(1006);
    await pass(t, 100, 100);
  }
  assert.ok(w.sockets.length >= 20 && w.sockets.length <= 22, String(w.sockets.length));
});

test("the dial budget can be switched off", async (t) => {
  const w = await connected(t, { reconnect: { initialDelayMs: 100, jitterRatio: 0, maxDialsPerMinute: Infinity } });
  for (let gone = 0; gone < 10_000; gone += 100) {
    if (w.last.readyState === 0) w.last.openAndWelcome();
    if (w.last.readyState === 1) w.last.end(1006);
    await pass(t, 100, 100);
  }
  assert.ok(w.sockets.length > 90, String(w.sockets.length));
});
