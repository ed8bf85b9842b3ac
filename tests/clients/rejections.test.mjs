// What the server refuses, as each client sees it: error codes, limits, close codes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KINDS, Participant, refused } from "./kit/clients.mjs";
import { KEY, startServer } from "./kit/server.mjs";

let server;
before(async () => {
  server = await startServer({ config: { limits: { connectsPerWindow: 0 } } });
});
after(() => server.stop());

async function connected(kind, options, at = server) {
  const client = await Participant.make(kind, { url: at.url, apiKey: options?.tokenProvider ? undefined : KEY, ...options });
  await client.connect();
  return client;
}

for (const kind of KINDS) {
  test(`${kind.name}: learns by its code why a request was refused, and stays connected`, async () => {
    const client = await connected(kind);
    await refused(client.subscribe("_metered/internal"), { code: "channel_reserved" });
    await refused(client.publish("_SYSTEM/x", 1), { code: "channel_reserved" });
    // 200 characters pass the clients' checks; 400 bytes do not pass the server's.
    await refused(client.subscribe("ż".repeat(200)), { code: "invalid_channel" });
    await refused(client.send("nobody-of-that-name", 1), { code: "peer_not_found" });
    await refused(client.send("żółw", 1), { code: "invalid_peer_id" });
    assert.deepEqual(await client.subscribe(`still-here-${kind.name}`), []);
    assert.deepEqual([client.unasked("server-error"), client.unasked("disconnected")], [[], []]);
    await client.close();
  });

  test(`${kind.name}: may do only what its token covers`, async () => {
    const limits = { channels: ["rooms/*"], permissions: ["subscribe", "presence"] };
    const client = await connected(kind, { tokenProvider: () => server.token(`limited-${kind.name}`, limits) });
    await refused(client.subscribe("elsewhere"), { code: "channel_not_authorized" });
    await refused(client.publish("rooms/a", 1), { code: "action_not_permitted" });
    await refused(client.send("anybody", 1), { code: "action_not_permitted" });
    assert.deepEqual(await client.subscribe("rooms/a"), []);
    await client.close();
  });
}

test("the limit of channels is an error, and ends with an unsubscribe", async (t) => {
  const limited = await startServer({ t, config: { limits: { channelsPerConnection: 2 } } });
  for (const kind of KINDS) {
    const client = await connected(kind, {}, limited);
    await client.subscribe("one");
    await client.subscribe("two");
    await refused(client.subscribe("three"), { code: "channel_limit_exceeded" });
    await client.unsubscribe("one");
    await client.subscribe("three");
    await client.close();
  }
});

test("the quota of messages is an error; messages still arrive", async (t) => {
  const key = (index) => `pk_live_d8Xk2mZ9vB4nR8t${index}`;
  const publishableKeys = KINDS.map((_, index) => ({ key: key(index), app: `app-${index}`, actions: ["publish", "subscribe", "presence", "send"] }));
  const limited = await startServer({ t, config: { publishableKeys, limits: { messagesPerPeriod: 2 } } });
  for (const [index, kind] of KINDS.entries()) {
    const [client, other] = await Promise.all([0, 1].map(() => connected(kind, { apiKey: key(index) }, limited)));
    await other.subscribe("counted");
    await client.publish("counted", 1);
    await client.send(other.peerId, 2);
    await refused(client.publish("counted", 3), { code: "over_message_quota" });
    await other.receives("message", (message) => message.data === 1);
    await other.receives("direct", (direct) => direct.data === 2);
    await Promise.all([client.close(), other.close()]);
  }
});

test("too many messages a second end the connection with 4011, and the client comes back", async (t) => {
  const limited = await startServer({ t, config: { limits: { messagesPerSecond: 1, messageBurst: 10 } } });
  for (const kind of KINDS) {
    const client = await connected(kind, {}, limited);
    const flood = Array.from({ length: 12 }, (_, n) => client.publish("flood", n));
    const outcomes = await Promise.allSettled(flood);
    assert.ok(outcomes.some(({ reason }) => reason?.name === "DisconnectedError" || /closed/.test(reason?.message)), kind.name);
    const { code, willReconnect } = await client.receives("disconnected");
    assert.deepEqual([code, willReconnect], [4011, true]);
    const { isReconnect } = await client.receives("connected");
    assert.equal(isReconnect, true);
    await client.close();
  }
});

test("one connection too many is refused with 4010", async (t) => {
  const limited = await startServer({ t, nodes: 1, config: { limits: { connectionsPerApp: 1 } } });
  const first = await connected(KINDS[0], {}, limited);
  for (const kind of KINDS) {
    const client = await Participant.make(kind, { url: limited.url, apiKey: KEY });
    await refused(client.connect(), { closeCode: 4010 });
  }
  await first.close();
});

test("connecting too often is refused with HTTP 429", async (t) => {
  const limited = await startServer({ t, nodes: 1, config: { limits: { connectsPerWindow: 1 } } });
  const first = await connected(KINDS[0], {}, limited);
  for (const kind of KINDS) {
    const client = await Participant.make(kind, { url: limited.url, apiKey: KEY });
    await refused(client.connect(), kind.seesStatus ? { httpStatus: 429 } : { closeCode: 1006 });
  }
  await first.close();
});

test("a message that is too large ends the connection of the client that does not check, and no other's", async () => {
  for (const kind of KINDS) {
    const client = await connected(kind);
    const large = "x".repeat(70_000);
    if (kind.checksSize) {
      await refused(client.publish("large", large), { name: "OversizedPayloadError" });
    } else {
      await refused(client.publish("large", large), { name: "DisconnectedError" });
      const { code, willReconnect } = await client.receives("disconnected");
      assert.deepEqual([code, willReconnect], [1009, true]);
      await client.receives("connected");
    }
    await client.publish("large", "small");
    await client.close();
  }
});
