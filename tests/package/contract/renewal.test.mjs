// Renewing a token before it expires: a new connection takes over without a gap (option `renewBeforeExpiryMs`).

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTime, pass, quiet, turn, watch, WELCOME } from "../support/fake.mjs";

const LIFETIME_S = 120;
const expiring = (fields) => ({ expiresAt: WELCOME.serverTime + LIFETIME_S, ...fields });

/** Connected and subscribed to `a`; a minute later a second socket is on its way. */
async function renewing(t) {
  fakeTime(t);
  const tokens = ["t1", "t2", "t3"];
  const w = watch({ tokenProvider: () => tokens.shift(), renewBeforeExpiryMs: 60_000, inactivityTimeoutMs: 0 });
  const old = await w.connect(expiring({ metadata: { iceServers: [{ urls: "stun:old" }] } }));
  quiet(w.client.subscribe("a"));
  old.ack();
  w.clear();
  await pass(t, 60_000, 5_000);
  assert.equal(w.sockets.length, 2);
  assert.ok(w.last.url.endsWith("?token=t2"));
  return { w, old };
}

test("the new connection brings the channels over, and then takes over", async (t) => {
  const { w, old } = await renewing(t);
  w.last.openAndWelcome(expiring({ maxMessageSize: 500, metadata: { iceServers: [{ urls: "stun:new" }] } }));
  await turn();
  assert.deepEqual(w.last.of("subscribe").map(({ channel }) => channel), ["a"]);
  assert.deepEqual(w.names(), []);
  w.last.ack();
  await turn();
  const [connected, ...more] = w.of("connected");
  assert.deepEqual(more, []);
  assert.deepEqual(
    [connected.isReconnect, connected.maxMessageSize, connected.iceServers],
    [true, 500, [{ urls: "stun:new" }]],
  );
  assert.equal(w.client.state, "connected");
  assert.deepEqual(old.of("ping").length, 1);
  old.receive({ type: "pong" });
  await turn();
  assert.deepEqual(old.closes, [[1000, "superseded"]]);
  assert.deepEqual(w.of("disconnected"), []);
  quiet(w.client.publish("a", 1));
  assert.equal(w.last.of("publish").length, 1);
});

test("messages come from the old connection until then, and presence of the new one follows", async (t) => {
  const { w, old } = await renewing(t);
  const message = (data) => ({ type: "message", channel: "a", from: "p", data });
  w.last.openAndWelcome(expiring());
  w.last.receive({ type: "presence", channel: "a", joined: [{ peerId: "p" }], left: [] });
  w.last.receive(message("twice"));
  old.receive(message("once"));
  await turn();
  assert.deepEqual(w.of("message").map(({ data }) => data), ["once"]);
  assert.deepEqual(w.of("presence"), []);
  w.clear();
  w.last.ack();
  w.last.receive(message("new"));
  old.receive(message("late"));
  await turn();
  assert.deepEqual(w.names(), ["connected", "presence", "message", "message"]);
  assert.deepEqual(w.of("presence"), [{ channel: "a", joined: [{ peerId: "p" }], left: [] }]);
});

test("a renewal that fails leaves the connection alone, and the events held for it are dropped", async (t) => {
  const { w, old } = await renewing(t);
  w.last.openAndWelcome(expiring());
  w.last.receive({ type: "presence", channel: "a", joined: [{ peerId: "p" }], left: [] });
  w.last.end(1006);
  await turn();
  assert.deepEqual([w.client.state, w.names()], ["connected", []]);
  await pass(t, 15_000, 1_000);
  assert.equal(w.sockets.length, 3);
  w.last.openAndWelcome(expiring());
  w.last.ack();
  await turn();
  assert.deepEqual(w.names(), ["connected"]);
  assert.deepEqual(old.closes, []);
});

test("a request that is in flight is answered by the old connection", async (t) => {
  const { w, old } = await renewing(t);
  const published = w.client.publish("a", 1);
  w.last.openAndWelcome(expiring());
  w.last.ack();
  old.receive({ type: "pong" });
  await turn();
  assert.deepEqual(old.closes, []);
  old.ack(old.of("publish")[0]);
  await published;
  await turn();
  assert.deepEqual(old.closes, [[1000, "superseded"]]);
});
