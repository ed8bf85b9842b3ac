// Requests, acks, arguments and sizes.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AckTimeoutError,
  DisconnectedError,
  NotConnectedError,
  OversizedPayloadError,
  ServerRequestError,
  SignallingError,
} from "../installed/entry.mjs";
import { fakeTime, failure, outcome, pass, quiet, turn, watch } from "../support/fake.mjs";

const REQUESTS = [
  (client) => client.subscribe("c"),
  (client) => client.unsubscribe("c"),
  (client) => client.publish("c", 1),
  (client) => client.send("p", 1),
];

async function connected(options) {
  const w = watch(options);
  const socket = await w.connect();
  return Object.assign(w, { socket });
}

test("e051 requests of an idle client fail with NotConnectedError", async () => {
  const { client, sockets } = watch();
  for (const request of REQUESTS) {
    const error = await failure(request(client));
    assert.ok(error instanceof NotConnectedError && error instanceof SignallingError);
    assert.deepEqual([error.name, error.outcome], ["NotConnectedError", "notSent"]);
  }
  assert.equal(sockets.length, 0);
});

test("e052 requests while reconnecting fail with NotConnectedError", async (t) => {
  fakeTime(t);
  const w = await connected();
  w.socket.end(1006);
  for (const request of REQUESTS) assert.equal((await failure(request(w.client))).name, "NotConnectedError");
});

test("e053 e054 publish writes one frame and waits for its ack", async () => {
  const { client, socket } = await connected();
  const promise = client.publish("room", { hi: 1 });
  assert.equal(socket.sent.length, 1, "inside of the call");
  const { requestId, ...frame } = socket.frames[0];
  assert.deepEqual(frame, { type: "publish", channel: "room", data: { hi: 1 } });
  assert.equal(typeof requestId, "string");
  assert.deepEqual(await outcome(promise), { pending: true });
  socket.ack();
  assert.deepEqual(await outcome(promise), { value: undefined });
});

test("e055 each request is answered by its own ack", async () => {
  const { client, socket } = await connected();
  const [first, second] = [client.publish("c", 1), client.publish("c", 2)];
  socket.ack(socket.frames[1]);
  assert.deepEqual(await outcome(first), { pending: true });
  assert.deepEqual(await outcome(second), { value: undefined });
  socket.ack(socket.frames[0]);
  await first;
});

test("e056 e058 a refused request fails with the server's code, text and id", async () => {
  const w = await connected();
  const promise = w.client.publish("c", 1);
  w.socket.refuse("over_message_quota", undefined, { message: "enough for this month" });
  const error = await failure(promise);
  assert.ok(error instanceof ServerRequestError && error instanceof SignallingError);
  assert.deepEqual(
    [error.name, error.code, error.message, error.requestId, error.outcome],
    ["over_message_quota", "over_message_quota", "enough for this month", w.socket.frames[0].requestId, "rejected"],
  );
  assert.equal(w.client.state, "connected");
  assert.deepEqual(w.of("server-error"), []);
});

test("e057 an unknown code passes through", async () => {
  const { client, socket } = await connected();
  const promise = client.publish("c", 1);
  socket.refuse("brand_new");
  const error = await failure(promise);
  assert.deepEqual([error.name, error.code, error.message], ["brand_new", "brand_new", "brand_new"]);
});

test("e059 an error without an id is an event", async () => {
  const w = await connected();
  const promise = quiet(w.client.publish("c", 1));
  w.socket.receive({ type: "error", code: "internal_error", message: "oops" });
  w.socket.receive({ type: "error", code: "internal_error" });
  assert.deepEqual(w.of("server-error"), [{ code: "internal_error", message: "oops" }, { code: "internal_error" }]);
  assert.deepEqual(await outcome(promise), { pending: true });
  assert.equal(w.client.state, "connected");
});

test("e060 unknown_type without an id is swallowed", async () => {
  const w = await connected();
  w.socket.receive({ type: "error", code: "unknown_type" });
  assert.deepEqual(w.of("server-error"), []);
});

