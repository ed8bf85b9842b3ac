// Links that break as real ones do, in each kind of runtime: Node, Node with the global WebSocket, and Chromium.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startSite } from "./kit/site.mjs";
import { inNode, inPage, PLAIN, WITH_GLOBAL } from "./kit/place.mjs";
import { startProxy } from "./kit/proxy.mjs";
import { startServer } from "./kit/server.mjs";
import { sleep, until } from "./kit/time.mjs";

const TIMEOUT_MS = 1500;
/** How long beyond the timeout a dead link may take to be noticed and replaced. */
const GRACE_MS = 1000;

let site;

before(async () => (site = await startSite()));
after(() => site?.stop());

const RUNTIMES = {
  Node: () => inNode(PLAIN),
  "Node with the global WebSocket": () => inNode(WITH_GLOBAL),
  Chromium: () => inPage(site),
};

const QUICKLY = { initialDelayMs: 50, maxDelayMs: 200 };

/** These tests mostly wait, so all of them run at once. */
describe("links", { concurrency: true }, () => {
  for (const [runtime, open] of Object.entries(RUNTIMES)) describe(runtime, { concurrency: true }, () => inOne(open));
});

function inOne(open) {
  // A server of its own, so that the same test in another runtime does not use its channels.
  let server;
  let place;
  before(async () => {
    server = await startServer();
    place = await open();
  });
  after(async () => {
    await place?.close();
    await server?.stop();
  });

  /** A proxy that ends with the test. */
  async function proxyFor(t) {
    const proxy = await startProxy(server.url);
    t.after(() => proxy.stop());
    return proxy;
  }

  /** A client behind a proxy, subscribed to a channel of its own. */
  async function behindProxy(t, channel, options = {}) {
    const proxy = await proxyFor(t);
    const client = await place.client({ apiKey: "pk_live_local", url: proxy.url, reconnect: QUICKLY, ...options });
    const id = await client.connect();
    assert.equal((await client.call("subscribe", channel)).ok, true);
    return { proxy, client, id };
  }

  /** Asserts that messages reach a client again. */
  async function assertHears(client, channel, text) {
    const other = await place.client({ apiKey: "pk_live_local", url: server.url });
    await other.connect();
    await until(async () => {
      await other.call("publish", channel, text);
      return (await client.of("message")).some(({ payload }) => payload.data === text);
    });
    await other.call("close");
  }

  // wire-webapp#21477; mobile Safari and Chrome wait a minute for an answer to their close.
  test("a half-open link is noticed and replaced within the timeout and a second", async () => {
    const client = await place.client({ apiKey: "pk_live_local", url: server.url, inactivityTimeoutMs: TIMEOUT_MS, reconnect: QUICKLY });
    const peer = await client.connect();
    await client.call("subscribe", "half-open");
    const began = Date.now();
    assert.equal(await server.fault("half_open", { peer }), 1);
    const lost = client.call("publish", "half-open", "into the void");
    const noticed = await client.nth("disconnected", 1);
    const replaced = await client.nth("connected", 2);
    assert.deepEqual(noticed.payload, { code: 4000, reason: "inactivity timeout", willReconnect: true });
    assert.ok(noticed.at - began <= TIMEOUT_MS + GRACE_MS, `noticed after ${noticed.at - began} ms`);
    assert.ok(replaced.at - began <= TIMEOUT_MS + GRACE_MS, `replaced after ${replaced.at - began} ms`);
    const { error } = await lost;
    assert.deepEqual([error.name, error.closeCode, error.outcome], ["DisconnectedError", 4000, "unknown"]);
    await assertHears(client, "half-open", "back");
    await client.call("close");
  });

  test("a link behind a router that forgot it is noticed and replaced as well", async (t) => {
    const { proxy, client } = await behindProxy(t, "black-hole", { inactivityTimeoutMs: TIMEOUT_MS });
    const began = Date.now();
    proxy.each((link) => link.blackHole());
    const replaced = await client.nth("connected", 2);
    assert.ok(replaced.at - began <= TIMEOUT_MS + GRACE_MS, `replaced after ${replaced.at - began} ms`);
    await assertHears(client, "black-hole", "back");
    await client.call("close");
  });

  test("close() on a half-open link takes a second at most and tells the truth at once", async () => {
    const client = await place.client({ apiKey: "pk_live_local", url: server.url });
    const peer = await client.connect();
    await server.fault("half_open", { peer });
    const waiting = client.call("publish", "c", 1);
    const closing = await client.call("close");
    assert.equal(closing.ok, true);
    assert.ok(closing.ms <= 1300, `close() took ${closing.ms} ms`);
    assert.equal((await waiting).error.outcome, "unknown");
    assert.deepEqual((await client.of("disconnected")).map(({ payload }) => payload.willReconnect), [false]);
  });

  test("a reset connection fails what is in flight, comes back and is subscribed", async (t) => {
    const { proxy, client, id } = await behindProxy(t, "reset");
    await server.fault("swallow", { peer: id, on: { type: "ack", count: 0 } });
    const inFlight = client.call("publish", "reset", 1);
    await sleep(50);
    const began = Date.now();
    proxy.each((link) => link.reset());
    const { error } = await inFlight;
    assert.deepEqual([error.name, error.outcome], ["DisconnectedError", "unknown"]);
    const lost = await client.nth("disconnected", 1);
    assert.equal(lost.payload.code, 1006);
    assert.ok(lost.at - began < 1000, `noticed after ${lost.at - began} ms`);
    await client.nth("connected", 2);
    await assertHears(client, "reset", "back");
    await client.call("close");
  });

  test("a connection that ends in the middle of a frame delivers nothing of it", async (t) => {
    const { proxy, client } = await behindProxy(t, "cut");
    const other = await place.client({ apiKey: "pk_live_local", url: server.url });
    await other.connect();
    proxy.each((link) => link.cutAfter(20));
    await other.call("publish", "cut", { text: "never whole" });
    await client.nth("disconnected", 1);
    await client.nth("connected", 2);
    assert.deepEqual(await client.of("message"), []);
    await assertHears(client, "cut", "whole again");
    await client.call("close");
    await other.call("close");
  });

  test("a handshake that is cut in the middle fails connect(), and a later one is tried again", async (t) => {
    const proxy = await proxyFor(t);
    const client = await place.client({ apiKey: "pk_live_local", url: proxy.url, reconnect: QUICKLY });
    await client.connect();
    proxy.refuses = true;
    proxy.each((link) => link.reset());
    await client.nth("disconnected", 3);
    proxy.refuses = false;
    await client.nth("connected", 2);
    const first = await place.client({ apiKey: "pk_live_local", url: proxy.url });
    proxy.refuses = true;
    const { error } = await first.call("connect");
    assert.deepEqual([error.name, error.closeCode], ["SignallingConnectError", 1006]);
    assert.equal(await first.state(), "closed");
    await client.call("close");
  });

  test("silence that is shorter than the timeout costs nothing, a longer one the connection", async () => {
    const client = await place.client({ apiKey: "pk_live_local", url: server.url, inactivityTimeoutMs: 2 * TIMEOUT_MS, reconnect: QUICKLY });
    const peer = await client.connect();
    await server.fault("silence", { peer, forMs: TIMEOUT_MS });
    await sleep(2 * TIMEOUT_MS);
    assert.deepEqual(await client.of("disconnected"), []);
    const began = Date.now();
    await server.fault("silence", { peer });
    const lost = await client.nth("disconnected", 1);
    assert.equal(lost.payload.code, 4000);
    assert.ok(lost.at - began <= 2 * TIMEOUT_MS + GRACE_MS);
    await client.nth("connected", 2);
    await client.call("close");
  });

  test("an acknowledgement that never comes, or comes late, settles the call once, as unknown", async () => {
    const client = await place.client({ apiKey: "pk_live_local", url: server.url });
    const peer = await client.connect();
    await server.fault("swallow", { peer, on: { type: "ack" } });
    const { error } = await client.call("publish", "acks", 1, { timeoutMs: 200 });
    assert.deepEqual([error.name, error.outcome], ["AckTimeoutError", "unknown"]);
    await server.fault("delay", { delayMs: 400, peer, on: { type: "ack" } });
    const late = await client.call("publish", "acks", 2, { timeoutMs: 200 });
    assert.equal(late.error.name, "AckTimeoutError");
    await sleep(400);
    assert.equal((await client.call("publish", "acks", 3)).ok, true);
    assert.deepEqual(await client.of("server-error"), []);
    await client.call("close");
  });
}
