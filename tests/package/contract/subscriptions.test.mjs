// Which channels a reconnect brings back, and how.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTime, failure, outcome, pass, quiet, turn, watch } from "../support/fake.mjs";

/** A connected client under fake time, with the steps of these tests. */
async function connected(t, options) {
  fakeTime(t);
  const w = watch(options);
  await w.connect();
  return Object.assign(w, {
    /** Subscribes, and the server acks. */
    async subscribe(channel, options) {
      const promise = w.client.subscribe(channel, options);
      w.last.ack();
      await promise;
    },
    drop: () => w.last.end(1006),
    /** Reconnects. Returns the requests on the new connection. */
    async reconnect() {
      await pass(t, 500);
      w.last.openAndWelcome();
      await turn();
      return subscribed(w.last);
    },
  });
}

const subscribed = (socket) => socket.of("subscribe").map((frame) => frame.channel);

test("e091 an acked subscription comes back exactly once", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  w.drop();
  assert.deepEqual(await w.reconnect(), ["a"]);
});

test("e092 a subscribe that was not answered before the drop comes back", async (t) => {
  const w = await connected(t);
  const promise = quiet(w.client.subscribe("a"));
  w.drop();
  assert.equal((await failure(promise)).name, "DisconnectedError");
  assert.deepEqual(await w.reconnect(), ["a"]);
});

test("e093 a subscribe that failed offline does not come back", async (t) => {
  const w = await connected(t);
  w.drop();
  await failure(w.client.subscribe("a"));
  assert.deepEqual(await w.reconnect(), []);
});

test("e094 e095 a re-subscribe that failed offline leaves the subscription as it was", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  w.drop();
  await failure(w.client.subscribe("a", { includeSenderMetadata: true }));
  assert.deepEqual(await w.reconnect(), ["a"]);
  assert.equal("includeSenderMetadata" in w.last.frames[0], false);
});

test("e096 the latest options come back, in one frame", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  await w.subscribe("a", { includeSenderMetadata: true });
  w.drop();
  assert.deepEqual(await w.reconnect(), ["a"]);
  assert.equal(w.last.frames[0].includeSenderMetadata, true);
});

test("e097 an unsubscribed channel does not come back", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  const promise = w.client.unsubscribe("a");
  w.last.ack();
  await promise;
  w.drop();
  assert.deepEqual(await w.reconnect(), []);
});

test("e098 unsubscribing while offline fails, and still counts", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  w.drop();
  assert.equal((await failure(w.client.unsubscribe("a"))).name, "NotConnectedError");
  assert.deepEqual(await w.reconnect(), []);
});

test("e099 an unsubscribe in flight at the drop counts", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  quiet(w.client.unsubscribe("a"));
  w.drop();
  assert.deepEqual(await w.reconnect(), []);
});

test("e100 a subscribe that the server refused does not come back", async (t) => {
  const w = await connected(t);
  const promise = w.client.subscribe("a");
  w.last.refuse("channel_not_authorized");
  await failure(promise);
  w.drop();
  assert.deepEqual(await w.reconnect(), []);
});

test("a refused re-subscribe keeps the earlier options", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  const promise = w.client.subscribe("a", { includeSenderMetadata: true });
  w.last.refuse("backend_error");
  await failure(promise);
  w.drop();
  assert.deepEqual(await w.reconnect(), ["a"]);
  assert.equal("includeSenderMetadata" in w.last.frames[0], false);
});

test("a withdrawn subscribe does not come back", async (t) => {
  const w = await connected(t);
  const controller = new AbortController();
  const promise = quiet(w.client.subscribe("a", { signal: controller.signal }));
  controller.abort();
  await failure(promise);
  w.drop();
  assert.deepEqual(await w.reconnect(), []);
});

test("e101 a subscribe that timed out comes back", async (t) => {
  const w = await connected(t, { inactivityTimeoutMs: 0 });
  const promise = quiet(w.client.subscribe("a"));
  await pass(t, 15_000, 1000);
  assert.equal((await failure(promise)).name, "AckTimeoutError");
  w.drop();
  assert.deepEqual(await w.reconnect(), ["a"]);
});

test("e102 without autoResubscribe nothing comes back", async (t) => {
  const w = await connected(t, { autoResubscribe: false });
  await w.subscribe("a");
  w.drop();
  assert.deepEqual(await w.reconnect(), []);
});

test("e103 e104 close() forgets all channels, for good", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  await w.client.close();
  await w.connect();
  assert.deepEqual(subscribed(w.last), []);
  w.drop();
  assert.deepEqual(await w.reconnect(), []);
});

test("after an automatic end, a manual connect() brings the channels back", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  w.last.end(4020);
  assert.equal(w.client.state, "closed");
  await w.connect();
  assert.deepEqual(subscribed(w.last), ["a"]);
});

