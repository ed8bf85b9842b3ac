// Reconnects with `ws` and nothing else. The memory that it leaves is the runtime's own.

import { WebSocket } from "ws";

export class SignallingClient {
  #url;
  #listeners = [];
  #isClosed = false;
  #asks = false;

  constructor({ url }) {
    this.#url = `${url}/v1?key=pk_test`;
  }

  on(_, listener) {
    this.#listeners.push(listener);
  }

  subscribe() {
    this.#asks = true;
    this.#socket.send('{"type":"subscribe","channel":"a","requestId":"1"}');
    return Promise.resolve();
  }

  connect() {
    return new Promise((resolve) => {
      this.on("connected", resolve);
      this.#dial();
    });
  }

  async close() {
    this.#isClosed = true;
    this.#socket.terminate();
  }

  #socket;

  #dial() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("message", () => {
      for (const listener of this.#listeners) listener();
      if (this.#asks) socket.send('{"type":"subscribe","channel":"a","requestId":"1"}');
    });
    socket.on("close", () => !this.#isClosed && setTimeout(() => this.#dial(), 1));
  }
}
