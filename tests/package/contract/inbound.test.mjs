// Frames from the server, right and wrong, and the ICE servers in a welcome.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTime, pass, watch } from "../support/fake.mjs";

async function connected(options) {
  const lines = [];
  const log = (level) => (message, context) => lines.push([level, message, context]);
  const logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  const w = watch({ logger, ...options });
  const socket = await w.connect();
  w.clear();
  return Object.assign(w, { socket, warnings: () => lines.filter(([level]) => level === "warn") });
}

/** Each is dropped with a warning, and the connection stays. */
async function dropped(...frames) {
  const w = await connected();
  for (const [i, frame] of frames.entries()) {
    w.socket.receive(frame);
    assert.deepEqual(w.events, [], JSON.stringify(frame));
    assert.equal(w.warnings().length, i + 1, JSON.stringify(frame));
  }
  assert.equal(w.client.state, "connected");
}

/** The events of these frames. */
async function delivered(...frames) {
  const w = await connected();
  for (const frame of frames) w.socket.receive(frame);
  assert.equal(w.client.state, "connected");
  return w.events;
}

test("e170 texts that are no frames are dropped", () =>
  dropped("not json", "", "[]", "42", "null", "true", '"text"', "{}", '{"type":5}', '{"type":null}', "{", "\u0000"));

test("e171 frames of the future are dropped", () => dropped({ type: "future_thing", data: 1 }, { type: "" }, { type: "toString" }));

test("e172 a message needs data, which may be null", async () => {
  await dropped({ type: "message", channel: "c", from: "p" }, { type: "direct", from: "p" });
  assert.deepEqual(await delivered({ type: "message", channel: "c", from: "p", data: null }, { type: "direct", from: "p", data: null }), [
    ["message", { channel: "c", from: "p", data: null }],
    ["direct", { from: "p", data: null }],
  ]);
});

test("messages with wrong fields are dropped", () =>
  dropped(
    { type: "message", channel: 1, from: "p", data: 1 },
    { type: "message", channel: "c", data: 1 },
    { type: "message", channel: "c", from: null, data: 1 },
    { type: "direct", from: 1, data: 1 },
    { type: "direct", data: 1 },
  ));

test("e173 metadata that is no object is left out; the key is absent then", async () => {
  for (const fromMetadata of ["x", 1, null, [], true]) {
    const events = await delivered(
      { type: "message", channel: "c", from: "p", data: 1, fromMetadata },
      { type: "direct", from: "p", data: 1, fromMetadata },
    );
    assert.deepEqual(
      events.map(([, payload]) => Object.keys(payload)),
      [["channel", "from", "data"], ["from", "data"]],
    );
  }
  const fromMetadata = { username: "Bob" };
  const events = await delivered(
    { type: "message", channel: "c", from: "p", data: 1, fromMetadata },
    { type: "direct", from: "p", data: 1, fromMetadata },
  );
  assert.deepEqual(events, [
    ["message", { channel: "c", from: "p", data: 1, fromMetadata }],
    ["direct", { from: "p", data: 1, fromMetadata }],
  ]);
});

test("e174 e176 one wrong entry, or a list that is absent, spoils a presence", () =>
  dropped(
    { type: "presence", channel: "c", joined: [{ peerId: "a" }, { metadata: {} }], left: [] },
    { type: "presence", channel: "c", joined: [], left: [null] },
    { type: "presence", channel: "c", joined: [] },
    { type: "presence", channel: "c", left: [] },
    { type: "presence", channel: "c", joined: {}, left: [] },
    { type: "presence", joined: [], left: [] },
  ));

test("e175 an entry's metadata that is no object is left out", async () => {
  const joined = [{ peerId: "a", metadata: [] }, { peerId: "b", metadata: { n: 1 } }, { peerId: "c", extra: 1 }];
  const [[, payload]] = await delivered({ type: "presence", channel: "c", joined, left: [{ peerId: "d", metadata: null }] });
  assert.deepEqual(payload, {
    channel: "c",
    joined: [{ peerId: "a" }, { peerId: "b", metadata: { n: 1 } }, { peerId: "c" }],
    left: [{ peerId: "d" }],
  });
  assert.deepEqual(payload.joined.map(Object.keys), [["peerId"], ["peerId", "metadata"], ["peerId"]]);
});

test("e177 an error needs a code", () => dropped({ type: "error", code: "" }, { type: "error" }, { type: "error", code: 5 }));

test("an error's text and id count only if they are strings", async () => {
  const events = await delivered({ type: "error", code: "x", message: 1, requestId: 1 }, { type: "error", code: "y", requestId: "" });
  assert.deepEqual(Object.keys(events[0][1]), ["code"]);
  assert.equal(events[1][1].code, "y");
});

test("e178 binary messages are dropped", () => dropped(new ArrayBuffer(4), new Uint8Array(4), new Blob(["{}"]), undefined, null, 7));

test("e179 a text above 1 MiB ends the connection; one of just 1 MiB does not", async (t) => {
  fakeTime(t);
  const w = await connected();
  const head = '{"type":"message","channel":"c","from":"p","data":"';
  const text = (length) => `${head}${"x".repeat(length - head.length - 2)}"}`;
  w.socket.receive(text(1_048_576));
  assert.equal(w.of("message").length, 1);
  w.socket.receive(text(1_048_577));
  assert.equal(w.of("message").length, 1);
  assert.deepEqual(w.of("disconnected"), [{ code: 1009, reason: "frame exceeded client cap", willReconnect: true }]);
  assert.equal(w.socket.closes.length, 1);
  await pass(t, 500);
  assert.equal(w.sockets.length, 2);
});

