// A hostile server, and hostile peers behind it: nothing crashes, no prototype is polluted, and the client works on.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { answer, startBare, welcome } from "./kit/bare.mjs";
import { FRAMES } from "./kit/hostile.mjs";
import { inPage } from "./kit/place.mjs";
import { load } from "./kit/library.mjs";
import { startSite } from "./kit/site.mjs";
import { sleep, until } from "./kit/time.mjs";

const { SignallingClient } = await load("ours");
const FLOOD = 100_000;
const MIB = 1_048_576;

let bare;
const clients = [];
const rejections = [];
process.on("unhandledRejection", (error) => rejections.push(error));

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await bare?.stop();
  bare = undefined;
  assert.deepEqual(rejections, []);
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal({}.polluted, undefined);
  assert.equal([].polluted, undefined);
});

/** A connected client and its one peer. */
async function stage(options = {}, act = answer) {
  bare = await startBare({ act });
  const client = new SignallingClient({ apiKey: "pk_test", url: bare.url, reconnect: { initialDelayMs: 20 }, ...options });
  clients.push(client);
  const events = [];
  for (const name of ["message", "direct", "presence", "server-error", "going-away", "connected", "disconnected"]) {
    client.on(name, (payload) => events.push({ name, payload }));
  }
  await client.connect();
  return { client, events, peer: bare.last() };
}

/** Asserts that a client still works: it gets messages and acks. */
async function assertWorks({ client, events }, peer = bare.last()) {
  const text = `still here ${events.length}`;
  peer.send({ type: "message", channel: "c", from: "x", data: text });
  await until(() => events.some(({ payload }) => payload.data === text), 20_000, "a message");
  await client.publish("c", 1);
}

for (const [what, frame] of Object.entries(FRAMES)) {
  test(`${what} costs nothing but itself`, async () => {
    const staged = await stage();
    staged.peer.send(frame);
    await assertWorks(staged);
    assert.equal(bare.dials.length, 1);
    const [{ payload }] = staged.events;
    assert.equal(payload.maxMessageSize, 65_536);
    for (const { payload } of staged.events) assert.ok([Object.prototype, null].includes(Object.getPrototypeOf(payload)));
  });
}

test("a text above a mebibyte costs the connection, and is never parsed", async () => {
  const staged = await stage();
  staged.peer.send({ type: "message", channel: "c", from: "x", data: "x".repeat(MIB) });
  await until(() => bare.dials.length === 2);
  await until(() => staged.events.filter(({ name }) => name === "connected").length === 2);
  assert.equal(staged.events.find(({ name }) => name === "disconnected").payload.code, 1009);
  assert.equal(staged.events.some(({ name }) => name === "message"), false);
  await assertWorks(staged);
});

test("a text that is far too large is not even read to its end", async () => {
  const staged = await stage();
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 5);
  const { _socket: tcp } = staged.peer.socket;
  // A text frame whose header says 90 MiB, sent as fast as the client reads.
  tcp.write(Buffer.from([0x81, 127, 0, 0, 0, 0, 5, 0xa0, 0, 0]));
  const sent = Date.now();
  const pour = () => {
    while (!tcp.destroyed && Date.now() - sent < 5000) if (!tcp.write(Buffer.alloc(65_536, 120))) return void tcp.once("drain", pour);
  };
  pour();
  await until(() => bare.dials.length === 2);
  clearInterval(watch);
  assert.ok(most < 30 * MIB, `${most} bytes more`);
  await until(() => staged.client.state === "connected");
  await assertWorks(staged);
});

test(`${FLOOD} messages are delivered in their order, and none is kept`, async () => {
  const { client, peer } = await stage();
  let next = 0;
  let inOrder = true;
  client.on("message", ({ data }) => {
    inOrder &&= data === next;
    next += 1;
  });
  for (let i = 0; i < FLOOD; i += 1) {
    peer.send(`{"type":"message","channel":"c","from":"x","data":${i}}`);
    if (i % 1000 === 0) await sleep(0);
  }
  await until(() => next === FLOOD, 60_000);
  assert.ok(inOrder);
  await client.publish("c", 1);
});

test("a stream that nobody reads keeps the newest events, and says how many it lost", async () => {
  const { client, peer } = await stage();
  const stream = client.events("message", { maxSize: 10 });
  let received = 0;
  client.on("message", () => (received += 1));
  for (let i = 0; i < 10_000; i += 1) peer.send(`{"type":"message","channel":"c","from":"x","data":${i}}`);
  await until(() => received === 10_000, 30_000);
  assert.equal(stream.lagged, 9_990);
  assert.equal((await stream.next()).value.data, 9_990);
});

const FLOODS = {
  "binary frames": (peer) => peer.socket.send(Buffer.alloc(100, 255)),
  welcomes: (peer) => welcome(peer, { maxMessageSize: 1 }),
  "acks that nobody waits for": (peer, i) => peer.send({ type: "ack", requestId: String(i + 1_000_000) }),
  "errors that belong to nothing": (peer, i) => peer.send({ type: "error", code: `e${i}`, requestId: String(-i) }),
  "frames that are no JSON": (peer) => peer.send("{"),
  "unknown types": (peer, i) => peer.send({ type: `t${i}` }),
  "going-away": (peer, i) => peer.send({ type: "going_away", retryAfterMs: i }),
  presences: (peer, i) => peer.send({ type: "presence", channel: `c${i}`, joined: [{ peerId: `p${i}` }], left: [] }),
};

