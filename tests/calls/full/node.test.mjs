// Node with @roamhq/wrtc in a room with Chromium. It has no `setLocalDescription()` without an argument.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY } from "../../clients/kit/server.mjs";
import { answersInNode, nodeMember, ours } from "../kit/node-member.mjs";
import { stage } from "../kit/stage.mjs";
import { until } from "../kit/until.mjs";

answersInNode("wrtc");

test("p009 p121 a data channel that Node with wrtc opens to Chromium carries data both ways", async (t) => {
  const { room, server } = await stage(t);
  const [ben] = await room(1);
  const peer = await nodeMember(t, server, "wrtc", KEY);
  await peer.join("room");
  const remote = await until("ben", () => peer.remotePeers.find(({ id }) => id === ben.id));
  const received = [];
  const channel = remote.pc.createDataChannel("chat");
  channel.onmessage = ({ data }) => received.push(data);
  await until("open", () => channel.readyState === "open");
  await ben.run("(m) => { m.channels[0].addEventListener('message', ({ data }) => m.channels[0].send('echo ' + data)); }");
  channel.send("hello");
  await until("the echo", () => received.includes("echo hello"));
  assert.equal(await ben.count("negotiation-error"), 0);
});

test("p017 p010 in Node, everyone in the first snapshot is joined, also when it comes with the answer", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  for (let i = 0; i < 5; i += 1) {
    const peer = await nodeMember(t, server, "wrtc", KEY);
    await peer.join("room");
    await until("both", () => [anna, ben].every(({ id }) => peer.remotePeers.some((remote) => remote.id === id)));
    await peer.close();
  }
});

test("p051 Node with wrtc receives a track of Chromium's, with its metadata", async (t) => {
  const { room, server } = await stage(t);
  const [ben] = await room(1);
  const peer = await nodeMember(t, server, "wrtc", KEY);
  const tracks = [];
  peer.on("peer-joined", ({ peer: remote }) => remote.on("track", ({ track, metadata }) => tracks.push({ kind: track.kind, metadata })));
  await peer.join("room");
  await ben.addMedia("camera", { metadata: { role: "camera" } });
  await until("a track", () => tracks.length > 0);
  assert.deepEqual(tracks, [{ kind: "video", metadata: { role: "camera" } }]);
});

test("p004 p005 without an RTCPeerConnection join works, and the first use is a typed error at that remote", async (t) => {
  const { room, server } = await stage(t);
  await room(1);
  const peer = new ours.MeteredPeer({ url: server.url, apiKey: KEY });
  t.after(() => peer.close());
  const errors = [];
  peer.on("error", ({ err }) => errors.push(err.name));
  peer.on("peer-joined", ({ peer: remote }) => remote.on("negotiation-error", ({ err }) => errors.push(err.name)));
  await peer.join("room");
  const remote = await until("ben", () => peer.remotePeers[0]);
  assert.equal(remote.pc, undefined);
  await until("the error", () => errors.includes("WebRtcUnavailableError"));
  assert.equal(peer.state, "joined");
});
