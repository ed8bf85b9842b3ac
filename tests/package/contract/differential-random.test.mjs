// As differential.test.mjs, with random scripts of steps in which both clients behave alike. A failure names the seed of its
// script.

import assert from "node:assert/strict";
import { test } from "node:test";
import { play } from "../support/differential.mjs";

const SCRIPTS = 250;
const STEPS = 40;

/** Random numbers from a seed (mulberry32). */
function chance(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { pick: (list) => list[Math.floor(next() * list.length)] };
}

const RETRIED = [1000, 1001, 1005, 1006, 1008, 1009, 1011, 4000, 4002, 4011, 4999];
const CHANNELS = ["a", "b", "m"];
/** Fixed for each channel, so that no re-subscribe changes it. */
const optionsOf = (channel) => (channel === "m" ? { includeSenderMetadata: true } : undefined);
const INBOUND = [
  { type: "message", channel: "a", from: "p", data: { n: 1 } },
  { type: "message", channel: "a", from: "p", data: null, fromMetadata: { m: 1 } },
  { type: "message", channel: "a", from: "p" },
  { type: "direct", from: "p", data: "x" },
  { type: "presence", channel: "a", joined: [{ peerId: "p", metadata: {} }], left: [] },
  { type: "presence", channel: "a", joined: [{ peerId: 1 }], left: [] },
  { type: "going_away", retryAfterMs: 3000 },
  { type: "error", code: "backend_error" },
  { type: "error", code: "unknown_type" },
  { type: "error", code: "late", requestId: "nobody's" },
  { type: "pong" },
  "garbage",
  new ArrayBuffer(2),
  { type: "future" },
];

const isSubscribe = (frame) => frame.type === "subscribe";

/** What may happen to a client that is connected. */
const WHILE_CONNECTED = {
  publish: (p, { pick }) => p.call("publish", (client) => client.publish(pick(CHANNELS), pick([1, null, "x", undefined]))),
  send: (p, { pick }) => p.call("send", (client) => client.send(pick(["p", "", "q"]), pick([1, { deep: [1] }]))),
  subscribe(p, { pick }) {
    const channel = pick(CHANNELS);
    p.call(`subscribe ${channel}`, (client) => client.subscribe(channel, optionsOf(channel)));
  },
  unsubscribe: (p, { pick }) => p.call("unsubscribe", (client) => client.unsubscribe(pick(CHANNELS))),
  receive: (p, { pick }) => p.socket.receive(pick(INBOUND)),
  ack(p, { pick }) {
    const frame = pick(p.socket.frames.filter((frame) => frame.requestId !== undefined));
    if (frame) p.socket.ack(frame);
  },
  "ack all"(p) {
    for (const frame of p.socket.frames) if (frame.requestId !== undefined) p.socket.ack(frame);
  },
  refuse(p, { pick }) {
    // Refused subscribes differ on purpose.
    const frame = pick(p.socket.frames.filter((frame) => frame.requestId !== undefined && !isSubscribe(frame)));
    if (frame) p.socket.refuse(pick(["over_message_quota", "peer_not_found", "unknown_type"]), frame, { message: "m" });
  },
  drop: (p, { pick }) => p.socket.end(pick(RETRIED), "r"),
  "drop for long": (p) => p.socket.end(4010, "full"),
  wait: (p, { pick }) => p.pass(pick([250, 1000, 5000, 14_750, 20_000, 60_000]), 250),
};

/** What may happen to a retry. */
const WHILE_RECONNECTING = {
  wait: (p, { pick }) => p.pass(pick([250, 500, 1000, 4000, 16_000]), 250),
  welcome(p) {
    if (p.socket.readyState === 0) p.socket.openAndWelcome();
    else if (p.socket.readyState === 1) p.socket.welcome();
  },
  open(p) {
    if (p.socket.readyState === 0) p.socket.open();
  },
  fail(p, { pick }) {
    if (p.socket.readyState < 2) p.socket.end(pick(RETRIED), "f");
  },
  publish: (p) => p.call("publish", (client) => client.publish("a", 1)),
  unsubscribe: (p, { pick }) => p.call("unsubscribe", (client) => client.unsubscribe(pick(CHANNELS))),
  subscribe(p, { pick }) {
    const channel = pick(CHANNELS);
    p.call(`subscribe ${channel}`, (client) => client.subscribe(channel, optionsOf(channel)));
  },
};

/** Makes sessions last, and lets them come back. */
const LIKELY = { connected: ["subscribe", "ack", "receive"], reconnecting: ["welcome", "welcome", "welcome", "wait"] };

const script = (seed) => async (p) => {
  const random = chance(seed);
  await p.connect();
  for (let i = 0; i < STEPS; i += 1) {
    const { state } = p.client;
    if (state === "closed") return;
    const steps = state === "connected" ? WHILE_CONNECTED : WHILE_RECONNECTING;
    const name = random.pick([...Object.keys(steps), ...LIKELY[state]]);
    p.note(`— ${name}`);
    await steps[name](p, random);
    await p.settle();
  }
  if (p.client.state === "connected") p.socket.end(random.pick([4001, 4003, 4012, 4020]), "over");
  await p.pass(60_000, 5000);
};

/** Ids differ, and some errors have names here that have none in the official client. */
function unnamed(line) {
  return line.replace(/rejected AckTimeoutError/, "rejected Error").replace(/"requestId":"[^"]+"/, '"requestId":"…"');
}

/** At the very moment of the timeout a last ping may or may not go out. */
function isRacingPing(line, i, lines) {
  return line === 'frame {"type":"ping"}' && lines[i + 1]?.startsWith("close 4000");
}

const comparable = (trace) => trace.map(unnamed).filter((line, i, lines) => !isRacingPing(line, i, lines));

test(`${SCRIPTS} scripts of ${STEPS} steps each end alike`, { timeout: 300_000 }, async (t) => {
  const options = { reconnect: { maxDialsPerMinute: Infinity } };
  for (let seed = 1; seed <= SCRIPTS; seed += 1) {
    const { official, ours } = await play(t, script(seed), options);
    assert.deepEqual(comparable(ours), comparable(official), `the script of seed ${seed}`);
  }
});
