// Members in this process: our package in Node, with an engine of npm's.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { test } from "node:test";
import { KEY } from "../../clients/kit/server.mjs";
import { variable } from "../../clients/kit/variable.mjs";
import { stage } from "./stage.mjs";

export const ours = await import(pathToFileURL(join(variable("METERED_PACKAGE"), "dist/peer.node.mjs")));

const require = createRequire(import.meta.url);

/** Engines for Node. Neither of them has `setLocalDescription()` without an argument. */
export const ENGINES = {
  async wrtc() {
    const { RTCPeerConnection } = require("@roamhq/wrtc");
    return RTCPeerConnection;
  },
  async "node-datachannel"() {
    const { RTCPeerConnection } = await import("node-datachannel/polyfill");
    return RTCPeerConnection;
  },
};

export async function nodeMember(t, server, engine, key) {
  const RTCPeerConnection = await ENGINES[engine]();
  const peer = new ours.MeteredPeer({
    url: server.url,
    apiKey: key,
    rtcPeerConnectionFactory: (config) => new RTCPeerConnection({ iceServers: [], ...config }),
  });
  t.after(() => peer.close());
  return peer;
}

/** The test that both engines have in common: Chromium opens a channel, Node answers on it. */
export function answersInNode(engine) {
  test(`p009 p055 a data channel that Chromium opens to Node with ${engine} carries data both ways`, async (t) => {
    const { room, server } = await stage(t);
    const [ben] = await room(1);
    const peer = await nodeMember(t, server, engine, KEY);
    peer.on("peer-joined", ({ peer: remote }) => {
      remote.on("data-channel", ({ channel }) => {
        channel.onmessage = ({ data }) => channel.send(`echo ${data}`);
      });
    });
    await peer.join("room");
    await ben.until("the peer", "(m, id) => Boolean(m.remote(id))", peer.peerId);
    await ben.run("(m, id) => void (m.channel = m.open(id, 'chat'))", peer.peerId);
    await ben.until("open", "(m) => m.channel.readyState === 'open'");
    await ben.run("(m) => m.channel.send('hello')");
    await ben.event("message", { label: "chat", data: "echo hello" });
    assert.equal(peer.remotePeers[0].state, "connected");
    assert.equal(await ben.count("negotiation-error"), 0);
  });
}
