// Ordinary calls between real pages: join, media both ways, data, leaving.

import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet, stage } from "../kit/stage.mjs";

test("p023 p051 p053 a late joiner sees everyone, everyone sees it, and media flows", async (t) => {
  const { room, open } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera", { metadata: { role: "camera" }, audio: true });
  await ben.sees(anna);
  const carl = await (await open()).join("room");
  await carl.sees(anna);
  assert.equal(await anna.count("peer-joined"), 2);
  assert.equal(await carl.count("peer-joined"), 2);
  const { kinds } = await carl.event("stream-added", { peer: anna.id });
  assert.ok(kinds.length > 0);
  assert.equal(await carl.count("track", { peer: anna.id }), 2);
});

test("p054 members with nothing to send stay idle and send no signal", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.event("peer-joined");
  await quiet(500);
  assert.equal(await anna.run("(m) => m.peer.remotePeers[0].state"), "idle");
  assert.equal(await ben.run("(m) => m.peer.remotePeers[0].state"), "idle");
});

test("p102 p103 metadata arrives on both sides of a two-way call, also of what is added later", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await Promise.all([
    anna.addMedia("camera", { metadata: { who: "anna" }, audio: true }),
    ben.addMedia("camera", { metadata: { who: "ben" }, audio: true }),
  ]);
  await Promise.all([anna.sees(ben), ben.sees(anna)]);
  await anna.event("stream-added", { peer: ben.id, metadata: { who: "ben" } });
  await ben.event("stream-added", { peer: anna.id, metadata: { who: "anna" } });
  await ben.addMedia("screen", { metadata: { who: "ben's screen" } });
  await anna.event("stream-added", { peer: ben.id, metadata: { who: "ben's screen" } });
});

test("p068 both sides add media in the same moment, again and again, and nothing is lost", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  for (let i = 0; i < 5; i += 1) {
    await Promise.all([anna.addMedia(`a${i}`), ben.addMedia(`b${i}`)]);
  }
  await anna.until("five streams", "(m) => m.log.filter(({ event }) => event === 'stream-added').length === 5");
  await ben.until("five streams", "(m) => m.log.filter(({ event }) => event === 'stream-added').length === 5");
  assert.deepEqual(await anna.page.evaluate("page.connections()"), { made: 1, open: 1 });
  assert.equal(await anna.count("negotiation-error"), 0);
  assert.equal(await ben.count("negotiation-error"), 0);
});

test("p107 p108 what is removed is reported once, and something else can follow", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera", { audio: true, metadata: { take: 1 } });
  await ben.sees(anna);
  await anna.run("(m) => m.peer.removeStream(m.streams.get('camera'))");
  await ben.event("stream-removed", { peer: anna.id });
  await anna.addMedia("other", { metadata: { take: 2 } });
  await ben.event("stream-added", { peer: anna.id, metadata: { take: 2 } });
  await ben.sees(anna);
  assert.equal(await ben.count("stream-removed"), 1);
});

test("p110 p111 a track is replaced without a new description", async (t) => {
  const { room, open } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera", { metadata: { role: "camera" } });
  await ben.sees(anna);
  const before = await anna.run("(m, id) => m.remote(id).pc.localDescription.sdp", ben.id);
  await anna.run("(m) => m.peer.replaceTrack(m.streams.get('camera').getVideoTracks()[0], m.media('screen').getVideoTracks()[0])");
  await ben.sees(anna);
  assert.equal(await anna.run("(m, id) => m.remote(id).pc.localDescription.sdp", ben.id), before);
  const carl = await (await open()).join("room");
  await carl.sees(anna);
  await anna.run("(m) => m.peer.replaceTrack(m.streams.get('screen').getVideoTracks()[0], null)");
  assert.equal(await anna.run("(m) => m.peer.getTrackMetadata(m.streams.get('screen').getVideoTracks()[0]) ?? null"), null);
});

test("p037 p038 broadcasts reach the others and direct data reaches one", async (t) => {
  const { room } = await stage(t);
  const [anna, ben, carl] = await room(3);
  await anna.run("(m) => m.peer.send({ hello: 'all' })");
  await ben.event("data", { senderPeerId: anna.id, kind: "broadcast", data: { hello: "all" } });
  await carl.event("data", { senderPeerId: anna.id, kind: "broadcast", data: { hello: "all" } });
  await anna.run("(m, id) => m.remote(id).send('only you')", ben.id);
  await ben.event("data", { senderPeerId: anna.id, kind: "direct", data: "only you" });
  await anna.run("(m, id) => m.peer.sendTo(id, 'and you')", carl.id);
  await carl.event("data", { kind: "direct", data: "and you" });
  assert.equal(await anna.count("data"), 0);
  assert.equal(await ben.count("data"), 2);
});

test("p055 p121 data channels open from either side without media", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.until("anna there", "(m, id) => Boolean(m.remote(id))", anna.id);
  await anna.until("ben there", "(m, id) => Boolean(m.remote(id))", ben.id);
  await anna.run("(m, id) => void (m.a = m.open(id, 'from-anna'))", ben.id);
  await ben.event("data-channel", { label: "from-anna" });
  await ben.run("(m, id) => void (m.b = m.open(id, 'from-ben'))", anna.id);
  await anna.event("data-channel", { label: "from-ben" });
  await anna.until("open", "(m) => m.a.readyState === 'open'");
  await anna.run("(m) => m.a.send('hello')");
  await ben.event("message", { label: "from-anna", data: "hello" });
});

test("p055 a channel that is made in the handler of peer-joined opens", async (t) => {
  const { open } = await stage(t);
  const [anna, ben] = [await open(), await open()];
  for (const member of [anna, ben]) {
    await member.run("(m) => void m.peer.on('peer-joined', ({ peer }) => { m.pc = peer.pc; if (!peer.polite) m.open(peer.id, 'early'); })");
    await member.join("room");
  }
  for (const [member, other] of [[anna, ben], [ben, anna]]) {
    await member.connected(other);
    assert.ok(await member.run("(m, id) => m.pc instanceof RTCPeerConnection && m.pc === m.remote(id).pc", other.id));
  }
  await anna.until("open", "(m) => m.channels.length === 1 && m.channels[0].readyState === 'open'");
  await ben.until("open", "(m) => m.channels.length === 1 && m.channels[0].readyState === 'open'");
});

test("p149 p152 closing says goodbye in order and leaves no connection behind", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera");
  await ben.sees(anna);
  await anna.close("bye");
  await ben.event("peer-left", { peer: anna.id });
  const ends = (await anna.log()).map(({ event, to, reason }) => [event, to ?? reason].filter(Boolean).join(" ")).slice(-5);
  assert.deepEqual(ends, ["state-change leaving", "state-change closed", "peer-left", "state-change closed", "left bye"].slice(-ends.length));
  assert.equal((await anna.page.evaluate("page.connections()")).open, 0);
  await ben.until("closed", "() => page.connections().open === 0");
});
