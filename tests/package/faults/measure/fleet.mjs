// 10,000 clients that lose their server at the same moment: which share of them dials within the same 100 ms? The packed
// clients themselves, with sockets that are played and a clock that is turned; the dice are seeded.

import { mock } from "node:test";
import { load } from "../kit/library.mjs";
import { dice } from "../kit/time.mjs";

const STEP_MS = 5;
const WINDOW_MS = 100;
const WELCOME = JSON.stringify({ type: "welcome", peerId: "p", expiresAt: null, serverTime: 1, maxMessageSize: 65_536 });

export async function measure({ seed, size }) {
  const clients = size || 10_000;
  const libraries = { ours: await load("ours"), official: await load("official") };
  const cases = [
    { name: "default", library: "ours", code: 1001, horizonMs: 2000 },
    { name: "fleetSpreadMs: 10 000", library: "ours", code: 1001, reconnect: { fleetSpreadMs: 10_000 }, horizonMs: 12_000 },
    { name: "fleetSpreadMs: 30 000", library: "ours", code: 1001, reconnect: { fleetSpreadMs: 30_000 }, horizonMs: 32_000 },
    { name: "default", library: "official", code: 1001, horizonMs: 2000 },
  ];
  const rows = [];
  for (const each of cases) rows.push(await restart(libraries[each.library].SignallingClient, each, clients, seed));
  return { seed, clients, windowMs: WINDOW_MS, rows };
}

async function restart(SignallingClient, { name, library, code, reconnect, horizonMs }, count, seed) {
  const { random } = Math;
  Math.random = dice(seed);
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
  const sockets = [];
  const dials = [];
  const webSocketFactory = () => {
    const socket = new PlayedSocket();
    sockets.push(socket);
    dials.push(Date.now());
    // The server is there, and welcomes everybody at once.
    setImmediate(() => socket.welcome());
    return socket;
  };
  const clients = Array.from({ length: count }, () => new SignallingClient({ apiKey: "pk_test", webSocketFactory, ...(reconnect && { reconnect }) }));
  const connecting = clients.map((client) => client.connect());
  await Promise.all(connecting);
  const first = dials.splice(0).length;
  mock.timers.tick(15_000);
  await turn();
  const lost = Date.now();
  for (const socket of sockets.splice(0)) socket.end(code);
  for (let gone = 0; gone < horizonMs; gone += STEP_MS) {
    mock.timers.tick(STEP_MS);
    await turn();
  }
  const times = dials.map((at) => at - lost).sort((a, b) => a - b);
  const closing = clients.map((client) => client.close());
  await turn();
  mock.timers.tick(2000);
  await Promise.all(closing);
  mock.timers.reset();
  Math.random = random;
  return { name, library, code, first, dialled: times.length, peakShare: peak(times) / count, firstMs: times[0], lastMs: times.at(-1) };
}

/** The most dials that any 100 ms hold. */
function peak(times) {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to += 1) {
    while (times[to] - times[from] >= WINDOW_MS) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

class PlayedSocket {
  readyState = 0;
  #listeners = { open: new Set(), message: new Set(), close: new Set(), error: new Set() };

  addEventListener(type, listener) {
    this.#listeners[type].add(listener);
  }

  removeEventListener(type, listener) {
    this.#listeners[type].delete(listener);
  }

  send() {}

  close(code = 1000, reason = "") {
    if (this.readyState < 2) this.end(code, reason);
  }

  welcome() {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.#tell("open", {});
    this.#tell("message", { data: WELCOME });
  }

  end(code, reason = "") {
    this.readyState = 3;
    this.#tell("close", { code, reason, wasClean: true });
  }

  #tell(type, event) {
    for (const listener of [...this.#listeners[type]]) listener({ type, target: this, ...event });
  }
}
