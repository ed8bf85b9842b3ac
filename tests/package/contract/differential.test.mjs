// Programs for the official client, run with ours: the same events in the same order, the same frames, the same results. Where
// ours differs, the scenario says why, and what exactly may differ.

import assert from "node:assert/strict";
import { test } from "node:test";
import { play } from "../support/differential.mjs";

const MESSAGE = { type: "message", channel: "c", from: "p", data: { n: 1 }, fromMetadata: { name: "P" } };

/** Subscribes, and the server acks. */
async function subscribe(p, channel, options) {
  p.call(`subscribe ${channel}`, (client) => client.subscribe(channel, options));
  p.socket.ack();
  await p.settle();
}

/** A call whose result is not compared, as its error has a name here. */
function quietly(p, begin) {
  begin(p.client).catch(() => {});
}

/** Both clients do the same. */
const SAME = {
  "connect, and an orderly life": async (p) => {
    await p.connect({ expiresAt: 1, metadata: { iceServers: [{ urls: ["stun:h"], username: "u", x: 1 }] } });
    await subscribe(p, "c");
    await subscribe(p, "d", { includeSenderMetadata: true });
    p.call("publish", (client) => client.publish("c", { a: [1, null, "é"], gone: undefined }));
    p.call("send", (client) => client.send("p", null));
    for (const frame of p.socket.frames.slice(-2)) p.socket.ack(frame);
    p.socket.receive(MESSAGE);
    p.socket.receive({ type: "direct", from: "p", data: null });
    p.socket.receive({ type: "presence", channel: "c", joined: [{ peerId: "a", metadata: { n: 1 } }], left: [{ peerId: "b" }] });
    p.socket.receive({ type: "going_away", retryAfterMs: 5 });
    p.call("unsubscribe", (client) => client.unsubscribe("d"));
    p.socket.ack();
    await p.settle();
  },
  "a drop brings back channels, in order, with their options": async (p) => {
    await p.connect();
    await subscribe(p, "b");
    await subscribe(p, "a", { includeSenderMetadata: true });
    await subscribe(p, "b", { includeSenderMetadata: true });
    await p.bounce();
    for (const frame of p.socket.frames) p.socket.ack(frame);
    await p.settle();
    await p.bounce(1001);
  },
  "delays double up to the cap, and start over": async (p) => {
    await p.connect();
    for (let i = 0; i < 8; i += 1) {
      p.socket.end(1006);
      await p.settle();
      for (let gone = 0; gone < 31_000 && p.socket.readyState === 3; gone += 250) await p.pass(250);
    }
    p.socket.openAndWelcome();
    await p.bounce();
  },
  "terminal codes": async (p) => {
    for (const code of [4001, 4003, 4012, 4020]) {
      await p.connect();
      p.socket.end(code, "why");
      await p.settle();
      await p.pass(60_000, 10_000);
    }
  },
  "codes that are retried": async (p) => {
    await p.connect();
    for (const code of [1000, 1001, 1005, 1008, 1009, 1011, 4000, 4002, 4011, 4999]) await p.bounce(code);
  },
  "requests fail at a drop, and offline": async (p) => {
    await p.connect();
    await subscribe(p, "kept");
    for (const [label, begin] of [
      ["publish", (client) => client.publish("c", 1)],
      ["send", (client) => client.send("p", 1)],
      ["subscribe", (client) => client.subscribe("c")],
      ["unsubscribe", (client) => client.unsubscribe("x")],
    ]) {
      p.call(label, begin);
    }
    p.socket.end(1006, "gone");
    await p.settle();
    for (const [label, begin] of [
      ["publish", (client) => client.publish("c", 1)],
      ["send", (client) => client.send("p", 1)],
      ["subscribe", (client) => client.subscribe("offline")],
      ["unsubscribe", (client) => client.unsubscribe("kept")],
    ]) {
      p.call(label, begin);
    }
    await p.pass(500);
    p.socket.openAndWelcome();
    await p.settle();
  },
  "errors with and without an id": async (p) => {
    await p.connect();
    p.call("publish", (client) => client.publish("c", 1));
    p.socket.refuse("over_message_quota", undefined, { message: "enough" });
    p.call("send", (client) => client.send("p", 1));
    p.socket.refuse("brand_new");
    await p.settle();
    for (const frame of [
      { type: "error", code: "internal_error", message: "m" },
      { type: "error", code: "internal_error", message: 5, requestId: 5 },
      { type: "error", code: "unknown_type" },
      { type: "error", code: "unknown_type", requestId: "unknown" },
      { type: "error", code: "" },
      { type: "ack", requestId: "unknown" },
      { type: "ack" },
    ]) {
      p.socket.receive(frame);
    }
    await p.settle();
  },
  "garbage from the peer": async (p) => {
    await p.connect();
    for (const frame of ["not json", "[]", "42", "null", "{}", '{"type":5}', new ArrayBuffer(4), undefined, '{"type":"x"}']) {
      p.socket.receive(frame);
    }
    for (const broken of [
      { type: "message", channel: "c", from: "p" },
      { type: "message", channel: 1, from: "p", data: 1 },
      { ...MESSAGE, fromMetadata: "x" },
      { ...MESSAGE, fromMetadata: [] },
      { type: "direct", from: "p", data: 1, fromMetadata: { ok: 1 } },
      { type: "presence", channel: "c", joined: [{}], left: [] },
      { type: "presence", channel: "c", joined: [] },
      { type: "presence", channel: "c", joined: [{ peerId: "a", metadata: [] }], left: [] },
      { type: "going_away" },
      { type: "going_away", retryAfterMs: -1 },
      { type: "going_away", retryAfterMs: 0.5 },
      { type: "welcome", peerId: "again", serverTime: 1, maxMessageSize: 1, expiresAt: null },
      { type: "pong" },
    ]) {
      p.socket.receive(broken);
    }
    await p.settle();
  },
  "ICE servers, good and bad": async (p) => {
    for (const iceServers of [
      [],
      [{ urls: "turn:h", username: 5 }],
      [{ urls: [] }],
      [{ urls: "http://h" }],
      Array.from({ length: 17 }, () => ({ urls: "stun:h" })),
      "x",
      [{ urls: "stun:h", username: "x".repeat(1025) }],
      [{ urls: ["STUN:h", "turns:h"] }],
    ]) {
      await p.connect({ metadata: { iceServers } });
      p.socket.end(4020);
      await p.settle();
    }
  },
  "the watchdog and its pings": async (p) => {
    await p.connect();
    await p.pass(60_000, 1000);
    await p.pass(500);
    p.socket.openAndWelcome();
    for (let i = 0; i < 5; i += 1) {
      await p.pass(15_000, 1000);
      p.socket.receive(MESSAGE);
    }
    await p.pass(45_000, 1000);
  },
  "sizes": async (p) => {
    p.call("before", (client) => client.publish("c", "x".repeat(65_535)));
    await p.connect({ maxMessageSize: 10 });
    for (const data of ["12345678", "123456789", "éééé", "ééééé", [1, 2, 3, 4], null]) {
      p.call(JSON.stringify(data), (client) => client.publish("c", data));
      p.call(`send ${JSON.stringify(data)}`, (client) => client.send("p", data));
    }
    await p.settle();
  },
  "wrong arguments": async (p) => {
    await p.connect();
    for (const channel of ["", "x".repeat(257), "a\u0000", "a\u0085", 5, null, undefined]) {
      p.call(`subscribe ${channel}`, (client) => client.subscribe(channel));
      p.call(`unsubscribe ${channel}`, (client) => client.unsubscribe(channel));
      p.call(`publish ${channel}`, (client) => client.publish(channel, 1));
      p.call(`send ${channel}`, (client) => client.send(channel, 1));
    }
    const circular = {};
    circular.self = circular;
    for (const data of [undefined, circular, 1n]) p.call(`data ${typeof data}`, (client) => client.publish("c", data));
    await p.settle();
  },
  "data that JSON changes": async (p) => {
    await p.connect();
    for (const data of [NaN, [undefined, Infinity], new Date(0), { toJSON: () => "own" }, new Map(), "\ud800", -0]) {
      p.call("publish", (client) => client.publish("c", data));
    }
    await p.settle();
  },
  "a replay that is not answered is tried again": async (p) => {
    await p.connect();
    await subscribe(p, "a");
    await p.bounce();
    await p.pass(15_000, 1000);
    p.socket.receive({ type: "pong" });
    await p.pass(2000, 1000);
  },
  "unsubscribing between replays": async (p) => {
    await p.connect();
    await subscribe(p, "a");
    await p.bounce();
    p.socket.refuse("backend_error");
    p.call("unsubscribe", (client) => client.unsubscribe("a"));
    p.socket.ack();
    await p.pass(10_000, 1000);
  },
  "without autoResubscribe": [
    async (p) => {
      await p.connect();
      await subscribe(p, "a");
      await p.bounce();
    },
    { autoResubscribe: false },
  ],
  "without reconnecting": [
    async (p) => {
      await p.connect();
      p.socket.end(1006);
      await p.pass(60_000, 10_000);
    },
    { reconnect: false },
  ],
  "retries run out": [
    async (p) => {
      await p.connect();
      for (let i = 0; i < 3; i += 1) {
        p.socket.end(1006);
        await p.pass(2000);
      }
      await p.connect();
    },
    { reconnect: { maxAttempts: 2 } },
  ],
  "without a watchdog": [
    async (p) => {
      await p.connect();
      await p.pass(600_000, 60_000);
    },
    { inactivityTimeoutMs: 0 },
  ],
  "short patience": [
    async (p) => {
      await p.connect();
      await p.pass(3000);
    },
    { inactivityTimeoutMs: 3000 },
  ],
  "a token for every dial": [
    async (p) => {
      await p.connect();
      await p.bounce();
      await p.bounce(4002);
    },
    () => {
      let calls = 0;
      return { tokenProvider: async () => `token ${(calls += 1)}` };
    },
  ],
  "a provider that fails on retries": [
    async (p) => {
      await p.connect();
      p.socket.end(1006);
      await p.pass(30_000);
      await p.pass(2000);
    },
    () => {
      let calls = 0;
      return {
        tokenProvider: () => {
          calls += 1;
          if (calls > 1 && calls < 6) throw new Error("mint is down ?token=SECRET");
          return "tok";
        },
      };
    },
  ],
  "a provider that fails at first": [
    async (p) => {
      for (let i = 0; i < 3; i += 1) {
        p.call("connect", (client) => client.connect());
        await p.settle();
      }
    },
    () => ({
      tokenProvider: () => {
        throw new RangeError("mint is down");
      },
    }),
  ],
  "a provider that gives nothing": [
    async (p) => {
      p.call("connect", (client) => client.connect());
      await p.settle();
    },
    { tokenProvider: () => "" },
  ],
  "a second connect() after an end, and after a failure": async (p) => {
    await p.connect();
    p.socket.end(4001, "over");
    await p.settle();
    await p.connect();
    await p.bounce();
  },
  "an early ack, and a welcome late in the day": async (p) => {
    p.call("connect", (client) => client.connect());
    p.socket.open();
    p.socket.receive({ type: "ack", requestId: "1" });
    p.socket.receive(MESSAGE);
    await p.pass(9000, 1000);
    p.socket.welcome();
    await p.settle();
  },
  "the watchdog before the welcome of a retry": [
    async (p) => {
      await p.connect();
      p.socket.end(1006);
      await p.pass(500);
      p.socket.open();
      await p.pass(5000, 1000);
    },
    { inactivityTimeoutMs: 5000 },
  ],
  "a retry without a welcome": async (p) => {
    await p.connect();
    p.socket.end(1006);
    await p.pass(500);
    p.socket.open();
    await p.pass(10_000, 1000);
    await p.pass(1000);
  },
  "many requests, answered out of order": async (p) => {
    await p.connect();
    for (let i = 0; i < 20; i += 1) p.call(`publish ${i}`, (client) => client.publish("c", i));
    for (const frame of p.socket.frames.reverse()) p.socket.ack(frame);
    for (const frame of p.socket.frames) p.socket.ack(frame);
    await p.settle();
  },
  "close() on an idle and on a closed client": async (p) => {
    p.call("close", (client) => client.close());
    await p.settle();
    p.call("close", (client) => client.close());
    await p.settle();
  },
  "a subscribe that times out is brought back": async (p) => {
    await p.connect();
    quietly(p, (client) => client.subscribe("a"));
    await p.pass(15_000, 1000);
    await p.bounce();
  },
  "frames on a socket of before": async (p) => {
    await p.connect();
    await p.bounce();
    const [old] = p.sockets;
    old.receive(MESSAGE);
    old.dispatch("close", { code: 4001 });
    await p.settle();
  },
  "a retry that is refused for good": async (p) => {
    await p.connect();
    p.socket.end(1006);
    await p.pass(500);
    p.socket.open();
    p.socket.end(4001, "revoked");
    await p.pass(10_000, 1000);
  },
  "handlers: order, snapshot, once, off": async (p) => {
    await p.connect();
    const { client } = p;
    const late = () => p.note("late");
    const removed = () => p.note("removed");
    client.on("message", () => {
      p.note("first");
      client.on("message", late);
      client.off("message", removed);
    });
    client.on("message", removed).on("message", removed);
    client.once("message", () => p.note("once"));
    const taken = () => p.note("never");
    client.once("message", taken).off("message", taken);
    client.on("message", () => {
      throw new Error("mine");
    });
    client.on("message", () => p.note("last"));
    for (let i = 0; i < 3; i += 1) p.socket.receive(MESSAGE);
    await p.settle();
  },
  "requests inside of handlers": async (p) => {
    await p.connect();
    p.client.on("message", () => {
      p.call("publish", (client) => client.publish("c", 1));
      p.call("subscribe", (client) => client.subscribe("d"));
      p.call("send", (client) => client.send("p", 1));
    });
    p.socket.receive(MESSAGE);
    for (const frame of p.socket.frames) p.socket.ack(frame);
    await p.settle();
  },
  "requests inside of connected, before the replays": async (p) => {
    await p.connect();
    await subscribe(p, "a");
    p.client.on("connected", () => {
      p.call("publish", (client) => client.publish("c", 1));
      p.call("subscribe", (client) => client.subscribe("a", { includeSenderMetadata: true }));
    });
    await p.bounce();
  },
};