test("e105 unsubscribing from what was never subscribed is sent and answered", async (t) => {
  const w = await connected(t);
  const promise = w.client.unsubscribe("never");
  assert.deepEqual(w.last.of("unsubscribe").map((frame) => frame.channel), ["never"]);
  w.last.ack();
  await promise;
});

test("e106 channels come back in the order of their first subscribes", async (t) => {
  const w = await connected(t);
  for (const channel of ["c", "a", "b", "c"]) await w.subscribe(channel);
  w.drop();
  assert.deepEqual(await w.reconnect(), ["c", "a", "b"]);
});

// ---- how they come back ----

/** One channel that is being brought back. */
async function replaying(t, options) {
  const w = await connected(t, options);
  await w.subscribe("a");
  w.drop();
  assert.deepEqual(await w.reconnect(), ["a"]);
  return w;
}

test("e133 connected handlers run before the channels are brought back", async (t) => {
  const w = await connected(t);
  await w.subscribe("a");
  let before;
  w.client.on("connected", () => {
    before = w.last.sent.length;
  });
  w.drop();
  await w.reconnect();
  assert.equal(before, 0);
});

test("e134 the first welcome brings nothing back", async (t) => {
  const w = await connected(t);
  assert.deepEqual(w.last.frames, []);
});

test("e135 e136 e137 a refused replay is tried three times more, 2 s apart, on each connection", async (t) => {
  const w = await replaying(t);
  for (let tries = 1; tries <= 4; tries += 1) {
    assert.equal(subscribed(w.last).length, tries);
    w.last.refuse("backend_error");
    await pass(t, 1_999, 1999);
    assert.equal(subscribed(w.last).length, tries);
    await pass(t, 1, 1);
  }
  await pass(t, 30_000, 1000);
  assert.equal(subscribed(w.last).length, 4);
  assert.equal(w.client.state, "connected");
  assert.deepEqual(w.of("server-error"), [{ code: "backend_error", channel: "a" }]);
  w.drop();
  assert.deepEqual(await w.reconnect(), ["a"]);
  w.last.refuse("backend_error");
  await pass(t, 2_000);
  assert.equal(subscribed(w.last).length, 2);
});

test("e138 a replay that is not answered is tried again 2 s after its 15 s", async (t) => {
  const w = await replaying(t, { inactivityTimeoutMs: 0, reconnect: { jitterRatio: 0 } });
  await pass(t, 15_000, 1000);
  await pass(t, 1_999, 1999);
  assert.equal(subscribed(w.last).length, 1);
  await pass(t, 1, 1);
  assert.equal(subscribed(w.last).length, 2);
});

test("e139 unsubscribing between tries ends them", async (t) => {
  const w = await replaying(t);
  w.last.refuse("backend_error");
  quiet(w.client.unsubscribe("a"));
  await pass(t, 10_000, 1000);
  assert.equal(subscribed(w.last).length, 1);
});

test("e140 re-subscribing between tries decides what the next try asks for", async (t) => {
  const w = await replaying(t);
  const [replay] = w.last.frames;
  quiet(w.client.subscribe("a", { includeSenderMetadata: true }));
  w.last.refuse("backend_error", replay);
  await pass(t, 2_000);
  const frames = w.last.of("subscribe");
  assert.equal(frames.length, 3);
  assert.equal(frames[2].includeSenderMetadata, true);
});

test("e141 a drop between tries cancels them; the new connection asks once", async (t) => {
  const w = await replaying(t);
  w.last.refuse("backend_error");
  await pass(t, 1_000);
  w.drop();
  assert.deepEqual(await w.reconnect(), ["a"]);
  w.last.ack();
  await pass(t, 10_000, 1000);
  assert.deepEqual(subscribed(w.last), ["a"]);
});

test("e142 the snapshot of a replay is an event, and the replay causes no other event", async (t) => {
  const w = await replaying(t);
  w.clear();
  w.last.ack();
  w.last.receive({ type: "presence", channel: "a", joined: [{ peerId: "p" }], left: [] });
  assert.deepEqual(w.events, [["presence", { channel: "a", joined: [{ peerId: "p" }], left: [] }]]);
});

test("e143 a replay that can never succeed is not tried again", async (t) => {
  for (const code of ["channel_reserved", "invalid_channel"]) {
    const w = await replaying(t);
    w.last.refuse(code);
    await pass(t, 10_000, 1000);
    assert.equal(subscribed(w.last).length, 1);
    t.mock.timers.reset();
  }
});

test("e144 a request does not wait for the replays", async (t) => {
  const w = await replaying(t);
  const promise = w.client.publish("a", 1);
  w.last.ack();
  assert.deepEqual(await outcome(promise), { value: undefined });
});
