// What is left when a room ends: by close(), and by a fault in the core.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIBRARY, stage } from "../kit/stage.mjs";

/** Counts the timers that are set, in the page. */
function countTimers() {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const timers = new Set();
  globalThis.timers = timers;
  globalThis.setTimeout = (call, ...rest) => {
    const run = () => {
      timers.delete(id);
      call();
    };
    const id = set(run, ...rest);
    timers.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    timers.delete(id);
    clear(id);
  };
}

/** How many objects of a class the engine has, after a collection of garbage. */
async function living(page, name) {
  const prototype = await page.evaluateHandle((name) => {
    const { prototype } = globalThis[name];
    // That of the engine, where the page has put a class of its own over it.
    return name === "RTCPeerConnection" ? Object.getPrototypeOf(prototype) : prototype;
  }, name);
  const objects = await page.queryObjects(prototype);
  // A class of the page has a prototype object of its own, which is no connection.
  const count = await objects.evaluate((all) => all.filter((it) => !Object.hasOwn(it, "constructor")).length);
  await objects.dispose();
  await prototype.dispose();
  return count;
}

async function listenersOf(handle) {
  // Objects have their numbers in the session that found them.
  const { listeners } = await handle.client.send("DOMDebugger.getEventListeners", { objectId: handle.remoteObject().objectId });
  return listeners.map(({ type }) => type);
}

test("p152 after close() no connection, no listener on a track and no timer is left", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2, { before: countTimers });
  await Promise.all([anna.addMedia("camera"), ben.addMedia("camera")]);
  await Promise.all([anna.sees(ben), ben.sees(anna)]);
  await anna.run("(m, id) => { m.remote(id).pc.createDataChannel('x'); m.seen = m.remote(id).pc.getReceivers()[0].track; }", ben.id);
  await ben.event("data-channel", { label: "x" });
  const seen = await anna.page.evaluateHandle((at) => globalThis.page.members[at].seen, anna.index);
  const sent = await anna.page.evaluateHandle((at) => globalThis.page.members[at].streams.get("camera").getVideoTracks()[0], anna.index);
  await anna.close();
  await ben.close();
  assert.deepEqual(await listenersOf(seen), []);
  assert.deepEqual(await listenersOf(sent), []);
  await seen.dispose();
  for (const member of [anna, ben]) {
    await member.run("(m) => { m.seen = null; m.channels = []; }");
    await member.until("no timer", "() => timers.size === 0");
    assert.equal(await living(member.page, "RTCPeerConnection"), 0);
    assert.equal(await living(member.page, "RTCDataChannel"), 0);
  }
});

test("p152 connections of members who left are collected while the room goes on", async (t) => {
  const { room, open } = await stage(t);
  const [anna] = await room(1);
  await anna.addMedia("camera");
  for (let i = 0; i < 4; i += 1) {
    const guest = await (await open()).join("room");
    await guest.sees(anna);
    await guest.close();
    await anna.event("peer-left", { peer: guest.id });
  }
  assert.equal(await living(anna.page, "RTCPeerConnection"), 0);
});

/** Keeps the memory of the core, so that it can be overwritten. */
function keepMemories() {
  const { Instance } = WebAssembly;
  const memories = [];
  globalThis.memories = memories;
  WebAssembly.Instance = class extends Instance {
    constructor(...args) {
      super(...args);
      for (const value of Object.values(this.exports)) if (value instanceof WebAssembly.Memory) memories.push(value);
    }
  };
}

test("a core that breaks closes every connection and rejects every call", { skip: LIBRARY === "official" && "there is no core" }, async (t) => {
  const { room } = await stage(t);
  const [anna, ben, carl] = await room(3, { before: keepMemories });
  await anna.addMedia("camera");
  await Promise.all([ben.sees(anna), carl.sees(anna)]);
  assert.equal((await anna.page.evaluate("page.connections()")).open, 2);
  const errors = await anna.run(`async (m) => {
    const waiting = m.peer.send("never answered");
    for (const { buffer } of memories) new Uint8Array(buffer, 1_048_576 + 65_536).fill(1);
    const results = [waiting, m.peer.send("too late"), m.peer.join("room")].map((call) => call.then(() => "done", ({ name }) => name));
    return Promise.all(results);
  }`);
  assert.ok(errors.slice(1).every((name) => name === "FatalError"), errors.join());
  assert.ok(["FatalError", "done"].includes(errors[0]), errors[0]);
  assert.equal((await anna.page.evaluate("page.connections()")).open, 0);
  assert.equal(await anna.run("(m) => m.peer.state"), "closed");
  await ben.event("peer-left", { peer: anna.id });
});