/** The clients differ: why, and in which lines. */
const DIFFERENT = {
  "a first connect that fails is no disconnect": {
    why: "rule d02: a client that was never connected is not disconnected",
    may: /^event disconnected/,
    script: async (p) => {
      for (const code of [1006, 1011, 4001, 4010]) {
        p.call("connect", (client) => client.connect());
        p.socket.end(code, "why");
        await p.settle();
      }
    },
  },
  "close(): disconnected, then the state, both at once": {
    why: "rule d04",
    may: /^(event (disconnected|state-change)|close )/,
    script: async (p) => {
      await p.connect();
      p.call("publish", (client) => client.publish("c", 1));
      p.call("close", (client) => client.close(4321, "bye"));
      await p.settle();
    },
  },
  "close() while waiting for a retry is reported": {
    why: "rule d02: every end of a client that was connected is one disconnected event",
    may: /^event disconnected/,
    script: async (p) => {
      await p.connect();
      p.socket.end(1006);
      p.call("close", (client) => client.close());
      await p.settle();
    },
  },
  "close() drops the listeners": {
    why: "rule d04",
    may: /^event /,
    script: async (p) => {
      await p.connect();
      p.call("close", (client) => client.close());
      await p.settle();
      await p.connect();
    },
  },
  "close() forgets the channels": {
    why: "rule d04: else a later session would get them back only after its first drop",
    may: /^(event |close |frame .*subscribe)/,
    script: async (p) => {
      await p.connect();
      await subscribe(p, "a");
      p.call("close", (client) => client.close());
      await p.settle();
      await p.connect();
      await p.bounce();
    },
  },
  "connect() fails when close() comes in between": {
    why: "rule 196: a connect() that is overtaken by close() fails",
    may: /^connect /,
    options: () => ({ tokenProvider: () => new Promise(() => {}) }),
    script: async (p) => {
      p.call("connect", (client) => client.connect());
      p.call("close", (client) => client.close());
      await p.pass(11_000, 1000);
    },
  },
  "no welcome for 10 s": {
    why: "rule d10: a typed error, and the client is already closed; rule d02: no disconnected",
    may: /^(connect |event (disconnected|state-change)|close )/,
    script: async (p) => {
      p.call("connect", (client) => client.connect());
      p.socket.open();
      await p.pass(10_000, 1000);
    },
  },
  "a token provider that hangs": {
    why: "the error of the timeout has a name",
    may: /^connect rejected/,
    options: { tokenProvider: () => new Promise(() => {}) },
    script: async (p) => {
      p.call("connect", (client) => client.connect());
      await p.pass(10_000, 1000);
    },
  },
  "no ack for 15 s": {
    why: "a typed error, AckTimeoutError",
    may: /^publish rejected (Error|AckTimeoutError)/,
    options: { inactivityTimeoutMs: 0 },
    script: async (p) => {
      await p.connect();
      p.call("publish", (client) => client.publish("c", 1));
      await p.pass(15_000, 1000);
    },
  },
  "connect() in a wrong state": {
    why: "SignallingError in place of an unnamed one",
    may: /^connect rejected/,
    script: async (p) => {
      await p.connect();
      p.call("connect", (client) => client.connect());
      await p.settle();
    },
  },
  "a socket that cannot be made": {
    why: "rule d02; the error is a SignallingConnectError 1006 with the scrubbed error as its cause",
    may: /^(connect rejected|event disconnected)/,
    options: {
      webSocketFactory: () => {
        throw new SyntaxError("blocked");
      },
    },
    script: async (p) => {
      p.call("connect", (client) => client.connect());
      await p.settle();
    },
  },
  "a subscribe that the server refuses is not brought back": {
    why: "rule d08",
    may: /^(frame .*subscribe|event server-error)/,
    script: async (p) => {
      await p.connect();
      p.call("subscribe", (client) => client.subscribe("a"));
      p.socket.refuse("channel_not_authorized");
      await p.settle();
      await p.bounce();
    },
  },
  "a re-subscribe that fails offline changes nothing": {
    why: "rule d08: it keeps the earlier options",
    may: /^(frame .*subscribe|event server-error)/,
    script: async (p) => {
      await p.connect();
      await subscribe(p, "a");
      p.socket.end(1006);
      p.call("subscribe", (client) => client.subscribe("a", { includeSenderMetadata: true }));
      await p.pass(500);
      p.socket.openAndWelcome();
    },
  },
  "a channel that is subscribed inside of connected is not asked for twice": {
    why: "rule 133: the second frame would only bring a second snapshot",
    may: /^frame .*"new"/,
    script: async (p) => {
      await p.connect();
      await subscribe(p, "a");
      p.client.on("connected", () => p.call("subscribe", (client) => client.subscribe("new")));
      await p.bounce();
    },
  },
  "a replay that fails is tried again, and the last failure is reported": {
    why: "rule d20",
    may: /^event server-error/,
    script: async (p) => {
      await p.connect();
      await subscribe(p, "a");
      await p.bounce();
      for (let i = 0; i < 5; i += 1) {
        if (p.socket.sent.length > i) p.socket.refuse("backend_error");
        await p.settle();
        await p.pass(2000);
      }
      await p.bounce();
    },
  },
  "a replay that can never succeed is not repeated": {
    why: "rule d08",
    may: /^(frame .*subscribe|event server-error)/,
    script: async (p) => {
      await p.connect();
      await subscribe(p, "a");
      await p.bounce();
      p.socket.refuse("channel_reserved");
      await p.pass(10_000, 1000);
    },
  },
  "after an automatic end, a manual connect() brings the channels back": {
    why: "rule d05",
    may: /^(frame .*subscribe|event server-error)/,
    script: async (p) => {
      await p.connect();
      await subscribe(p, "a");
      p.socket.end(4020);
      await p.settle();
      await p.connect();
    },
  },
  "the floor of 4010 dies with a connect()": {
    why: "rule d06",
    may: /^(dial|event|state|connect|frame)/,
    script: async (p) => {
      p.call("connect", (client) => client.connect());
      p.socket.end(4010);
      await p.settle();
      await p.connect();
      await p.bounce();
    },
  },
  "the state inside of a disconnected handler is the new one": {
    why: "rule d03",
    may: /^inside/,
    script: async (p) => {
      await p.connect();
      p.client.on("disconnected", () => p.note(`inside ${p.client.state}`));
      p.socket.end(4020);
      await p.settle();
    },
  },
  "requests inside of a disconnected handler": {
    why: "rule d03: NotConnectedError in place of an unnamed one",
    may: /^publish rejected/,
    script: async (p) => {
      await p.connect();
      p.client.on("disconnected", () => p.call("publish", (client) => client.publish("c", 1)));
      p.socket.end(1006);
      await p.settle();
    },
  },
  "close() in the handler of state-change to connected": {
    why: "rule 132: no connected after the end; rule 196: connect() fails",
    may: /^(event|close |connect)/,
    script: async (p) => {
      p.client.on("state-change", ({ to }) => {
        if (to === "connected") p.call("close", (client) => client.close());
      });
      p.call("connect", (client) => client.connect());
      p.socket.openAndWelcome();
      await p.settle();
    },
  },
  "retries that run out in the token provider": {
    why: "rule d02: every end is an event",
    may: /^event disconnected/,
    options: () => {
      let calls = 0;
      return {
        reconnect: { maxAttempts: 1 },
        tokenProvider: () => {
          calls += 1;
          if (calls > 1) throw new Error("down");
          return "tok";
        },
      };
    },
    script: async (p) => {
      await p.connect();
      p.socket.end(1006);
      await p.pass(5000);
    },
  },
  "a dead peer is left at once": {
    why: "rule d07",
    may: /^(event|dial|state)/,
    script: async (p) => {
      await p.connect();
      p.socket.answers = "never";
      await p.pass(60_000, 1000);
      await p.pass(500);
    },
  },
  "a welcome that forbids every message is none": {
    why: "rule 47; rule d12: a welcome without expiresAt is valid",
    may: /^(event|connect|state)/,
    script: async (p) => {
      await p.connect({ maxMessageSize: 0 });
      p.socket.welcome({ expiresAt: undefined });
      await p.settle();
    },
  },
  "a text above 1 MiB": {
    why: "rule 179: browsers refuse close(1009), so the socket is abandoned with 1000; disconnected says 1009",
    may: /^(event|close|dial|state)/,
    script: async (p) => {
      await p.connect();
      p.socket.receive(`"${"x".repeat(1_048_576)}"`);
      await p.settle();
    },
  },
  "codes that browsers refuse in close()": {
    why: "rule 201: the socket has to close",
    may: /^(event|close|publish)/,
    script: async (p) => {
      await p.connect();
      p.call("close", (client) => client.close(1001, "bye"));
      await p.settle();
    },
  },
  "data that is no JSON value": {
    why: "a function or a symbol is a wrong argument",
    may: /^(data|frame)/,
    script: async (p) => {
      await p.connect();
      for (const data of [() => {}, Symbol("s")]) p.call(`data ${typeof data}`, (client) => client.publish("c", data));
      await p.settle();
    },
  },
  "the size comes after the channel": {
    why: "arguments are checked before anything else",
    may: /^publish rejected/,
    script: async (p) => {
      p.call("publish", (client) => client.publish("", 1));
      await p.settle();
    },
  },
  "a server that drops whom it welcomes": {
    why: "rule d15: the dial budget",
    may: /./,
    options: { reconnect: { initialDelayMs: 100 } },
    script: async (p) => {
      await p.connect();
      for (let i = 0; i < 100; i += 1) {
        if (p.socket.readyState === 1) p.socket.end(1006);
        if (p.socket.readyState === 0) p.socket.openAndWelcome();
        await p.pass(250);
      }
    },
  },
};

for (const [name, scenario] of Object.entries(SAME)) {
  const [script, options] = Array.isArray(scenario) ? scenario : [scenario];
  test(`as the official client: ${name}`, async (t) => {
    const { official, ours } = await play(t, script, options);
    assert.deepEqual(ours, official);
  });
}

for (const [name, { may, script, options, why }] of Object.entries(DIFFERENT)) {
  test(`unlike the official client: ${name} (${why})`, async (t) => {
    const { official, ours } = await play(t, script, options);
    assert.notDeepEqual(ours, official, "they are alike by now: move the scenario to those that are the same");
    const rest = (trace) => trace.filter((line) => !may.test(line));
    assert.deepEqual(rest(ours), rest(official));
  });
}
