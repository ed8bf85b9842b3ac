// What a user does in a session, step by step, with a real server. Throws at what is not as it should be.

const assert = require("node:assert/strict");

/** The next event that a condition holds for. */
function next(client, event, holds = () => true) {
  return new Promise((resolve) => {
    const handler = (payload) => {
      if (!holds(payload)) return;
      client.off(event, handler);
      resolve(payload);
    };
    client.on(event, handler);
  });
}

module.exports = async function session({ SignallingClient, ServerRequestError, NotConnectedError }, url) {
  const options = { apiKey: "pk_live_local", url, reconnect: { initialDelayMs: 50 } };
  const alice = new SignallingClient(options);
  const bob = new SignallingClient(options);
  assert.equal(alice.state, "idle");
  await assert.rejects(alice.publish("room", 1), NotConnectedError);

  const [{ peerId: aliceId }, { peerId: bobId }] = await Promise.all([
    next(alice, "connected"),
    next(bob, "connected"),
    alice.connect(),
    bob.connect(),
  ]);
  assert.notEqual(aliceId, bobId);

  const empty = next(alice, "presence");
  await alice.subscribe("room");
  assert.deepEqual(await empty, { channel: "room", joined: [], left: [] });
  const joined = next(alice, "presence");
  const snapshot = next(bob, "presence");
  await bob.subscribe("room");
  assert.deepEqual(await joined, { channel: "room", joined: [{ peerId: bobId }], left: [] });
  assert.deepEqual(await snapshot, { channel: "room", joined: [{ peerId: aliceId }], left: [] });

  const heard = next(bob, "message");
  const echoes = [];
  alice.on("message", (message) => echoes.push(message));
  await alice.publish("room", { text: "żółć 🦀", deep: [null] });
  assert.deepEqual(await heard, { channel: "room", from: aliceId, data: { text: "żółć 🦀", deep: [null] } });
  assert.deepEqual(echoes, [], "no echo");
  const direct = next(alice, "direct");
  await bob.send(aliceId, "psst");
  assert.deepEqual(await direct, { from: bobId, data: "psst" });

  const stream = bob.events("message");
  await Promise.all(Array.from({ length: 50 }, (_, i) => alice.publish("room", i)));
  const order = [];
  for await (const { data } of stream) {
    order.push(data);
    if (order.length === 50) break;
  }
  assert.deepEqual(order, Array.from({ length: 50 }, (_, i) => i));

  await assert.rejects(alice.send("nobody", 1), (error) => error instanceof ServerRequestError && error.code === "peer_not_found");
  await assert.rejects(alice.subscribe("_metered/x"), { code: "channel_reserved", outcome: "rejected" });
  await assert.rejects(alice.publish("room", "x".repeat(70_000)), { name: "OversizedPayloadError" });
  assert.equal(alice.state, "connected");

  // All connections are dropped; both come back by themselves, with their channel.
  const lost = [next(alice, "disconnected"), next(bob, "disconnected")];
  const back = [next(alice, "connected"), next(bob, "connected")];
  const together = next(bob, "presence", ({ joined }) => joined.length > 0);
  const dropped = await fetch(`${url.replace("ws:", "http:")}/_dev/faults`, { method: "POST", body: '{"fault":"drop"}' });
  assert.equal(dropped.ok, true);
  for (const { willReconnect } of await Promise.all(lost)) assert.equal(willReconnect, true);
  for (const { isReconnect } of await Promise.all(back)) assert.equal(isReconnect, true);
  await together;
  const again = next(bob, "message");
  await alice.publish("room", "after the drop");
  assert.equal((await again).data, "after the drop");

  const left = next(bob, "presence", ({ left }) => left.length > 0);
  await alice.unsubscribe("room");
  assert.equal((await left).channel, "room");

  await alice.close();
  await bob.close(4321, "bye");
  assert.deepEqual([alice.state, bob.state], ["closed", "closed"]);
  await assert.rejects(alice.publish("room", 1), NotConnectedError);
  console.log("all steps done");
};
