// Handlers, listeners, streams.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTime, outcome, pass, turn, watch } from "../support/fake.mjs";

async function connected(options) {
  const w = watch(options);
  const socket = await w.connect();
  let count = 0;
  return Object.assign(w, {
    socket,
    /** The peer publishes. */
    message: (data = (count += 1)) => socket.receive({ type: "message", channel: "c", from: "p", data }),
  });
}

/** A logger that notes its lines. */
function noting() {
  const lines = [];
  const log = (level) => (message, context) => lines.push({ level, message, context });
  return { lines, debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

test("e205 d14 handlers run in the order of their registration, of whatever manner", async () => {
  const { client, message } = await connected();
  const order = [];
  client.on("message", () => order.push(1));
  client.addEventListener("message", () => order.push(2));
  client.once("message", () => order.push(3));
  client.on("message", () => order.push(4));
  message();
  assert.deepEqual(order, [1, 2, 3, 4]);
});

test("e206 a handler that is removed during a dispatch still runs this time; a DOM listener does not", async () => {
  const { client, message } = await connected();
  const order = [];
  const plain = () => order.push("plain");
  const dom = () => order.push("dom");
  client.on("message", () => {
    client.off("message", plain);
    client.removeEventListener("message", dom);
  });
  client.on("message", plain);
  client.addEventListener("message", dom);
  message();
  message();
  assert.deepEqual(order, ["plain"]);
});

test("e207 a handler that is added during a dispatch waits for the next event", async () => {
  const { client, message } = await connected();
  let late = 0;
  client.once("message", () => {
    client.on("message", () => (late += 1));
    client.addEventListener("message", () => (late += 1));
  });
  message();
  assert.equal(late, 0);
  message();
  assert.equal(late, 2);
});

test("e208 on() twice, off() once: it runs once", async () => {
  const { client, message } = await connected();
  let runs = 0;
  const handler = () => (runs += 1);
  client.on("message", handler).on("message", handler).off("message", handler);
  message();
  assert.equal(runs, 1);
});

test("e209 e211 once runs once, and can be taken back", async () => {
  const { client, message } = await connected();
  let runs = 0;
  const handler = () => (runs += 1);
  client.once("message", handler);
  message();
  message();
  assert.equal(runs, 1);
  client.once("message", handler).off("message", handler);
  message();
  assert.equal(runs, 1);
});

test("e210 a once handler that causes its own event does not run again", async () => {
  const { client } = await connected();
  let runs = 0;
  client.once("state-change", () => {
    runs += 1;
    client.close();
  });
  await client.close();
  assert.equal(runs, 1);
});

test("e212 removing what was never added is no error", async () => {
  const { client } = await connected();
  assert.equal(client.off("message", () => {}), client);
  client.off("no such event", () => {});
  client.removeEventListener("message", () => {});
  client.removeEventListener("message", null);
});

test("e213 a handler that throws disturbs nobody, and is logged", async () => {
  const logger = noting();
  const { client, message } = await connected({ logger });
  const order = [];
  client.on("message", () => {
    throw new RangeError("mine");
  });
  client.addEventListener("message", () => {
    throw new Error("dom");
  });
  client.on("message", () => order.push("sibling"));
  message();
  assert.deepEqual(order, ["sibling"]);
  const errors = logger.lines.filter(({ level }) => level === "error");
  assert.deepEqual(errors.map(({ context }) => context), [
    { event: "message", error: "RangeError: mine" },
    { event: "message", error: "Error: dom" },
  ]);
  assert.equal(client.state, "connected");
});

test("e214 e215 async handlers hold nothing up, and their failures are logged", async () => {
  const logger = noting();
  const { client, message } = await connected({ logger });
  const seen = [];
  client.on("message", async ({ data }) => {
    await turn();
    throw new Error(`late ${data}`);
  });
  client.on("message", ({ data }) => seen.push(data));
  message();
  message();
  assert.deepEqual(seen, [1, 2]);
  await turn();
  await turn();
  assert.deepEqual(
    logger.lines.filter(({ level }) => level === "error").map(({ context }) => context.error),
    ["Error: late 1", "Error: late 2"],
  );
});

test("e216 a logger that throws, or lacks methods, disturbs nothing", async (t) => {
  fakeTime(t);
  const throwing = new Proxy({}, { get: () => () => { throw new Error("log"); } });
  const hostile = new Proxy({}, { get: () => { throw new Error("get"); } });
  for (const logger of [throwing, hostile, {}, { error: 5 }, Object.create(null)]) {
    const w = await connected({ logger });
    w.client.on("message", () => {
      throw new Error("x");
    });
    w.message();
    w.socket.receive("garbage");
    w.socket.end(1006);
    await pass(t, 500);
    w.last.openAndWelcome();
    await turn();
    assert.equal(w.client.state, "connected");
  }
});

test("e217 the 100th handler of an event brings one warning, to the logger", async () => {
  const logger = noting();
  const { client } = await connected({ logger });
  const handlers = Array.from({ length: 120 }, () => () => {});
  const warnings = () => logger.lines.filter(({ level }) => level === "warn").length;
  // `watch` has added one.
  for (const handler of handlers.slice(0, 98)) client.on("message", handler);
  assert.equal(warnings(), 0);
  client.on("message", handlers[98]);
  assert.equal(warnings(), 1);
  for (const handler of handlers.slice(99)) client.on("message", handler);
  assert.equal(warnings(), 1);
  for (const handler of handlers) client.off("message", handler);
  for (const handler of handlers) client.on("message", handler);
  assert.equal(warnings(), 2);
});

test("e217 without a logger the warning goes to the console", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const { client } = await connected({ logger: undefined });
  for (let i = 0; i < 120; i += 1) client.on("message", () => {});
  assert.equal(warn.mock.callCount(), 1);
});

test("e225 handlers get their own event only", async () => {
  const { client, socket, message } = await connected();
  let runs = 0;
  client.on("message", () => (runs += 1));
  socket.receive({ type: "direct", from: "p", data: 1 });
  assert.equal(runs, 0);
  message();
  assert.equal(runs, 1);
});

test("handlers must be functions; any name of an event is fine", async () => {
  const { client } = await connected();
  for (const handler of [undefined, null, {}, "x"]) {
    assert.throws(() => client.on("message", handler), TypeError);
    assert.throws(() => client.once("message", handler), TypeError);
  }
  client.on("toString", () => {}).on("__proto__", () => {}).on(">message", () => assert.fail("an inner name"));
  client.on(Symbol("s"), () => {});
});

test("the value of `this` and the arguments are plain", async () => {
  const { client, message } = await connected();
  const calls = [];
  client.on("message", function (...args) {
    calls.push([this, args.length]);
  });
  message();
  assert.deepEqual(calls, [[undefined, 1]]);
});

test("all handlers get the same payload", async () => {
  const { client, message } = await connected();
  const seen = [];
  client.on("message", (payload) => seen.push(payload));
  client.on("message", (payload) => seen.push(payload));
  client.addEventListener("message", ({ detail }) => seen.push(detail));
  message();
  assert.ok(seen[0] === seen[1] && seen[1] === seen[2]);
});

// ---- DOM listeners ----

test("DOM listeners get an Event with type, detail and target", async () => {
  const { client, message } = await connected();
  const seen = [];
  client.addEventListener("message", function (event) {
    seen.push([event, this, event.currentTarget]);
  });
  message("x");
  const [[event, self, current]] = seen;
  assert.ok(event instanceof Event);
  assert.equal(event.type, "message");
  assert.deepEqual(event.detail, { channel: "c", from: "p", data: "x" });
  assert.ok(event.target === client && self === client && current === client);
});

test("DOM duplicates are ignored; once, signal and handleEvent work", async () => {
  const { client, message } = await connected();
  const seen = [];
  const listener = () => seen.push("twice");
  client.addEventListener("message", listener);
  client.addEventListener("message", listener);
  client.addEventListener("message", () => seen.push("once"), { once: true });
  const controller = new AbortController();
  client.addEventListener("message", () => seen.push("signal"), { signal: controller.signal });
  client.addEventListener("message", () => seen.push("never"), { signal: AbortSignal.abort() });
  const object = {
    handleEvent(event) {
      seen.push(this === object && event.type);
    },
  };
  client.addEventListener("message", object);
  client.addEventListener("message", null);
  message();
  assert.deepEqual(seen, ["twice", "once", "signal", "message"]);
  seen.length = 0;
  controller.abort();
  client.removeEventListener("message", object);
  message();
  assert.deepEqual(seen, ["twice"]);
});

test("off() does not remove a DOM listener, nor the other way round", async () => {
  const { client, message } = await connected();
  let runs = 0;
  const handler = () => (runs += 1);
  client.addEventListener("message", handler);
  client.off("message", handler);
  message();
  assert.equal(runs, 1);
  client.on("message", handler);
  client.removeEventListener("message", handler);
  message();
  assert.equal(runs, 2);
});

test("a handleEvent that is not there, or that throws, is logged", async () => {
  const logger = noting();
  const { client, message } = await connected({ logger });
  client.addEventListener("message", {});
  client.addEventListener("message", { get handleEvent() { throw new Error("getter"); } });
  message();
  assert.equal(logger.lines.filter(({ level }) => level === "error").length, 2);
  assert.throws(() => client.addEventListener("message", "x"), TypeError);
});

// ---- streams ----

/** The events of a stream until it ends or is empty. */
async function drain(stream) {
  const values = [];
  for (;;) {
    const { value, pending } = await outcome(stream.next());
    if (pending) return [...values, "waiting"];
    if (value.done) return [...values, "end"];
    values.push(value.value.data);
  }
}

test("e218 a bounded stream drops the oldest, and counts", async () => {
  const { client, message } = await connected();
  const stream = client.events("message", { maxSize: 3 });
  for (let i = 0; i < 5; i += 1) message();
  assert.equal(stream.lagged, 2);
  assert.deepEqual(await drain(stream), [3, 4, 5, "waiting"]);
});

test("e219 maxSize 0 drops nothing; the default is 4096", async () => {
  const { client, message } = await connected();
  const all = client.events("message", { maxSize: 0 });
  const some = client.events("message");
  for (let i = 0; i < 5000; i += 1) message();
  assert.deepEqual([all.lagged, some.lagged], [0, 5000 - 4096]);
  assert.equal((await drain(all)).length, 5001);
  assert.deepEqual((await drain(some)).slice(0, 2), [905, 906]);
});

test("e220 leaving the loop or the scope ends it", async () => {
  const { client, message } = await connected();
  const stream = client.events("message");
  message();
  message();
  for await (const { data } of stream) {
    assert.equal(data, 1);
    break;
  }
  message();
  assert.deepEqual(await drain(stream), ["end"]);
  const scoped = client.events("message");
  if (Symbol.asyncDispose) await scoped[Symbol.asyncDispose]();
  else scoped.close();
  message();
  assert.deepEqual(await drain(scoped), ["end"]);
});

test("e221 e222 a closed stream gives what it holds, then ends, again and again", async () => {
  const { client, message } = await connected();
  const stream = client.events("message", { maxSize: 2 });
  message();
  message();
  stream.close();
  stream.close();
  message();
  assert.deepEqual(await drain(stream), [1, 2, "end"]);
  for (let i = 0; i < 3; i += 1) assert.deepEqual(await stream.next(), { value: undefined, done: true });
});

test("several readers of one stream are served in order, and all end", async () => {
  const { client, message } = await connected();
  const stream = client.events("message");
  const reads = [stream.next(), stream.next(), stream.next()];
  message();
  message();
  stream.close();
  const results = await Promise.all(reads);
  assert.deepEqual(results.map(({ value, done }) => [value?.data, done]), [[1, false], [2, false], [undefined, true]]);
});

test("e223 close() ends all streams, after the last events", async () => {
  const { client, message } = await connected();
  const messages = client.events("message");
  const states = client.events("state-change");
  const waiting = client.events("direct").next();
  message();
  await client.close();
  assert.deepEqual(await drain(messages), [1, "end"]);
  const seen = [];
  for await (const { to } of states) seen.push(to);
  assert.deepEqual(seen, ["closed"]);
  assert.deepEqual(await waiting, { value: undefined, done: true });
});

test("an automatic end ends streams, a drop does not", async (t) => {
  fakeTime(t);
  const w = await connected();
  const states = w.client.events("state-change");
  w.socket.end(1006);
  await pass(t, 500);
  w.last.openAndWelcome();
  w.last.end(4020);
  const seen = [];
  for await (const { to } of states) seen.push(to);
  assert.deepEqual(seen, ["reconnecting", "connected", "closed"]);
});

test("e224 streams and handlers all get each event, handlers first", async () => {
  const { client, message } = await connected();
  const streams = [client.events("message"), client.events("message")];
  let held;
  client.on("message", async () => {
    held = await outcome(streams[0].next());
  });
  message();
  await turn();
  assert.deepEqual(await drain(streams[1]), [1, "waiting"]);
  await turn();
  assert.equal(held.value.value.data, 1);
});

test("a stream of a closed client ends at once when it is read", async () => {
  const { client } = await connected();
  await client.close();
  assert.deepEqual(await drain(client.events("message")), ["end"]);
});

test("a stream that is made before a manual connect() works in that session, and ends with it", async () => {
  const w = await connected();
  let stream;
  w.client.once("disconnected", () => {
    stream = w.client.events("message");
    w.client.connect();
  });
  w.socket.end(4020);
  w.last.openAndWelcome();
  await turn();
  w.last.receive({ type: "message", channel: "c", from: "p", data: "new" });
  assert.deepEqual(await drain(stream), ["new", "waiting"]);
  w.last.end(4020);
  assert.deepEqual(await drain(stream), ["end"]);
});

test("a stream that is made in an idle client waits", async () => {
  const w = watch();
  const stream = w.client.events("message");
  const read = stream.next();
  assert.deepEqual(await outcome(read), { pending: true });
  const socket = await w.connect();
  socket.receive({ type: "message", channel: "c", from: "p", data: 1 });
  assert.equal((await read).value.data, 1);
});

test("a stream's signal ends it", async () => {
  const { client, message } = await connected();
  const controller = new AbortController();
  const stream = client.events("message", { signal: controller.signal });
  message();
  controller.abort();
  message();
  assert.deepEqual(await drain(stream), [1, "end"]);
  assert.deepEqual(await drain(client.events("message", { signal: AbortSignal.abort() })), ["end"]);
  for (const maxSize of [-1, 1.5, NaN, "3"]) assert.throws(() => client.events("message", { maxSize }), TypeError);
});
