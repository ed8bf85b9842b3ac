// What only the class for calls can get right: arguments, objects of the user's, what is shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../kit/stage.mjs";

/** The name of what a function throws, in the page. */
const thrownBy = (body) => `async (m, argument) => { try { await (${body})(m, argument); return "nothing"; } catch (error) { return error.name; } }`;

test("p002 p003 wrong options are a TypeError", async (t) => {
  const { open } = await stage(t);
  const anna = await open();
  const make = "(m, options) => void new m.library.MeteredPeer(options)";
  for (const options of [{ apiKey: "pk", autoResubscribe: false }, {}, { apiKey: "pk", reconcile: "sometimes" }, { apiKey: "pk", rtcPeerConnectionFactory: 1 }]) {
    assert.equal(await anna.run(thrownBy(make), options), "TypeError", JSON.stringify(options));
  }
  const both = "(m) => void new m.library.MeteredPeer({ apiKey: 'pk', tokenProvider: () => 'token' })";
  assert.equal(await anna.run(thrownBy(both)), "TypeError");
});

test("p006 neither JSON nor the members of a peer show a credential", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.until("ben", "(m, id) => Boolean(m.remote(id))", ben.id);
  assert.deepEqual(JSON.parse(await anna.run("(m) => JSON.stringify(m.peer)")), { state: "joined", peerId: anna.id, channel: "room" });
  const shown = await anna.run("(m) => JSON.stringify([m.peer, m.peer.remotePeers, Object.entries(m.peer)])");
  assert.ok(!shown.includes("pk_live"));
});

test("p034 a handler that throws harms neither other handlers nor other peers", async (t) => {
  const { open, room } = await stage(t);
  const anna = await open();
  await anna.run("(m) => void m.peer.on('peer-joined', () => { throw new Error('a fault of the application'); })");
  await anna.join("room");
  const [ben, carl] = await room(2);
  await anna.event("peer-joined", { peer: ben.id });
  await anna.event("peer-joined", { peer: carl.id });
  await anna.addMedia("camera");
  await Promise.all([ben.sees(anna), carl.sees(anna)]);
});

test("p043 p112 what cannot be sent or replaced is a TypeError", async (t) => {
  const { room } = await stage(t);
  const [anna] = await room(1);
  assert.equal(await anna.run(thrownBy("(m) => m.peer.send(1n)")), "TypeError");
  assert.equal(await anna.run(thrownBy("(m) => { const data = {}; data.data = data; return m.peer.send(data); }")), "TypeError");
  assert.equal(await anna.run(thrownBy("(m) => m.peer.replaceTrack(null, null)")), "TypeError");
});

test("p120 metadata that is changed after addStream has no effect", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.run("(m) => { const metadata = { role: 'camera' }; m.peer.addStream(m.media('camera'), metadata); metadata.role = 'changed'; }");
  await ben.event("stream-added", { peer: anna.id, metadata: { role: "camera" } });
  assert.deepEqual(await anna.run("(m) => m.peer.getStreamMetadata(m.streams.get('camera'))"), { role: "camera" });
});

test("p132 a wrapper that is made in the data-channel handler misses no message", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.until("anna", "(m, id) => Boolean(m.remote(id))", anna.id);
  await ben.run("(m, id) => { m.got = []; m.remote(id).on('data-channel', ({ channel }) => new m.library.DataChannel(channel).on('message', ({ data }) => m.got.push(data))); }", anna.id);
  await anna.until("ben", "(m, id) => Boolean(m.remote(id))", ben.id);
  await anna.run("(m, id) => { const channel = m.open(id, 'early'); channel.onopen = () => { for (let i = 0; i < 20; i += 1) channel.send(String(i)); }; }", ben.id);
  await ben.until("all messages", "(m) => m.got.length === 20");
  assert.deepEqual(await ben.run("(m) => m.got"), Array.from({ length: 20 }, (_, i) => String(i)));
});