test("e061 unknown_type with the id of a request fails it", async () => {
  const w = await connected();
  const promise = w.client.publish("c", 1);
  w.socket.refuse("unknown_type");
  assert.equal((await failure(promise)).code, "unknown_type");
});

test("e062 e063 after 15 s without an ack the request fails; a later ack is ignored", async (t) => {
  fakeTime(t);
  const w = await connected({ inactivityTimeoutMs: 0 });
  const promise = quiet(w.client.publish("c", 1));
  await pass(t, 14_999, 14_999);
  assert.deepEqual(await outcome(promise), { pending: true });
  await pass(t, 1, 1);
  const error = await failure(promise);
  assert.ok(error instanceof AckTimeoutError && error instanceof SignallingError);
  assert.deepEqual(
    [error.name, error.timeoutMs, error.requestId, error.outcome],
    ["AckTimeoutError", 15_000, w.socket.frames[0].requestId, "unknown"],
  );
  w.socket.ack();
  assert.equal(w.client.state, "connected");
});

test("e064 an error that comes after the timeout is an event with its id", async (t) => {
  fakeTime(t);
  const w = await connected({ inactivityTimeoutMs: 0 });
  quiet(w.client.publish("c", 1));
  await pass(t, 15_000, 5000);
  w.socket.refuse("backend_error");
  assert.deepEqual(w.of("server-error"), [{ code: "backend_error", requestId: w.socket.frames[0].requestId }]);
});

test("e065 e066 acks that nobody waits for are ignored", async () => {
  const w = await connected();
  w.socket.receive({ type: "ack", requestId: "999" });
  for (const requestId of ["", "x", 7, null, undefined]) w.socket.receive({ type: "ack", requestId });
  const promise = w.client.publish("c", 1);
  w.socket.ack();
  w.socket.ack();
  await promise;
  assert.equal(w.client.state, "connected");
});

test("e067 three requests in flight fail at a drop, before disconnected", async (t) => {
  fakeTime(t);
  const w = await connected();
  const order = [];
  for (const request of REQUESTS.slice(0, 3)) {
    quiet(request(w.client)).catch((error) => order.push(error));
  }
  w.client.on("disconnected", () => queueMicrotask(() => order.push("disconnected")));
  w.socket.end(1011, "bye");
  await turn();
  assert.equal(order[3], "disconnected");
  for (const error of order.slice(0, 3)) {
    assert.ok(error instanceof DisconnectedError && error instanceof SignallingError);
    assert.deepEqual([error.name, error.closeCode, error.outcome], ["DisconnectedError", 1011, "unknown"]);
    assert.equal(error.message.includes("bye"), false);
  }
});

test("e068 an ack for a request of before the drop is ignored", async (t) => {
  fakeTime(t);
  const w = await connected();
  const lost = quiet(w.client.publish("c", 1));
  const [old] = w.socket.frames;
  w.socket.end(1006);
  await pass(t, 500);
  w.last.openAndWelcome();
  const next = w.client.publish("c", 2);
  w.last.ack(old);
  assert.equal((await failure(lost)).name, "DisconnectedError");
  assert.deepEqual(await outcome(next), { pending: true });
  w.last.ack();
  await next;
});

test("e069 e070 data arrives as it was given", async () => {
  const { client, socket } = await connected();
  const values = [null, 0, "", false, [], {}, { text: "żółć 🦀 \u2028", deep: [[{ a: [null] }]] }, "\ud800"];
  for (const value of values) {
    quiet(client.publish("c", value));
    quiet(client.send("p", value));
    assert.deepEqual([socket.frames.at(-2).data, socket.frames.at(-1).data], [value, value]);
  }
  assert.ok(socket.sent[0].includes('"data":null'));
});

