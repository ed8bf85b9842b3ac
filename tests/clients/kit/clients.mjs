// The four clients, and the interface through which tests use them.

import assert from "node:assert/strict";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { startAgent } from "./agent.mjs";
import { official, ours } from "./javascript.mjs";
import { variable } from "./variable.mjs";

/** Every client by its name. `seesStatus`: it can tell with which HTTP status it was refused. */
export const KINDS = [
  { name: "official JavaScript", agent: official, seesStatus: false, checksSize: true },
  {
    name: "official Python",
    agent: startAgent(variable("METERED_PYTHON"), fileURLToPath(new URL("../agents/official.py", import.meta.url))),
    seesStatus: true,
    checksSize: false,
  },
  { name: "our JavaScript", agent: ours, seesStatus: false, checksSize: true },
  { name: "our Rust", agent: startAgent(variable("METERED_NATIVE_AGENT")), seesStatus: true, checksSize: true },
];

/** Clients that are not closed yet: after a failed test they would keep the process alive. */
const open = new Set();

after(async () => {
  await Promise.allSettled([...open].map((participant) => participant.close()));
  await Promise.all(KINDS.map(({ agent }) => agent.stop()));
});

/** One client of a test. Keeps its events until the test asks for them. */
export class Participant {
  #call;
  #received = [];
  #waiting = new Set();

  /** Makes a client; `options`: url, apiKey or tokenProvider, inactivityTimeoutMs. */
  static async make(kind, options) {
    const participant = new Participant();
    participant.kind = kind;
    participant.#call = await kind.agent.make(options, (event, payload) => participant.#tell(event, payload));
    open.add(participant);
    return participant;
  }

  /** Connects, keeps the peer id, and returns the payload of `connected`. */
  async connect() {
    await this.#call("connect");
    const connected = await this.receives("connected");
    this.peerId = connected.peerId;
    return connected;
  }

  state = () => this.#call("state");
  unsubscribe = (channel) => this.#call("unsubscribe", channel);
  publish = (channel, data) => this.#call("publish", channel, data);
  send = (to, data) => this.#call("send", to, data);

  close() {
    open.delete(this);
    return this.#call("close");
  }

  /** Subscribes and returns the presence snapshot. */
  async subscribe(channel, options = {}) {
    await this.#call("subscribe", channel, options);
    const { joined } = await this.receives("presence", (presence) => presence.channel === channel && presence.left.length === 0);
    return joined;
  }

  /** The next matching event of that name, whether it has come already or not. A second call returns the one after. */
  async receives(event, fits = () => true) {
    const holds = typeof fits === "function" ? fits : (payload) => isDeepStrictEqual(plain(payload), fits);
    const take = () => {
      const at = this.#received.findIndex((entry) => entry.event === event && holds(entry.payload));
      return at < 0 ? undefined : this.#received.splice(at, 1)[0];
    };
    const found = take() ?? (await this.#untilSomething(take));
    if (found) return plain(found.payload);
    const wanted = typeof fits === "function" ? "" : ` ${JSON.stringify(fits)}`;
    const received = this.#received.map(({ event, payload }) => `  ${event} ${JSON.stringify(payload)}`).join("\n");
    throw new assert.AssertionError({
      message: `${this.kind.name} did not get ${event}${wanted} within ${PATIENCE_MS} ms. Not asked for yet:\n${received || "  nothing"}`,
      stackStartFn: this.receives,
    });
  }

  /** Events that came and were not asked for. */
  unasked(event) {
    return this.#received.filter((entry) => entry.event === event).map(({ payload }) => plain(payload));
  }

  #tell(event, payload) {
    this.#received.push({ event, payload });
    for (const look of [...this.#waiting]) look();
  }

  #untilSomething(take) {
    return new Promise((resolve) => {
      const finish = (found) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const look = () => {
        const found = take();
        if (found) finish(found);
      };
      const timer = setTimeout(finish, PATIENCE_MS);
      this.#waiting.add(look);
    });
  }
}

/** Asserts that a call is refused, and returns the error. `fields`: code, closeCode, httpStatus, name. */
export async function refused(promise, fields) {
  const error = await promise.then(
    () => assert.fail(`was not refused with ${JSON.stringify(fields)}`),
    (error) => error,
  );
  for (const [name, value] of Object.entries(fields)) {
    assert.equal(error[name], value, `refused with ${error.name} ${error.code ?? error.closeCode ?? ""}: ${error.message}`);
  }
  return error;
}

/** Drops prototypes and undefined fields, so that payloads of all clients compare. */
function plain(payload) {
  return JSON.parse(JSON.stringify(payload));
}

/** Far longer than anything here takes, even on a busy machine. */
const PATIENCE_MS = 8_000;