test("e180 deep nesting harms nothing", async () => {
  const deep = "[".repeat(5000) + "]".repeat(5000);
  const w = await connected();
  w.socket.receive(`{"type":"message","channel":"c","from":"p","data":${deep}}`);
  w.socket.receive(`{"type":"direct","from":"p","data":${deep}}`);
  w.socket.receive(deep);
  assert.deepEqual(w.names(), ["message", "direct"]);
  assert.equal(w.client.state, "connected");
});

test("e181 a number that JSON reads as infinite is none", async () => {
  const w = await connected();
  const huge = "9".repeat(400);
  w.socket.receive(`{"type":"welcome","peerId":"x","serverTime":${huge},"maxMessageSize":1,"expiresAt":null}`);
  w.socket.receive(`{"type":"going_away","retryAfterMs":${huge}}`);
  assert.deepEqual(w.events, [["going-away", { retryAfterMs: 1000 }]]);
  assert.equal(w.client.state, "connected");
});

test("e182 a lone surrogate arrives as it is", async () => {
  const w = await connected();
  w.socket.receive(String.raw`{"type":"message","channel":"c\ud800","from":"p","data":"\ud800"}`);
  w.socket.receive(String.raw`{"type":"direct","from":"p","data":"\ud800"}`);
  assert.deepEqual(w.events.map(([, payload]) => payload.data), ["\ud800", "\ud800"]);
});

test("e183 e184 e185 channels that nobody asked for, unknown fields, oneself: all are delivered", async () => {
  const events = await delivered(
    { type: "message", channel: "never", from: "me", data: 1, more: 1 },
    { type: "presence", channel: "never", joined: [{ peerId: "me" }], left: [], more: 1 },
    { type: "pong", more: 1 },
  );
  assert.deepEqual(events, [
    ["message", { channel: "never", from: "me", data: 1 }],
    ["presence", { channel: "never", joined: [{ peerId: "me" }], left: [] }],
  ]);
});

test("e186 an empty snapshot is an event", async () => {
  assert.deepEqual(await delivered({ type: "presence", channel: "c", joined: [], left: [] }), [
    ["presence", { channel: "c", joined: [], left: [] }],
  ]);
});

test("a peer cannot reach the prototypes", async () => {
  const w = await connected();
  w.socket.receive('{"type":"message","channel":"c","from":"p","data":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}');
  w.socket.receive('{"type":"presence","channel":"c","joined":[{"peerId":"a","metadata":{"__proto__":{"polluted":1}}}],"left":[]}');
  assert.equal({}.polluted, undefined);
  assert.deepEqual(Object.keys(w.of("message")[0]), ["channel", "from", "data"]);
});

// ---- ICE servers ----

/** The ICE servers that `connected` carries; "absent" if the key is. */
async function ice(iceServers, metadata = { iceServers }) {
  const w = watch();
  await w.connect({ metadata });
  const [payload] = w.of("connected");
  return "iceServers" in payload ? payload.iceServers : "absent";
}

const servers = (count) => Array.from({ length: count }, (_, i) => ({ urls: `stun:h${i}` }));

test("e226 valid ICE servers are on connected, as they are", async () => {
  const given = [{ urls: ["turn:a", "turns:b"], username: "u", credential: "c" }, { urls: "stun:d" }];
  assert.deepEqual(await ice(given), given);
});

test("e227 without valid ones the key is absent", async () => {
  for (const metadata of [undefined, null, [], "x", {}, { iceServers: null }, { iceServers: {} }, { iceServers: "stun:h" }]) {
    assert.equal(await ice(undefined, metadata), "absent");
  }
  for (const entry of [null, "stun:h", {}, []]) assert.equal(await ice([entry]), "absent");
});

test("e228 at most 16", async () => {
  assert.equal((await ice(servers(16))).length, 16);
  assert.equal(await ice(servers(17)), "absent");
});

test("e229 e230 e231 one wrong address spoils them all", async () => {
  for (const urls of ["http://x", [], 5, null, ["stun:a", "http://x"], ["stun:a", 5], `stun:${"x".repeat(508)}`, "stun", "", " stun:h"]) {
    assert.equal(await ice([{ urls: "stun:good" }, { urls }]), "absent", String(urls));
  }
  for (const urls of ["TURNS:host", "stun:host", "Stuns:host", `stun:${"x".repeat(507)}`]) {
    assert.deepEqual(await ice([{ urls }]), [{ urls }]);
  }
});

test("e232 a user name that is too long spoils them all, one that is not a string is left out", async () => {
  for (const field of ["username", "credential"]) {
    assert.equal(await ice([{ urls: "turn:h", [field]: "x".repeat(1025) }]), "absent");
    assert.deepEqual(await ice([{ urls: "turn:h", [field]: 5 }]), [{ urls: "turn:h" }]);
    const fits = [{ urls: "turn:h", [field]: "x".repeat(1024) }];
    assert.deepEqual(await ice(fits), fits);
  }
});

test("e233 e234 unknown keys are left out; an empty list is one", async () => {
  assert.deepEqual(await ice([{ urls: "turn:h", credentialType: "password" }]), [{ urls: "turn:h" }]);
  assert.deepEqual(await ice([]), []);
});

test("e235 a reconnect brings new ones", async (t) => {
  fakeTime(t);
  const w = watch();
  (await w.connect({ metadata: { iceServers: [{ urls: "stun:old" }] } })).end(1006);
  await pass(t, 500);
  w.last.openAndWelcome({ metadata: { iceServers: [{ urls: "stun:new" }] } });
  await pass(t, 1);
  assert.deepEqual(w.of("connected")[1].iceServers, [{ urls: "stun:new" }]);
});
