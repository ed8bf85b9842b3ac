// The least that could work: JSON and a map of pending requests over a WebSocket. No reconnect, no time-outs, no checks.

/** `open(url, { text, failed, closed })` opens a socket and calls back with what happens on it. */
export function bare(open) {
  class Bare {
    #socket;
    #url;
    #pending = new Map();
    #handlers = new Map();
    #last = 0;
    #closed;

    constructor(url) {
      this.#url = `${url}/v1?key=pk_live_local`;
    }

    connect() {
      return new Promise((resolve, reject) => {
        const text = (text) => this.#receive(JSON.parse(text), resolve);
        this.#socket = open(this.#url, { text, failed: reject, closed: () => this.#end() });
      });
    }

    on(event, handler) {
      this.#handlers.set(event, handler);
    }

    subscribe(channel) {
      return this.#request({ type: "subscribe", channel });
    }

    publish(channel, data) {
      return this.#request({ type: "publish", channel, data });
    }

    close() {
      return new Promise((resolve) => {
        this.#closed = resolve;
        this.#socket.close();
      });
    }

    #receive(frame, welcomed) {
      switch (frame.type) {
        case "message":
          this.#handlers.get("message")?.({ channel: frame.channel, from: frame.from, data: frame.data });
          break;
        case "ack": {
          const done = this.#pending.get(frame.requestId);
          this.#pending.delete(frame.requestId);
          done?.resolve();
          break;
        }
        case "error":
          this.#pending.get(frame.requestId)?.reject(new Error(frame.code));
          this.#pending.delete(frame.requestId);
          break;
        case "welcome":
          welcomed();
          break;
      }
    }

    #end() {
      for (const { reject } of this.#pending.values()) reject(new Error("the link is lost"));
      this.#closed?.();
    }

    #request(frame) {
      const requestId = String(++this.#last);
      frame.requestId = requestId;
      return new Promise((resolve, reject) => {
        this.#pending.set(requestId, { resolve, reject });
        this.#socket.send(JSON.stringify(frame));
      });
    }
  }
  return { make: (url) => new Bare(url) };
}
