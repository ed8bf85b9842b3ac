// The DataChannel wrapper over real channels.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../kit/stage.mjs";

async function channel(t, options = {}) {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.event("peer-joined");
  await anna.until("ben", "(m, id) => Boolean(m.remote(id))", ben.id);
  await anna.run("(m, [id, options]) => void (m.channel = new m.library.DataChannel(m.open(id, 'wrapped'), options))", [ben.id, options]);
  await anna.until("open", "(m) => m.channel.readyState === 'open'");
  await ben.event("data-channel", { label: "wrapped" });
  await ben.run("(m) => { m.bytes = 0; m.order = []; m.channels[0].binaryType = 'arraybuffer'; m.channels[0].addEventListener('message', ({ data }) => { m.bytes += data.byteLength ?? data.length; if (typeof data === 'string') m.order.push(data); }); }");
  return { anna, ben };
}

test("p122 fifty messages keep their order", async (t) => {
  const { anna, ben } = await channel(t);
  await anna.run("(m) => Promise.all(Array.from({ length: 50 }, (_, i) => m.channel.send(String(i)))).then(() => undefined)");
  await ben.until("fifty", "(m) => m.order.length === 50");
  assert.deepEqual(await ben.run("(m) => m.order"), Array.from({ length: 50 }, (_, i) => String(i)));
});

test("p123 twelve megabytes arrive, and the buffer stays under its cap", async (t) => {
  const { anna, ben } = await channel(t);
  const most = await anna.run(`async (m) => {
    const piece = new ArrayBuffer(16384);
    let most = 0;
    for (let i = 0; i < 768; i += 1) {
      await m.channel.send(piece);
      most = Math.max(most, m.channel.bufferedAmount);
    }
    return most;
  }`);
  assert.ok(most <= 1_048_576, `${most} bytes were buffered`);
  await ben.until("all bytes", "(m) => m.bytes === 768 * 16384");
});

test("p124 more waiting messages than allowed are refused with a typed error", async (t) => {
  const { anna } = await channel(t, { maxQueuedSends: 4, maxBufferedAmount: 65536 });
  const results = await anna.run(`(m) => Promise.all(Array.from({ length: 12 }, () =>
    m.channel.send(new ArrayBuffer(60000)).then(() => "sent", ({ name, queued, cap }) => [name, queued, cap].join(" "))))`);
  assert.ok(results.includes("DataChannelOverflowError 4 4"), results.join(", "));
  assert.ok(results.includes("sent"));
});

test("p125 a message larger than the cap is sent when the buffer is empty", async (t) => {
  const { anna, ben } = await channel(t, { maxBufferedAmount: 1000 });
  await anna.run("(m) => m.channel.send(new ArrayBuffer(5000))");
  await anna.run("(m) => m.channel.send('behind it')");
  await ben.until("both", "(m) => m.order.includes('behind it') && m.bytes >= 5000");
});

test("p126 a message that does not fit beside a little is sent when there is room", async (t) => {
  const { anna, ben } = await channel(t, { maxBufferedAmount: 20_000, bufferedAmountLowThreshold: 10_000 });
  await anna.run("(m) => Promise.all([m.channel.send(new ArrayBuffer(4000)), m.channel.send(new ArrayBuffer(18000))]).then(() => undefined)");
  await ben.until("both", "(m) => m.bytes === 22000");
});

test("p127 closing rejects what waits, and may be repeated", async (t) => {
  const { anna } = await channel(t, { maxBufferedAmount: 65536 });
  const results = await anna.run(`async (m) => {
    const sends = Array.from({ length: 20 }, () => m.channel.send(new ArrayBuffer(60000)).then(() => "sent", () => "rejected"));
    m.channel.close();
    m.channel.close();
    return Promise.all(sends);
  }`);
  assert.ok(results.includes("rejected"));
});

test("p128 p130 views are sent, blobs are refused, and a remote close is reported once", async (t) => {
  const { anna, ben } = await channel(t);
  await anna.run("(m) => m.channel.send(new Uint8Array([1, 2, 3]))");
  await ben.until("three bytes", "(m) => m.bytes === 3");
  assert.equal(await anna.run("(m) => m.channel.send(new Blob(['x'])).then(() => 'sent', ({ name }) => name)"), "TypeError");
  await anna.run("(m) => { m.closes = 0; m.channel.on('close', () => (m.closes += 1)); }");
  await ben.run("(m) => m.channels[0].close()");
  await anna.until("closed", "(m) => m.closes === 1");
});

test("p055 p068 p071 data channels that both sides open at the same moment are both there, on the first connection", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await ben.until("anna there", "(m, id) => Boolean(m.remote(id))", anna.id);
  await anna.until("ben there", "(m, id) => Boolean(m.remote(id))", ben.id);
  await Promise.all([
    anna.run("(m, id) => void (m.a = m.open(id, 'from-anna'))", ben.id),
    ben.run("(m, id) => void (m.b = m.open(id, 'from-ben'))", anna.id),
  ]);
  await ben.event("data-channel", { label: "from-anna" });
  await anna.event("data-channel", { label: "from-ben" });
  await anna.until("open", "(m) => m.a.readyState === 'open'");
  await anna.run("(m) => m.a.send('hello')");
  await ben.event("message", { label: "from-anna", data: "hello" });
  for (const member of [anna, ben]) assert.equal(await member.count("connection-reset"), 0);
});