test("e071 e072 send names the peer, and learns that there is none", async () => {
  const { client, socket } = await connected();
  const promise = client.send("peer-xyz", { kind: "challenge" });
  const [{ requestId, ...frame }] = socket.frames;
  assert.equal(typeof requestId, "string");
  assert.deepEqual(frame, { type: "send", to: "peer-xyz", data: { kind: "challenge" } });
  socket.refuse("peer_not_found");
  assert.equal((await failure(promise)).code, "peer_not_found");
});

test("e073 a thousand requests have a thousand ids", async () => {
  const { client, socket } = await connected();
  const all = Array.from({ length: 1000 }, (_, i) => client.publish("c", i));
  const ids = socket.frames.map((frame) => frame.requestId);
  assert.equal(new Set(ids).size, 1000);
  assert.ok(ids.every((id) => typeof id === "string" && id.length >= 1 && id.length <= 128));
  for (const frame of socket.frames) socket.ack(frame);
  await Promise.all(all);
});

test("e074 includeSenderMetadata goes out only when it is true", async () => {
  const { client, socket } = await connected();
  for (const options of [undefined, {}, { includeSenderMetadata: false }, { includeSenderMetadata: true }]) {
    quiet(client.subscribe("c", options));
  }
  assert.deepEqual(
    socket.frames.map((frame) => frame.includeSenderMetadata),
    [undefined, undefined, undefined, true],
  );
  assert.deepEqual(Object.keys(socket.frames[0]).sort(), ["channel", "requestId", "type"]);
});

test("e075 on a socket that is closing, requests fail at once", async () => {
  const { client, socket } = await connected();
  socket.readyState = 2;
  for (const request of REQUESTS) {
    const error = await failure(request(client));
    assert.deepEqual([error.name, error.outcome], ["NotConnectedError", "notSent"]);
  }
});

test("e076 requests inside of a disconnected handler fail with NotConnectedError", async (t) => {
  fakeTime(t);
  const w = await connected();
  const promises = [];
  w.client.on("disconnected", () => promises.push(...REQUESTS.map((request) => quiet(request(w.client)))));
  w.socket.end(1006);
  for (const promise of promises) assert.equal((await failure(promise)).name, "NotConnectedError");
  await pass(t, 500);
  w.last.openAndWelcome();
  assert.deepEqual(w.last.frames, [], "nothing was tracked");
});

test("a socket that throws in send fails that request alone", async () => {
  const { client, socket } = await connected();
  const send = socket.send;
  socket.send = () => {
    throw new Error("no");
  };
  for (const request of REQUESTS) {
    const error = await failure(request(client));
    assert.deepEqual([error.name, error.outcome], ["NotConnectedError", "notSent"]);
  }
  socket.send = send;
  const promise = client.publish("c", 1);
  socket.ack();
  await promise;
});

test("a request can be withdrawn", async () => {
  const { client, socket } = await connected();
  const controller = new AbortController();
  const { signal } = controller;
  const promises = [
    client.subscribe("c", { signal }),
    client.unsubscribe("c", { signal }),
    client.publish("c", 1, { signal }),
    client.send("p", 1, { signal }),
  ].map(quiet);
  controller.abort(new Error("why"));
  for (const promise of promises) {
    const error = await failure(promise);
    assert.deepEqual([error.name, error.cause.message, error.outcome], ["AbortError", "why", "unknown"]);
  }
  for (const frame of socket.frames) socket.ack(frame);
  const error = await failure(client.publish("c", 1, { signal }));
  assert.deepEqual([error.name, error.outcome, socket.sent.length], ["AbortError", "notSent", 4]);
});

test("a request can have its own time", async (t) => {
  fakeTime(t);
  const { client } = await connected({ inactivityTimeoutMs: 0 });
  const promises = [client.publish("c", 1, { timeoutMs: 100 }), client.subscribe("c", { timeoutMs: 100 })].map(quiet);
  const long = quiet(client.send("p", 1, { timeoutMs: 40_000 }));
  await pass(t, 100, 100);
  for (const promise of promises) assert.equal((await failure(promise)).timeoutMs, 100);
  await pass(t, 39_899, 39_899);
  assert.deepEqual(await outcome(long), { pending: true });
  await pass(t, 1, 1);
  assert.equal((await failure(long)).timeoutMs, 40_000);
});

