// Pages in Chromium without a network, frozen, and in the back/forward cache, through the DevTools protocol.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answer, startBare } from "./kit/bare.mjs";
import { inPage } from "./kit/place.mjs";
import { startSite } from "./kit/site.mjs";
import { startTabs } from "./kit/tabs.mjs";
import { sleep, until } from "./kit/time.mjs";

const TIMEOUT_MS = 1500;
const PATIENT = { initialDelayMs: 60_000, maxDelayMs: 60_000 };
const OFFLINE = { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };

let site;
let tabs;

before(async () => {
  site = await startSite();
  tabs = await startTabs();
});

after(async () => {
  await tabs?.close();
  await site?.stop();
});

/** A page with a connected client, and the server that it is connected to. */
async function stage(t, options = {}) {
  const bare = await startBare();
  const place = await inPage(site, { browser: tabs });
  await place.tab.send("Network.enable");
  t.after(async () => {
    await place.close();
    await bare.stop();
  });
  const client = await place.client({ apiKey: "pk_test", url: bare.url, reconnect: { initialDelayMs: 50 }, ...options });
  await client.connect();
  return { bare, client, tab: place.tab };
}

function offline(tab, isOffline) {
  return tab.send("Network.emulateNetworkConditions", { ...OFFLINE, offline: isOffline });
}

/** Hides and freezes a page. Returns the function that thaws it. */
async function freeze(tab) {
  const front = await tabs.open(`${site.url}/other`);
  await until(async () => (await tab.evaluate("document.visibilityState")) === "hidden");
  await tab.send("Page.setWebLifecycleState", { state: "frozen" });
  return async () => {
    await tab.send("Page.setWebLifecycleState", { state: "active" });
    await front.send("Page.close");
    return Date.now();
  };
}

/** Leaves a page for another one, and comes back to it. */
async function leaveAndReturn(tab, ms) {
  await tab.evaluate("addEventListener('pageshow', (event) => (globalThis.persisted = event.persisted))");
  await tab.send("Page.navigate", { url: `${site.url}/other` });
  await until(async () => (await tab.evaluate("location.pathname")) === "/other");
  await sleep(ms);
  const left = Date.now();
  await tab.evaluate("history.back()");
  await until(async () => (await tab.evaluate("location.pathname").catch(() => "")) === "/");
  assert.equal(await tab.evaluate("globalThis.persisted"), true, "the page came out of the back/forward cache");
  return left;
}

const dialledAgain = (bare, since) => bare.dials.find((at) => at >= since);

