// The conversation between a consumer and the peer. apps/consumer.js is the consumer's side.

import assert from "node:assert/strict";
import { Peer } from "./peer.mjs";

const QUESTION = { text: "äß世👋", numbers: [1, 2.5, -3], nothing: null };
const ANSWER = { text: "Je vous réponds 🙂", echo: QUESTION };
const ASIDE = { text: "between you and me" };

/** Lets a consumer talk with a peer, and checks that both saw the same. `have` starts the consumer and returns its outcome. */
export async function converse(url, channel, have) {
  const peer = await Peer.join(url, channel);
  peer.on("message", () => peer.publish(ANSWER));
  peer.on("direct", ({ from }) => peer.send(from, ASIDE));
  try {
    check(peer, await have({ url, channel }));
  } finally {
    peer.leave();
  }
}

function check(peer, outcome) {
  if (outcome?.report === undefined) throw new Error(outcome?.stack ?? outcome?.error ?? `no outcome: ${JSON.stringify(outcome)}`);
  const { peerId, ...report } = outcome.report;
  assert.deepEqual(report, {
    states: ["idle", "connecting", "connected", "closed"],
    here: [peer.id],
    message: { from: peer.id, data: ANSWER },
    direct: { from: peer.id, data: ASIDE },
    refusal: { name: "NotConnectedError", isNotConnected: true },
  });
  assert.deepEqual(peer.received, [
    { type: "message", from: peerId, data: QUESTION },
    { type: "direct", from: peerId, data: { question: QUESTION, channel: peer.channel } },
  ]);
}
