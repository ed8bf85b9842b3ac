// The other side of each conversation: a bare WebSocket with JSON, so that nothing of the package checks itself.

import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";

const KEY = "pk_live_local";
const QUESTION = { text: "Grüße, 世界 👋", numbers: [1, 2.5, -3], nothing: null };
const ANSWER = { text: "Je vous réponds 🙂", echo: QUESTION };
const ASIDE = { text: "between you and me" };

export class Peer {
  #socket;
  #channel;
  #requests = 0;
  #heard = [];

  /** Joins the channel and answers whoever speaks there. */
  static async join(url, channel) {
    const peer = new Peer();
    peer.#channel = channel;
    peer.#socket = new WebSocket(`${url}/v1?key=${KEY}`);
    const joined = new Promise((resolve) => peer.#socket.on("message", (text) => peer.#hear(JSON.parse(text), resolve)));
    await Promise.race([
      joined,
      once(peer.#socket, "error").then(([error]) => {
        throw error;
      }),
    ]);
    return peer;
  }

  #say(frame) {
    this.#socket.send(JSON.stringify({ ...frame, requestId: `peer-${++this.#requests}` }));
  }

  #hear(frame, joined) {
    switch (frame.type) {
      case "welcome":
        this.id = frame.peerId;
        this.#say({ type: "subscribe", channel: this.#channel });
        break;
      case "ack":
        joined();
        break;
      case "message":
        this.#heard.push(frame);
        this.#say({ type: "publish", channel: this.#channel, data: ANSWER });
        break;
      case "direct":
        this.#heard.push(frame);
        this.#say({ type: "send", to: frame.from, data: ASIDE });
        break;
    }
  }

  /** Compares what the consumer saw, and what arrived here, with what had to happen. */
  check(outcome) {
    if (outcome?.report === undefined) throw new Error(outcome?.stack ?? outcome?.error ?? `no outcome: ${JSON.stringify(outcome)}`);
    const { peerId, ...report } = outcome.report;
    assert.deepEqual(report, {
      states: ["idle", "connecting", "connected", "closed"],
      here: [this.id],
      message: { from: this.id, data: ANSWER },
      direct: { from: this.id, data: ASIDE },
      refusal: { name: "NotConnectedError", isNotConnected: true },
    });
    assert.deepEqual(
      this.#heard.map(({ type, from, data }) => ({ type, from, data })),
      [
        { type: "message", from: peerId, data: QUESTION },
        { type: "direct", from: peerId, data: { question: QUESTION, channel: this.#channel } },
      ],
    );
  }

  leave() {
    this.#socket.terminate();
  }
}
