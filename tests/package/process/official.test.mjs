// The official client and ours, in one room of the local server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SignallingClient as Official } from "@metered-ca/realtime";
import WebSocket from "ws";
import { SignallingClient as Ours } from "../installed/entry.mjs";
import { startServer } from "../support/server.mjs";

let server;
before(async () => {
  server = await startServer(["--relaxed"]);
});
after(() => server.stop());

/** Resolves with the first payload of an event that a condition holds for. */
function next(client, event, holds = () => true) {
  return new Promise((resolve) => {
    client.on(event, (payload) => holds(payload) && resolve(payload));
  });
}

async function join(Client, channel, options) {
  const webSocketFactory = (url) => new WebSocket(url);
  const client = new Client({ apiKey: "pk_live_local", url: server.url, webSocketFactory, reconnect: { initialDelayMs: 50 }, ...options });
  const connected = next(client, "connected");
  await client.connect();
  const { peerId } = await connected;
  const snapshot = next(client, "presence");
  await client.subscribe(channel);
  return { client, peerId, snapshot: await snapshot };
}

const close = (...members) => Promise.all(members.map(({ client }) => client.close()));

test("presence works both ways", async () => {
  for (const [First, Second] of [[Ours, Official], [Official, Ours]]) {
    const first = await join(First, "presence");
    const delta = next(first.client, "presence", ({ joined }) => joined.length > 0);
    const second = await join(Second, "presence");
    assert.deepEqual(second.snapshot, { channel: "presence", joined: [{ peerId: first.peerId }], left: [] });
    assert.deepEqual(await delta, { channel: "presence", joined: [{ peerId: second.peerId }], left: [] });
    const gone = next(first.client, "presence", ({ left }) => left.length > 0);
    await second.client.close();
    assert.deepEqual(await gone, { channel: "presence", joined: [], left: [{ peerId: second.peerId }] });
    await close(first);
  }
});

test("channel and direct messages work both ways", async () => {
  const values = [{ text: "żółć 🦀" }, [1, [null]], "plain", 0, null];
  const ours = await join(Ours, "talk");
  const theirs = await join(Official, "talk");
  for (const [from, to] of [[ours, theirs], [theirs, ours]]) {
    for (const data of values) {
      const isIt = (event) => event.from === from.peerId && JSON.stringify(event.data) === JSON.stringify(data);
      const received = next(to.client, "message", isIt);
      await from.client.publish("talk", data);
      assert.deepEqual(await received, { channel: "talk", from: from.peerId, data });
      const direct = next(to.client, "direct", isIt);
      await from.client.send(to.peerId, data);
      assert.deepEqual(await direct, { from: from.peerId, data });
    }
  }
  await close(ours, theirs);
});

test("after a drop both find each other again", async () => {
  const ours = await join(Ours, "again");
  const theirs = await join(Official, "again");
  const back = [ours, theirs].map(({ client }) => next(client, "connected", ({ isReconnect }) => isReconnect));
  await server.fault("drop");
  const [us, them] = await Promise.all(back);
  // Both have subscribed again when each has seen the other, in a snapshot or as a newcomer.
  const sees = (client, peerId) => next(client, "presence", ({ joined }) => joined.some((peer) => peer.peerId === peerId));
  await Promise.race([sees(ours.client, them.peerId), sees(theirs.client, us.peerId)]);
  const received = next(theirs.client, "message");
  await ours.client.publish("again", "hello again");
  assert.equal((await received).data, "hello again");
  const answer = next(ours.client, "message");
  await theirs.client.publish("again", "hello you");
  assert.equal((await answer).data, "hello you");
  await close(ours, theirs);
});
