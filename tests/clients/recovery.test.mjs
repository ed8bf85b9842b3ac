// What each client does when its connection ends, or falls silent.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KINDS, Participant } from "./kit/clients.mjs";
import { KEY, startServer } from "./kit/server.mjs";

let server;
before(async () => {
  server = await startServer({ config: { limits: { connectsPerWindow: 0 } } });
});
after(() => server.stop());

/** Does the same with a client of each kind, all at once: most of it is waiting. */
function withEach(work) {
  return Promise.all(KINDS.map((kind, index) => work(kind, `${index}`)));
}

async function connected(kind, options = { apiKey: KEY }) {
  const client = await Participant.make(kind, { url: server.url, ...options });
  await client.connect();
  return client;
}

/** A client that publishes to a client that has come back. */
async function neighbour() {
  return connected(KINDS[0]);
}

test("after a broken connection a client comes back and has its subscriptions again", async () => {
  await withEach(async (kind, name) => {
    const [client, other] = await Promise.all([connected(kind), neighbour()]);
    for (const channel of ["a", "b", "gone"]) await client.subscribe(`${channel}-${name}`);
    await client.unsubscribe(`gone-${name}`);
    const affected = await server.fault(client.peerId, "drop");
    assert.equal(affected, 1);
    const { code, willReconnect } = await client.receives("disconnected");
    assert.deepEqual([code, willReconnect], [1006, true]);
    const { isReconnect, peerId } = await client.receives("connected");
    assert.equal(isReconnect, true);
    assert.notEqual(peerId, client.peerId, "a publishable key gets a new peer id for each connection");
    for (const channel of ["a", "b"]) {
      await client.receives("presence", { channel: `${channel}-${name}`, joined: [], left: [] });
      await other.publish(`${channel}-${name}`, "welcome back");
      await client.receives("message", { channel: `${channel}-${name}`, from: other.peerId, data: "welcome back" });
    }
    await other.publish(`gone-${name}`, "nobody there");
    await other.send(peerId, "last");
    await client.receives("direct", (direct) => direct.data === "last");
    assert.deepEqual(client.unasked("message"), []);
    await Promise.all([client.close(), other.close()]);
  });
});

test("a token that expires ends the connection with 4002; the provider is asked, and the subscriptions come back", async () => {
  await withEach(async (kind, name) => {
    const lifetimes = [2, 600];
    let asked = 0;
    const tokenProvider = () => server.token(`expires-${name}`, { expiresInSec: lifetimes[asked++] });
    const client = await Participant.make(kind, { url: server.url, tokenProvider });
    const { expiresAt } = await client.connect();
    await client.subscribe(`short-${name}`);
    const { code, willReconnect } = await client.receives("disconnected");
    assert.deepEqual([code, willReconnect], [4002, true]);
    assert.ok(Date.now() / 1000 < expiresAt, "the server closes before the token has expired");
    const again = await client.receives("connected");
    assert.deepEqual([again.peerId, again.isReconnect, asked], [client.peerId, true, 2]);
    assert.ok(again.expiresAt >= expiresAt + 500);
    await client.receives("presence", { channel: `short-${name}`, joined: [], left: [] });
    await client.close();
  });
});

test("a token that the server takes no longer ends the session for good", async () => {
  await withEach(async (kind, name) => {
    let token = await server.token(`revoked-${name}`);
    const client = await connected(kind, { tokenProvider: () => token });
    token = `${token.slice(0, -43)}${"A".repeat(43)}`;
    await server.fault(client.peerId, "drop");
    assert.equal((await client.receives("disconnected")).willReconnect, true);
    const { code, willReconnect } = await client.receives("disconnected");
    assert.deepEqual([code, willReconnect], [4001, false]);
    assert.equal(await client.state(), "closed");
  });
});

test("pings that are answered keep a silent connection", async () => {
  await withEach(async (kind) => {
    const client = await connected(kind, { apiKey: KEY, inactivityTimeoutMs: 2_400 });
    await sleep(4_000);
    assert.deepEqual(client.unasked("disconnected"), []);
    assert.equal(await client.state(), "connected");
    await client.close();
  });
});

test("pings that are not answered end the connection with 4000, and the client comes back", async () => {
  await withEach(async (kind) => {
    const client = await connected(kind, { apiKey: KEY, inactivityTimeoutMs: 1_500 });
    await server.fault(client.peerId, "silence");
    const { code, willReconnect } = await client.receives("disconnected");
    assert.deepEqual([code, willReconnect], [4000, true]);
    assert.equal((await client.receives("connected")).isReconnect, true);
    await client.close();
  });
});

test("a kick by the control plane is final, for all connections of the peer", async () => {
  await withEach(async (kind, name) => {
    const tokenProvider = () => server.token(`kicked-${name}`);
    const clients = await Promise.all([0, 1].map(() => connected(kind, { tokenProvider })));
    const answer = await server.rest("DELETE", `/v1/peers/kicked-${name}`);
    assert.deepEqual(answer, { peerId: `kicked-${name}`, closed: 2 });
    for (const client of clients) {
      const { code, willReconnect } = await client.receives("disconnected");
      assert.deepEqual([code, willReconnect], [4020, false]);
      assert.equal(await client.state(), "closed");
    }
    assert.deepEqual(await server.rest("DELETE", `/v1/peers/kicked-${name}`), { peerId: `kicked-${name}`, closed: 0 });
    for (const client of clients) assert.deepEqual(client.unasked("connected"), []);
  });
});

test("for the others a broken connection is a leave, and the return a join", async () => {
  await withEach(async (kind, name) => {
    const room = `broken-${name}`;
    const [client, other] = await Promise.all([connected(kind, { tokenProvider: () => server.token(room) }), neighbour()]);
    await other.subscribe(room);
    await client.subscribe(room);
    const entry = { peerId: client.peerId };
    await other.receives("presence", { channel: room, joined: [entry], left: [] });
    await server.fault(client.peerId, "drop");
    await other.receives("presence", { channel: room, joined: [], left: [entry] });
    await other.receives("presence", { channel: room, joined: [entry], left: [] });
    await Promise.all([client.close(), other.close()]);
  });
});

test("a server that goes away says so, closes with 1001, and is dialled again", async () => {
  await withEach(async (kind) => {
    const client = await connected(kind);
    await server.fault(client.peerId, "going_away", { retryAfterMs: 700, closeAfterMs: 50 });
    await client.receives("going-away", { retryAfterMs: 700 });
    const { code, willReconnect } = await client.receives("disconnected");
    assert.deepEqual([code, willReconnect], [1001, true]);
    assert.equal((await client.receives("connected")).isReconnect, true);
    await client.close();
  });
});

test("text that is not a frame does no harm", async () => {
  await withEach(async (kind, name) => {
    const client = await connected(kind);
    for (const fault of ["binary", "bad_json", "unknown_type", "second_welcome"]) await server.fault(client.peerId, fault);
    assert.deepEqual(await client.subscribe(`after-noise-${name}`), []);
    assert.deepEqual(client.unasked("disconnected"), []);
    await client.close();
  });
});
