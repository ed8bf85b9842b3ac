// Plays one script to the official client and to ours, and compares the traces.

import { SignallingClient as Official } from "@metered-ca/realtime";
import { SignallingClient as Ours } from "../installed/entry.mjs";
import { EVENTS, FakeSocket, pass, turn } from "./fake.mjs";

const FIELDS = ["closeCode", "closeReason", "size", "cap"];

/** An error as programs for the official client see it: there a DisconnectedError has no fields. */
function describe(error) {
  const fields = FIELDS.filter((field) => field in error && error.name !== "DisconnectedError").map((field) => `${field}=${error[field]}`);
  return [error.name, ...fields].join(" ");
}

function describeFrame(text) {
  const { requestId, ...frame } = JSON.parse(text);
  return `frame ${JSON.stringify(frame)}${requestId === undefined ? "" : " with an id"}`;
}

/** Plays a script to one client. */
class Player {
  trace = [];
  sockets = [];
  #answers = [];

  constructor(t, Client, options) {
    this.t = t;
    const player = this;
    class Socket extends FakeSocket {
      send(text) {
        super.send(text);
        player.trace.push(describeFrame(text));
      }

      close(code, reason) {
        super.close(code, reason);
        player.trace.push(`close ${code} ${reason}`);
      }
    }
    this.client = new Client({
      ...(options.tokenProvider ? {} : { apiKey: "pk_test" }),
      webSocketFactory: (url) => {
        const socket = new Socket(url);
        this.sockets.push(socket);
        this.trace.push(`dial ${url}`);
        return socket;
      },
      ...options,
      reconnect: options.reconnect === false ? false : { jitterRatio: 0, ...options.reconnect },
    });
    for (const name of EVENTS) this.record(name);
  }

  record(name) {
    this.client.on(name, (payload) => {
      const shown = name === "token-provider-error" ? { ...payload, err: payload.err.message } : payload;
      this.trace.push(`event ${name} ${JSON.stringify(shown)}`);
    });
  }

  note(line) {
    this.trace.push(line);
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** Starts a call and notes its result. */
  call(label, begin) {
    let promise;
    try {
      promise = begin(this.client);
    } catch (error) {
      this.#answers.push(`${label} threw ${describe(error)}`);
      return;
    }
    promise.then(
      (value) => this.#answers.push(`${label} resolved ${value}`),
      (error) => this.#answers.push(`${label} rejected ${describe(error)}`),
    );
  }

  /** Runs everything that does not wait for a timer. Results are noted last, as neither client promises their place among the events. */
  async settle() {
    await turn();
    this.trace.push(...this.#answers.splice(0).sort(), `state ${this.client.state}`);
  }

  async pass(ms, step) {
    await pass(this.t, ms, step);
    await this.settle();
  }

  async connect(welcome) {
    this.call("connect", (client) => client.connect());
    await turn();
    this.socket.openAndWelcome(welcome);
    await this.settle();
  }

  /** Drops the connection, and lets the retry be welcomed. */
  async bounce(code = 1006) {
    this.socket.end(code);
    await this.settle();
    await this.pass(500);
    this.socket.openAndWelcome();
    await this.settle();
  }
}

/** Plays a script to both, each under its own fake time, and returns both traces. */
export async function play(t, script, options = {}) {
  const traces = [];
  for (const Client of [Official, Ours]) {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
    const player = new Player(t, Client, typeof options === "function" ? options() : options);
    await script(player);
    await player.settle();
    traces.push([...player.trace]);
    player.client.close().catch(() => {});
    await pass(t, 2000, 1000);
    t.mock.timers.reset();
  }
  const [official, ours] = traces;
  return { official, ours };
}
