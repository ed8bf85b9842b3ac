// Signals that are lost, late, out of order or hostile, between real pages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet, stage } from "../kit/stage.mjs";
import { stranger } from "../kit/stranger.mjs";

test("p058 a first offer that is lost is sent again, and the call comes up", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.event("peer-joined");
  await server.fault(ben.id, "swallow", { on: { type: "direct" } });
  await anna.addMedia("camera");
  await ben.sees(anna);
});

test("p059 a first answer that is lost is asked for again, and the call comes up", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.event("peer-joined");
  await server.fault(anna.id, "swallow", { on: { type: "direct" } });
  await anna.addMedia("camera");
  await ben.sees(anna);
});

test("p061 p074 late acks of signals delay nothing and lose nothing", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  for (const { id } of [anna, ben]) await server.fault(id, "delay", { delayMs: 3000, on: { type: "ack", count: 0 } });
  for (let i = 0; i < 4; i += 1) {
    await Promise.all([anna.addMedia(`a${i}`), ben.addMedia(`b${i}`)]);
    await quiet(150);
  }
  for (const member of [anna, ben]) {
    await member.until("four streams", "(m) => m.log.filter(({ event }) => event === 'stream-added').length === 4");
    assert.equal(await member.count("negotiation-error"), 0);
  }
});

test("p065 an offer that comes before its sender's presence is kept until then", async (t) => {
  const { room, open, server } = await stage(t);
  const [ben] = await room(1);
  await server.fault(ben.id, "delay", { delayMs: 800, on: { type: "presence" } });
  const anna = await open();
  await anna.addMedia("camera");
  await anna.join("room");
  await ben.sees(anna);
});

test("p079 candidates that overtake their description are used, without an error", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.event("peer-joined");
  await server.fault(ben.id, "delay", { delayMs: 1500, on: { type: "direct" } });
  await anna.addMedia("camera");
  await ben.sees(anna);
  assert.equal(await ben.count("ice-candidate-error"), 0);
});

test("p029 somebody who left and came back in one frame is there, as another peer", async (t) => {
  const { room, server } = await stage(t);
  const [anna] = await room(1);
  const frame = (joined, left) => server.fault(anna.id, "frame", { text: JSON.stringify({ type: "presence", channel: "room", joined, left }) });
  await frame([{ peerId: "carl" }], []);
  await anna.event("peer-joined", { peer: "carl" });
  await frame([{ peerId: "carl" }], [{ peerId: "carl" }]);
  await anna.event("peer-left", { peer: "carl" });
  await anna.until("carl again", "(m) => m.log.filter(({ event, peer }) => event === 'peer-joined' && peer === 'carl').length === 2");
  assert.ok(await anna.run("(m) => Boolean(m.remote('carl'))"));
});

test("p031 p032 of 300 members 256 are admitted, and the others when there is room", async (t) => {
  const { room, server } = await stage(t);
  const [anna] = await room(1);
  const ids = Array.from({ length: 300 }, (_, i) => ({ peerId: `peer-${String(i).padStart(3, "0")}` }));
  const frame = (joined, left) => server.fault(anna.id, "frame", { text: JSON.stringify({ type: "presence", channel: "room", joined, left }) });
  await frame(ids, []);
  await anna.until("256 remotes", "(m) => m.peer.remotePeers.length === 256");
  await frame([], ids.slice(0, 100));
  await anna.until("the others", "(m) => m.peer.remotePeers.length === 200");
});

test("p106 a malformed control message is neither metadata nor data", async (t) => {
  const { room, server } = await stage(t);
  const [anna] = await room(1);
  const evil = await stranger(t, server, { channel: "room" });
  for (const wrapper of [null, [], { trackId: "" }, { trackId: 1 }, { trackId: "x", metadata: [] }]) {
    await evil.send(anna.id, { __meteredTrackMeta: wrapper });
  }
  await evil.send(anna.id, { last: true });
  await anna.event("data", { data: { last: true } });
  assert.equal(await anna.count("data"), 1);
});

test("p066 signals from nobody in the room are bounded and change nothing", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  const evil = await stranger(t, server);
  const noise = { type: "rtc-description", description: { type: "offer", sdp: `v=0\r\n${"a=x\r\n".repeat(500)}` } };
  for (let i = 0; i < 60; i += 1) await evil.send(anna.id, noise);
  await anna.addMedia("camera");
  await ben.sees(anna);
  assert.equal(await anna.count("negotiation-error"), 0);
  assert.equal(await anna.count("data"), 0);
});

test("p158 p163 garbage descriptions are reported without secrets, and the call goes on", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera");
  await ben.sees(anna);
  const evil = await stranger(t, server, { channel: "room" });
  await ben.event("peer-joined", { peer: evil.id });
  for (const sdp of ["", "nonsense", `v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=ice-pwd:topsecretpassword\r\nm=broken`, "x".repeat(30_000)]) {
    await evil.send(ben.id, { type: "rtc-description", description: { type: "offer", sdp } });
    await evil.send(ben.id, { type: "rtc-description", description: { type: "answer", sdp } });
    await evil.send(ben.id, { type: "rtc-ice", candidate: { candidate: sdp.slice(0, 900), sdpMid: "0" } });
  }
  await quiet(500);
  await ben.sees(anna);
  assert.ok(!JSON.stringify(await ben.log()).includes("topsecretpassword"));
  assert.deepEqual(ben.trouble, []);
});

test("p160 two hundred offers in a burst end neither the call nor the page", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera");
  await ben.sees(anna);
  const { sdp } = await anna.run("async () => { const pc = new RTCPeerConnection(); pc.createDataChannel('x'); const { type, sdp } = await pc.createOffer(); pc.close(); return { type, sdp }; }");
  const evil = await stranger(t, server, { channel: "room" });
  await ben.event("peer-joined", { peer: evil.id });
  await Promise.all(Array.from({ length: 190 }, () => evil.send(ben.id, { type: "rtc-description", description: { type: "offer", sdp } })));
  await quiet(1000);
  assert.ok((await ben.count("negotiation-error")) <= 10, `${await ben.count("negotiation-error")} errors`);
  await ben.sees(anna);
});

test("p116 a connection that the application closed keeps nobody else from a new track", async (t) => {
  const { room } = await stage(t);
  const [anna, ben, carl] = await room(3);
  await carl.event("peer-joined", { peer: anna.id });
  await anna.run("(m, id) => m.remote(id).pc.close()", ben.id);
  await anna.addMedia("camera");
  await carl.sees(anna);
});

test("p008 RemotePeer is a class that can be imported", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.event("peer-joined", { peer: ben.id });
  assert.ok(await anna.run("(m) => typeof m.library.RemotePeer === 'function' && m.peer.remotePeers[0] instanceof m.library.RemotePeer"));
});

test("p064 ordinary two-way joins report no negotiation error and no candidate error", async (t) => {
  const { room, open } = await stage(t);
  const members = await room(1);
  await members[0].addMedia("camera");
  for (let i = 0; i < 3; i += 1) {
    const member = await open();
    await member.addMedia("camera");
    members.push(await member.join("room"));
  }
  for (const member of members) for (const other of members) if (member !== other) await member.sees(other);
  for (const member of members) {
    assert.equal(await member.count("negotiation-error"), 0);
    assert.equal(await member.count("ice-candidate-error"), 0);
    assert.deepEqual(member.trouble, []);
  }
});