for (const [what, send] of Object.entries(FLOODS)) {
  test(`20,000 ${what} leave nothing behind`, async () => {
    const staged = await stage();
    for (let i = 0; i < 20_000; i += 1) {
      send(staged.peer, i);
      if (i % 1000 === 0) await sleep(0);
    }
    await assertWorks(staged);
    assert.equal(bare.dials.length, 1);
  });
}

test("20,000 pings of the transport are answered", async () => {
  const staged = await stage();
  let pongs = 0;
  staged.peer.socket.on("pong", () => (pongs += 1));
  for (let i = 0; i < 20_000; i += 1) {
    staged.peer.socket.ping("x".repeat(100));
    if (i % 50 === 0) await until(() => pongs >= i);
  }
  await assertWorks(staged);
  assert.equal(bare.dials.length, 1);
});

test("a close with the longest reason, and with every code, is survived", async () => {
  const staged = await stage({ reconnect: { initialDelayMs: 5, maxDelayMs: 5, maxDialsPerMinute: Infinity } });
  const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4002, 4011, 4999];
  for (const [index, code] of codes.entries()) {
    bare.last().socket.close(code, "\u{1f4a3}".repeat(30));
    await until(() => bare.dials.length === index + 2);
    await until(() => staged.client.state === "connected");
  }
  assert.equal(staged.events.filter(({ name }) => name === "disconnected").length, codes.length);
  await assertWorks(staged);
});

test("a server that breaks the rules of WebSocket loses the connection, and gets another", async () => {
  const staged = await stage();
  const garbage = [
    Buffer.from([0xff, 0xff, 0xff, 0xff]),
    // A close frame whose reason would be 100 KB: control frames have at most 125 bytes.
    Buffer.concat([Buffer.from([0x88, 126, 0xff, 0xff]), Buffer.alloc(65_535, 120)]),
    // A text frame whose header says 2^62 bytes.
    Buffer.from([0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]),
    // A text that is not UTF-8.
    Buffer.from([0x81, 2, 0xc3, 0x28]),
    // A compressed frame, though no extension was agreed.
    Buffer.from([0xc1, 1, 0]),
    // A masked text, though only clients may mask.
    Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0x79]),
    // A continuation without a beginning, and a new message inside of a fragmented one.
    Buffer.from([0x80, 1, 0x78]),
    Buffer.from([0x01, 1, 0x78, 0x81, 1, 0x78]),
    // A fragmented ping, an unknown opcode, a close frame of one byte, and one with a forbidden code.
    Buffer.from([0x09, 0]),
    Buffer.from([0x83, 0]),
    Buffer.from([0x88, 1, 3]),
    Buffer.from([0x88, 2, 0x03, 0xed]),
  ];
  for (const [index, bytes] of garbage.entries()) {
    bare.last().socket._socket.write(bytes);
    await until(() => bare.dials.length === index + 2);
    await until(() => staged.client.state === "connected");
  }
  await assertWorks(staged);
});

test("a server that answers with the wrong acks settles each call once", async () => {
  const act = (peer, frame) => {
    if (frame.type === "ping") return;
    const { requestId } = frame;
    peer.send({ type: "error", code: "no_such_thing", requestId: `x${requestId}` });
    peer.send({ type: "ack", requestId });
    peer.send({ type: "error", code: "late", requestId });
    peer.send({ type: "ack", requestId });
  };
  const { client, events } = await stage({}, act);
  let settled = 0;
  const calls = Array.from({ length: 100 }, (_, i) => client.publish("c", i).then(() => (settled += 1)));
  await Promise.all(calls);
  await sleep(100);
  assert.equal(settled, 100);
  assert.equal(events.filter(({ name }) => name === "connected").length, 1);
});

test("a server that refuses everything with hostile words makes errors that are data", async () => {
  const act = (peer, { requestId }) => peer.send(`{"type":"error","requestId":"${requestId}","code":"__proto__","message":"${"x".repeat(50_000)}"}`);
  const { client } = await stage({}, act);
  const error = await client.publish("c", 1).catch((reason) => reason);
  assert.equal(error.code, "__proto__");
  assert.equal(error.outcome, "rejected");
  assert.equal(error.message.length, 50_000);
  assert.ok(error instanceof Error);
});

describe("in Chromium", () => {
  let site;
  let place;
  before(async () => {
    site = await startSite();
    place = await inPage(site);
  });
  after(async () => {
    await place?.close();
    await site?.stop();
  });

  test("all of these frames, one after the other, harm neither the page nor the connection", async () => {
    bare = await startBare();
    const client = await place.client({ apiKey: "pk_test", url: bare.url });
    await client.connect();
    for (const frame of Object.values(FRAMES)) bare.last().send(frame);
    for (let i = 0; i < 5000; i += 1) bare.last().socket.send(Buffer.alloc(10));
    bare.last().send({ type: "message", channel: "last", from: "x", data: "the last one" });
    await until(() => place.tab.evaluate("true"));
    assert.equal((await client.call("publish", "c", 1)).ok, true);
    assert.equal(bare.dials.length, 1);
    assert.equal(await place.tab.evaluate("({}).polluted"), undefined);
    assert.equal(await place.tab.evaluate("Object.keys(Object.prototype).length"), 0);
    await client.call("close");
  });
});