describe("a page", { concurrency: 1 }, () => {
  test("without a network notices that, and is back as soon as the network is, however long the backoff", async (t) => {
    const { bare, client, tab } = await stage(t, { inactivityTimeoutMs: TIMEOUT_MS, reconnect: PATIENT });
    const began = Date.now();
    await offline(tab, true);
    const lost = await client.nth("disconnected", 1);
    assert.equal(lost.payload.willReconnect, true);
    assert.ok(lost.at - began <= TIMEOUT_MS + 1000, `noticed after ${lost.at - began} ms`);
    await sleep(500);
    const online = Date.now();
    await offline(tab, false);
    await until(() => bare.dials.length === 2, 2000, "a dial at once");
    assert.ok(dialledAgain(bare, online) - online <= 1000);
    const back = await client.nth("connected", 2);
    assert.equal(back.payload.isReconnect, true);
  });

  test("whose server was down dials at once when the network changes", async (t) => {
    const { bare, client, tab } = await stage(t, { reconnect: PATIENT });
    bare.last().socket.terminate();
    await client.nth("disconnected", 1);
    await sleep(300);
    assert.equal(bare.dials.length, 1);
    await tab.evaluate("dispatchEvent(new Event('online'))");
    await until(() => bare.dials.length === 2, 1000, "a dial at once");
  });

  // wire-webapp#21477: after a while away the state OPEN proves nothing.
  test("that comes back into sight asks the server, and replaces a link that is dead", async (t) => {
    const { bare, client, tab } = await stage(t, { inactivityTimeoutMs: 6000 });
    const front = await tabs.open(`${site.url}/other`);
    await until(async () => (await tab.evaluate("document.visibilityState")) === "hidden");
    bare.act = () => {};
    const shown = Date.now();
    await tab.send("Page.bringToFront");
    const lost = await client.nth("disconnected", 1);
    assert.equal(lost.payload.code, 4000);
    assert.ok(lost.at - shown <= 6000 / 3 + 1000, `noticed after ${lost.at - shown} ms`);
    bare.act = answer;
    await client.nth("connected", 2);
    await front.send("Page.close");
  });

  // Chromium ends the connections of a page when it thaws, other browsers keep them.
  test("that was frozen for longer than the timeout works within a second of going on, however long the backoff", async (t) => {
    const { bare, client, tab } = await stage(t, { inactivityTimeoutMs: TIMEOUT_MS, reconnect: PATIENT });
    const thaw = await freeze(tab);
    await sleep(3 * TIMEOUT_MS);
    const thawed = await thaw();
    await until(() => bare.frames.some(({ at }) => at >= thawed - 100) || dialledAgain(bare, thawed - 100), 1000, "a probe or a dial");
    await until(async () => (await client.call("publish", "c", 1)).ok, 1000, "a publish that is confirmed");
    assert.ok((await client.of("disconnected")).every(({ payload }) => payload.code === 1006), "nobody took the freeze for silence");
  });

  test("that was frozen while its server went away is back within a second and the time of a probe", async (t) => {
    const { bare, client, tab } = await stage(t, { inactivityTimeoutMs: TIMEOUT_MS });
    const thaw = await freeze(tab);
    await sleep(200);
    bare.act = () => {};
    bare.last().socket.pause();
    await sleep(2 * TIMEOUT_MS);
    bare.act = answer;
    const thawed = await thaw();
    const back = await client.nth("connected", 2);
    assert.ok(back.at - thawed <= TIMEOUT_MS / 3 + 1000, `back after ${back.at - thawed} ms`);
  });

  // whatwg/html#12085
  test("that comes out of the back/forward cache has a connection at once, however long the backoff", async (t) => {
    const { bare, client, tab } = await stage(t, { reconnect: PATIENT });
    const left = await leaveAndReturn(tab, 500);
    await until(() => bare.dials.length === 2, 2000, "a dial at once");
    assert.ok(dialledAgain(bare, left) - left <= 1500);
    await client.nth("connected", 2);
    assert.equal(await client.state(), "connected");
  });

  // phoenix#6578, #6620
  test("whose client was closed stays without a connection, whatever the page goes through", async (t) => {
    const { bare, client, tab } = await stage(t);
    await client.call("close");
    await offline(tab, true);
    await offline(tab, false);
    const thaw = await freeze(tab);
    await sleep(200);
    await thaw();
    await tab.send("Page.bringToFront");
    await leaveAndReturn(tab, 200);
    await sleep(500);
    assert.equal(await client.state(), "closed");
    assert.equal(bare.dials.length, 1);
  });

  // centrifuge-js#389
  test("has no listeners of ours but those of an open client", async (t) => {
    const { client, tab } = await stage(t);
    const ours = async () => [...(await tab.listeners("window")), ...(await tab.listeners("document"))];
    assert.deepEqual(await ours(), ["online", "pageshow", "resume", "visibilitychange"]);
    await client.call("close");
    assert.deepEqual(await ours(), []);
    await client.connect();
    assert.deepEqual(await ours(), ["online", "pageshow", "resume", "visibilitychange"]);
    await client.call("close");
    assert.deepEqual(await ours(), []);
  });

  test("has none from a client that never connected, failed to connect, or has lifecycleHooks off", async (t) => {
    const bare = await startBare({ greet: ({ socket }) => socket.close(4001) });
    const place = await inPage(site, { browser: tabs });
    t.after(async () => {
      await place.close();
      await bare.stop();
    });
    const ours = async () => [...(await place.tab.listeners("window")), ...(await place.tab.listeners("document"))];
    const client = await place.client({ apiKey: "pk_test", url: bare.url });
    assert.deepEqual(await ours(), []);
    assert.equal((await client.call("connect")).ok, false);
    assert.deepEqual(await ours(), []);
    const blind = await place.client({ apiKey: "pk_test", url: bare.url, lifecycleHooks: false });
    const connecting = blind.call("connect");
    assert.deepEqual(await ours(), []);
    await connecting;
  });
});
