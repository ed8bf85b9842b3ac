// Under the timers of a test library, which fake `nextTick` and `queueMicrotask` as well by default, nothing hangs on a callback of ours.

import assert from "node:assert/strict";
import { test } from "node:test";
import FakeTimers from "@sinonjs/fake-timers";
import { connected, inPage, make, pause, startAcking, surfaces, within } from "./kit.mjs";

/** Fakes everything, or all but `nextTick`, until the test ends. */
function fake(t, toNotFake = []) {
  const clock = FakeTimers.install({ shouldClearNativeTimers: true, toNotFake });
  t.after(() => clock.uninstall());
  return clock;
}

const NEW_CONNECTIONS = ["nextTick"];

for (const [name, surface] of Object.entries(await surfaces())) {
  test(`${name}: with all timers faked, an open connection sends, receives and is acknowledged`, async (t) => {
    const { url } = await startAcking((frame, peer) => {
      if (frame.type === "publish") peer.send(JSON.stringify({ type: "message", channel: "a", from: "p", data: frame.data }));
      return false;
    });
    const client = await connected(surface, url);
    const clock = fake(t);
    const stream = client.events("message");
    assert.equal(await within(client.subscribe("a")), "settled");
    assert.equal(await within(client.publish("a", 1)), "settled");
    assert.equal(await within(client.send("p", 1)), "settled");
    assert.equal(await within(stream.next()), "settled");
    assert.equal(await within(client.unsubscribe("a")), "settled");
    client.on("disconnected", async () => {});
    const closing = client.close();
    assert.equal(client.state, "closed");
    // Node itself tells of a closed socket in a tick.
    clock.tick(1001);
    assert.equal(await within(closing), "settled");
  });

  test(`${name}: with a real nextTick alone, close() settles as soon as the peer answers`, async (t) => {
    const { url } = await startAcking();
    const client = await connected(surface, url);
    fake(t, NEW_CONNECTIONS);
    client.on("disconnected", async () => {});
    assert.equal(await within(client.close()), "settled");
  });

  test(`${name}: what was begun under faked timers goes on when the real ones are back`, async (t) => {
    const { url } = await startAcking();
    const client = await connected(surface, url);
    const clock = fake(t);
    const first = client.publish("a", 1);
    clock.uninstall();
    assert.equal(await within(first), "settled");
    assert.equal(await within(client.publish("a", 2)), "settled");
    assert.equal(await within(client.close()), "settled");
  });

  test(`${name}: a call that is not answered fails by the test's clock`, async (t) => {
    const { url } = await startAcking(({ type }) => type === "publish");
    const client = await connected(surface, url);
    const clock = fake(t);
    const call = client.publish("a", 1, { timeoutMs: 5000 });
    assert.equal(await within(call, 100), "pending");
    clock.tick(5001);
    assert.equal(await within(call), "AckTimeoutError");
  });

  test(`${name}: a peer that never answers a close is given up by the test's clock`, async (t) => {
    const { url, peers } = await startAcking();
    const client = await connected(surface, url);
    peers[0]._socket.pause();
    const clock = fake(t);
    const closing = client.close();
    assert.equal(client.state, "closed");
    assert.equal(await within(closing, 100), "pending");
    clock.tick(1100);
    assert.equal(await within(closing), "settled");
  });

  test(`${name}: with a real nextTick a client connects, and the test's clock drives its backoff`, async (t) => {
    const { url, peers } = await startAcking();
    const clock = fake(t, NEW_CONNECTIONS);
    const client = make(surface, url, { reconnect: { initialDelayMs: 60_000, maxDelayMs: 60_000, jitterRatio: 0 } });
    assert.equal(await within(client.connect()), "settled");
    const lost = new Promise((resolve) => client.once("disconnected", resolve));
    peers[0].terminate();
    assert.equal(await within(lost), "settled");
    clock.tick(59_000);
    await pause(50);
    assert.deepEqual([peers.length, client.state], [1, "reconnecting"]);
    const back = new Promise((resolve) => client.once("connected", resolve));
    clock.tick(1_001);
    assert.equal(await within(back), "settled");
    assert.equal(await within(client.close()), "settled");
  });

  test(`${name}: a token provider is asked, and answers, with a real nextTick alone`, async (t) => {
    const { url } = await startAcking();
    fake(t, NEW_CONNECTIONS);
    const client = make(surface, url, { apiKey: undefined, tokenProvider: async () => "token" });
    assert.equal(await within(client.connect()), "settled");
    assert.equal(await within(client.close()), "settled");
  });
}

test("d23 a page: with timers and microtasks faked, a client connects, is acknowledged and closes", async () => {
  const { url } = await startAcking();
  const states = await inPage(async ({ SignallingClient }, url) => {
    const kept = { setTimeout, clearTimeout, queueMicrotask };
    Object.assign(globalThis, { setTimeout: () => 1, clearTimeout() {}, queueMicrotask() {} });
    try {
      const client = new SignallingClient({ url, apiKey: "pk_test" });
      await client.connect();
      const open = client.state;
      await client.publish("a", 1);
      await client.close();
      return [open, client.state];
    } finally {
      Object.assign(globalThis, kept);
    }
  }, url);
  assert.deepEqual(states, ["connected", "closed"]);
});
