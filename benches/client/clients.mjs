// The three clients that are compared, behind one face: ours, the official one, and the least that could work.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** Packages come from where the package tests have installed them. */
const require = createRequire(process.env.BENCH_REQUIRE_FROM);
const load = (name) => import(pathToFileURL(require.resolve(name)));
const loadWs = () => load("ws").then((ws) => ws.WebSocket ?? ws.default);

export async function importClient(name) {
  switch (name) {
    case "ours":
      return ours(await import(pathToFileURL(process.env.BENCH_OURS)));
    case "official": {
      const [official, WebSocket] = await Promise.all([load("@metered-ca/realtime"), loadWs()]);
      return officialClient(official, WebSocket);
    }
    case "bare":
      return bare(await loadWs());
    default:
      throw new Error(`no client named ${name}`);
  }
}

function ours({ SignallingClient }) {
  return { make: (url) => new SignallingClient({ url, apiKey: "pk_live_local" }) };
}

function officialClient({ SignallingClient }, WebSocket) {
  const webSocketFactory = (url) => new WebSocket(url);
  return { make: (url) => new SignallingClient({ url, apiKey: "pk_live_local", webSocketFactory }) };
}

/** `ws`, JSON and a map of pending requests: no reconnect, no time-outs, no checks. */
function bare(WebSocket) {
  class Bare {
    #socket;
    #url;
    #pending = new Map();
    #handlers = new Map();
    #last = 0;

    constructor(url) {
      this.#url = `${url}/v1?key=pk_live_local`;
    }

    connect() {
      return new Promise((resolve, reject) => {
        const socket = new WebSocket(this.#url);
        this.#socket = socket;
        socket.on("error", reject);
        socket.on("message", (bytes) => {
          const frame = JSON.parse(bytes.toString());
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
              resolve();
              break;
          }
        });
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
        this.#socket.on("close", resolve);
        this.#socket.close();
      });
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
