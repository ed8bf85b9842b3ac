// The other side of each conversation: a bare WebSocket with JSON, so that nothing of the package checks itself.

import { EventEmitter, once } from "node:events";
import { WebSocket } from "ws";

export const KEY = "pk_live_local";
const PATIENCE_MS = 30_000;

export class Peer extends EventEmitter {
  #socket;
  #requests = 0;
  /** Messages and direct messages that arrived. */
  received = [];
  /** Who else is in the channel. */
  others = new Set();

  constructor(url, channel) {
    super();
    this.channel = channel;
    this.#socket = new WebSocket(`${url}/v1?key=${KEY}`);
    this.#socket.on("error", (error) => this.emit("error", error));
    this.#socket.on("message", (text) => this.#receive(JSON.parse(text)));
  }

  static async join(url, channel) {
    const peer = new Peer(url, channel);
    await once(peer, "ack");
    return peer;
  }

  publish(data) {
    this.#say({ type: "publish", channel: this.channel, data });
  }

  send(to, data) {
    this.#say({ type: "send", to, data });
  }

  /** Waits until a condition holds for what the peer has seen. */
  async until(isSo) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!isSo(this)) await once(this, "change", { signal });
  }

  leave() {
    this.#socket.terminate();
  }

  #say(frame) {
    this.#socket.send(JSON.stringify({ ...frame, requestId: `peer-${++this.#requests}` }));
  }

  #receive(frame) {
    switch (frame.type) {
      case "welcome":
        this.id = frame.peerId;
        this.#say({ type: "subscribe", channel: this.channel });
        break;
      case "message":
      case "direct":
        this.received.push({ type: frame.type, from: frame.from, data: frame.data });
        break;
      case "presence":
        for (const { peerId } of frame.joined) if (peerId !== this.id) this.others.add(peerId);
        for (const { peerId } of frame.left) this.others.delete(peerId);
        break;
    }
    this.emit(frame.type, frame);
    this.emit("change");
  }
}
