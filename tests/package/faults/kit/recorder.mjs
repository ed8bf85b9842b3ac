// A server that records each request and what it did with it, and that misbehaves on demand.

import { once } from "node:events";
import { WebSocketServer } from "ws";

export async function startRecorder() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const arrivals = new Map();
  const sessions = new Map();
  let last = 0;
  const record = (id, arrival) => void arrivals.set(id, [...(arrivals.get(id) ?? []), arrival]);
  server.on("connection", (socket, request) => {
    const key = new URL(request.url, "ws://localhost").searchParams.get("key");
    const session = new Session(socket, record);
    sessions.set(key, session);
    socket.on("error", () => {});
    socket.on("close", () => sessions.get(key) === session && sessions.delete(key));
  });
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    /** The next id for a request. */
    next: () => ++last,
    arrivals: (id) => arrivals.get(id) ?? [],
    /** The present connection of a key. */
    sessionOf: (key) => sessions.get(key),
    async stop() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

class Session {
  channels = new Set();
  #socket;
  #record;
  /** Of the next acks: how many are swallowed, late or doubled; of the next requests: how many are refused. */
  #swallow = 0;
  #late = 0;
  #lateMs = 0;
  #double = 0;
  #refuse = 0;
  #dropAt = false;
  #dropAfter = false;
  #isMute = false;

  constructor(socket, record) {
    this.#socket = socket;
    this.#record = record;
    socket.on("message", (text) => this.#on(JSON.parse(String(text))));
    const serverTime = Math.floor(Date.now() / 1000);
    this.tell({ type: "welcome", peerId: "p", expiresAt: null, serverTime, maxMessageSize: 65_536 });
  }

  tell(frame) {
    if (!this.#isMute) this.#socket.send(JSON.stringify(frame));
  }

  close(code) {
    this.#socket.close(code);
  }

  /** Nothing is read or answered any more, and the connection stays. */
  halfOpen() {
    this.#isMute = true;
    this.#socket.pause();
  }

  dropAtNextRequest() {
    this.#dropAt = true;
  }

  dropAfterNextRequest() {
    this.#dropAfter = true;
  }

  swallowAcks(count) {
    this.#swallow += count;
  }

  delayAcks(count, ms) {
    this.#late += count;
    this.#lateMs = ms;
  }

  doubleAcks(count) {
    this.#double += count;
  }

  refuse(count) {
    this.#refuse += count;
  }

  silence(ms) {
    this.#isMute = true;
    setTimeout(() => (this.#isMute = false), ms);
  }

  #on(frame) {
    if (frame.type === "ping") return this.tell({ type: "pong" });
    if (this.#dropAt) return this.#socket.terminate();
    const refused = this.#refuse > 0 && this.#refuse--;
    if (frame.data?.id !== undefined) this.#record(frame.data.id, { at: Date.now(), refused: Boolean(refused) });
    if (refused) return this.tell({ type: "error", code: "backend_error", requestId: frame.requestId });
    if (frame.type === "subscribe") this.channels.add(frame.channel);
    if (frame.type === "unsubscribe") this.channels.delete(frame.channel);
    if (this.#dropAfter) return this.#socket.terminate();
    this.#ack(frame);
  }

  #ack({ requestId }) {
    const ack = { type: "ack", requestId };
    if (this.#swallow > 0) return void this.#swallow--;
    if (this.#late > 0) {
      this.#late -= 1;
      return void setTimeout(() => this.#socket.readyState === 1 && this.tell(ack), this.#lateMs);
    }
    this.tell(ack);
    if (this.#double > 0) {
      this.#double -= 1;
      this.tell(ack);
    }
  }
}