test("wrong call options are refused before anything is sent", async () => {
  const { client, socket } = await connected();
  for (const options of [7, "x", { signal: {} }, { timeoutMs: 0 }, { timeoutMs: NaN }, { timeoutMs: -1 }, { timeoutMs: Infinity }]) {
    for (const promise of [client.publish("c", 1, options), client.send("p", 1, options), client.subscribe("c", options)].map(quiet)) {
      const error = await failure(promise);
      assert.deepEqual([error.constructor, error.outcome], [TypeError, "notSent"], JSON.stringify(options));
    }
  }
  assert.equal(socket.sent.length, 0);
});

// ---- arguments ----

/** A TypeError before anything is sent. */
async function refused(promise) {
  const error = await failure(promise);
  assert.ok(error instanceof TypeError, String(error));
  assert.equal(error.outcome, "notSent");
}

test("e077 e078 e079 wrong channels are refused, and not tracked", async (t) => {
  fakeTime(t);
  const { client, socket, sockets } = await connected();
  const wrong = ["", "x".repeat(257), "a\u0000", "a\u001f", "a\u007f", "a\u0085", undefined, null, 7, {}, ["c"]];
  for (const channel of wrong) {
    await refused(client.subscribe(channel));
    await refused(client.unsubscribe(channel));
    await refused(client.publish(channel, 1));
  }
  quiet(client.subscribe("x".repeat(256)));
  assert.equal(socket.sent.length, 1);
  socket.end(1006);
  await pass(t, 500);
  sockets[1].openAndWelcome();
  assert.deepEqual(
    sockets[1].frames.map((frame) => frame.channel),
    ["x".repeat(256)],
  );
});

test("e080 spaces, wildcards, slashes and emoji are sent unchanged", async () => {
  const { client, socket } = await connected();
  const channels = ["a b", "*", "a/**/b", "🦀", "é", '"', "\\", "𝒳".repeat(128)];
  for (const channel of channels) {
    quiet(client.subscribe(channel));
    quiet(client.publish(channel, 1));
    assert.deepEqual([socket.frames.at(-2).channel, socket.frames.at(-1).channel], [channel, channel]);
  }
  await refused(client.subscribe("𝒳".repeat(129)));
});

test("e081 wrong peer ids are refused", async () => {
  const { client, socket } = await connected();
  for (const id of ["", "x".repeat(129), "a\nb", undefined, null, 7]) await refused(client.send(id, 1));
  quiet(client.send("x".repeat(128), 1));
  assert.equal(socket.sent.length, 1);
});

test("e082 reserved channels are the server's business", async () => {
  const { client, socket } = await connected();
  const promise = client.subscribe("_metered/x");
  assert.equal(socket.frames[0].channel, "_metered/x");
  socket.refuse("channel_reserved");
  assert.equal((await failure(promise)).code, "channel_reserved");
});

test("e083 data follows JSON.stringify", async () => {
  const { client, socket } = await connected();
  const date = new Date(0);
  const values = [NaN, Infinity, { a: [NaN] }, { gone: undefined, f() {}, s: Symbol("s") }, [undefined], date, { toJSON: () => "own" }];
  for (const value of values) {
    quiet(client.publish("c", value));
    assert.deepEqual(socket.frames.at(-1).data, JSON.parse(JSON.stringify(value)));
  }
});

test("e084 wrong arguments are refused offline, too", async () => {
  const { client } = watch();
  await refused(client.subscribe(""));
  await refused(client.publish("", 1));
  await refused(client.send("", 1));
  await refused(client.publish("c", undefined));
});

