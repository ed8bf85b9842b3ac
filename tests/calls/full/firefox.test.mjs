// Firefox and Chromium in one room.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../kit/stage.mjs";

async function pair(t) {
  const { open, server } = await stage(t);
  const anna = await (await open({ engine: "firefox" })).join("room");
  const ben = await (await open()).join("room");
  return { anna, ben, server };
}

test("p104 metadata is right between Firefox and Chromium, in either direction", async (t) => {
  const { anna, ben } = await pair(t);
  await anna.addMedia("camera", { metadata: { who: "anna in Firefox" } });
  await ben.event("stream-added", { peer: anna.id, metadata: { who: "anna in Firefox" } });
  await ben.addMedia("camera", { metadata: { who: "ben in Chromium" } });
  await anna.event("stream-added", { peer: ben.id, metadata: { who: "ben in Chromium" } });
  await Promise.all([anna.sees(ben), ben.sees(anna)]);
});

test("p077 both add in the same moment, and there is no candidate error", async (t) => {
  const { anna, ben } = await pair(t);
  await Promise.all([anna.addMedia("camera"), ben.addMedia("camera")]);
  await Promise.all([anna.sees(ben), ben.sees(anna)]);
  for (const member of [anna, ben]) {
    assert.equal(await member.count("ice-candidate-error"), 0);
    assert.equal(await member.count("negotiation-error"), 0);
  }
});

test("p129 bytes arrive as an ArrayBuffer in Firefox", async (t) => {
  const { anna, ben } = await pair(t);
  await ben.until("anna", "(m, id) => Boolean(m.remote(id))", anna.id);
  await anna.until("ben", "(m, id) => Boolean(m.remote(id))", ben.id);
  await anna.run("(m, id) => void m.remote(id).on('data-channel', ({ channel }) => { m.wrapped = new m.library.DataChannel(channel); m.wrapped.on('message', ({ data }) => (m.kind = Object.prototype.toString.call(data))); })", ben.id);
  await ben.run("(m, id) => void (m.channel = new m.library.DataChannel(m.open(id, 'bytes')))", anna.id);
  await ben.until("open", "(m) => m.channel.readyState === 'open'");
  await anna.until("wrapped", "(m) => Boolean(m.wrapped)");
  await ben.run("(m) => m.channel.send(new Uint8Array([1, 2, 3]))");
  assert.equal(await anna.until("bytes", "(m) => m.kind"), "[object ArrayBuffer]");
});

test("p133 a drop of the link ends with media on both sides again", async (t) => {
  const { anna, ben, server } = await pair(t);
  await anna.addMedia("camera");
  await ben.addMedia("camera");
  await Promise.all([anna.sees(ben), ben.sees(anna)]);
  await server.fault(anna.id, "drop");
  await anna.event("state-change", { to: "reconnecting" });
  await anna.until("joined again", "(m) => m.peer.state === 'joined'");
  anna.id = await anna.run("(m) => m.peer.peerId");
  await ben.event("peer-joined", { peer: anna.id });
  await Promise.all([anna.sees(ben), ben.sees(anna)]);
});