test("e085 e086 e087 the size of data in UTF-8 decides", async () => {
  const w = watch();
  const socket = await w.connect({ maxMessageSize: 1000 });
  const fits = "x".repeat(998);
  const wide = "é".repeat(499);
  for (const data of [fits, wide, "€".repeat(332)]) {
    quiet(w.client.publish("c", data));
    quiet(w.client.send("p", data));
  }
  assert.equal(socket.sent.length, 6);
  for (const data of [`${fits}x`, `${wide}x`, "🦀".repeat(250)]) {
    for (const promise of [w.client.publish("c", data), w.client.send("p", data)].map(quiet)) {
      const error = await failure(promise);
      assert.ok(error instanceof OversizedPayloadError && error instanceof SignallingError);
      assert.deepEqual(
        [error.name, error.size, error.cap, error.outcome],
        ["OversizedPayloadError", Buffer.byteLength(JSON.stringify(data)), 1000, "notSent"],
      );
    }
  }
  assert.equal(socket.sent.length, 6);
  assert.equal(w.client.state, "connected");
});

test("e088 a reconnect's welcome changes the cap", async (t) => {
  fakeTime(t);
  const w = watch();
  (await w.connect({ maxMessageSize: 1000 })).end(1006);
  await pass(t, 500);
  w.last.openAndWelcome({ maxMessageSize: 100 });
  assert.equal((await failure(w.client.publish("c", "x".repeat(200)))).cap, 100);
});

test("before any welcome the cap is 65,536 bytes", async () => {
  const { client } = watch();
  assert.equal((await failure(client.publish("c", "x".repeat(65_535)))).cap, 65_536);
  assert.equal((await failure(client.publish("c", "x".repeat(65_534)))).name, "NotConnectedError");
});

test("e089 a close 1009 is a drop like any other", async (t) => {
  fakeTime(t);
  const w = await connected();
  const promise = quiet(w.client.publish("c", "x"));
  w.socket.end(1009, "too big");
  assert.equal((await failure(promise)).closeCode, 1009);
  assert.deepEqual(w.of("disconnected"), [{ code: 1009, reason: "too big", willReconnect: true }]);
  await pass(t, 500);
  assert.equal(w.sockets.length, 2);
});

test("e090 data that JSON cannot hold is refused", async () => {
  const { client, socket } = await connected();
  const circular = {};
  circular.self = circular;
  for (const data of [undefined, () => {}, Symbol("s"), circular, 1n, { n: 1n }]) {
    await refused(client.publish("c", data));
    await refused(client.send("p", data));
  }
  assert.equal(socket.sent.length, 0);
});

test("what toJSON or a getter of the data throws is what the call is rejected with", async () => {
  const { client, socket } = await connected();
  const mine = new Error("mine");
  const fail = () => {
    throw mine;
  };
  const proxy = new Proxy({}, { ownKeys: fail });
  for (const data of [{ toJSON: fail }, { deep: [{ toJSON: fail }] }, Object.defineProperty({}, "x", { get: fail, enumerable: true }), proxy]) {
    for (const call of [client.publish("c", data), client.send("p", data)].map(quiet)) {
      assert.equal(await failure(call), mine);
      assert.equal(mine.outcome, "notSent");
    }
  }
  for (const thrown of [Object.freeze(new Error("frozen")), "a text", null]) {
    const data = {
      toJSON() {
        throw thrown;
      },
    };
    await assert.rejects(client.publish("c", data), (error) => error === thrown);
  }
  assert.equal(socket.sent.length, 0);
  const published = client.publish("c", 1);
  socket.ack();
  await published;
});

test("an ack for an id that is written in another way answers nothing", async () => {
  const w = watch();
  const socket = await w.connect();
  const published = quiet(w.client.publish("c", 1));
  const { requestId } = socket.of("publish")[0];
  for (const other of [`0${requestId}`, `${requestId}.0`, ` ${requestId}`, `+${requestId}`, ""]) socket.receive({ type: "ack", requestId: other });
  assert.deepEqual(await outcome(published), { pending: true });
  socket.ack();
  await published;
});
