// Fake clocks: Node's mock timers with and without Date, in small and in large steps, and sinon's, which jest uses. The times must
// be exact with each of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import FakeTimers from "@sinonjs/fake-timers";
import { failure, outcome, quiet, turn, watch } from "../support/fake.mjs";

/** Each has `go(ms)`, which lets time pass at once. */
const CLOCKS = {
  "Node's timers and Date": (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    return (ms) => t.mock.timers.tick(ms);
  },
  "Node's timers without Date": (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    return (ms) => t.mock.timers.tick(ms);
  },
  "all of Node's timers": (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    return (ms) => t.mock.timers.tick(ms);
  },
  "sinon's timers": (t) => {
    const clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
    t.after(() => clock.uninstall());
    return (ms) => clock.tick(ms);
  },
  "sinon's timers without Date": (t) => {
    const clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout"] });
    t.after(() => clock.uninstall());
    return (ms) => clock.tick(ms);
  },
};

for (const [name, install] of Object.entries(CLOCKS)) {
  const timed = (what, run) =>
    test(`${name}: ${what}`, async (t) => {
      const go = install(t);
      await run(
        async (ms) => {
          go(ms);
          await turn();
        },
        t,
      );
    });

  timed("the welcome timeout is 10 s", async (go) => {
    const w = watch();
    const promise = quiet(w.client.connect());
    w.last.open();
    await go(9_999);
    assert.deepEqual(await outcome(promise), { pending: true });
    await go(1);
    assert.equal((await failure(promise)).closeCode, 4000);
  });

  timed("the ack timeout is 15 s, each from its own call", async (go) => {
    const w = watch();
    await w.connect();
    const first = quiet(w.client.publish("c", 1));
    await go(5_000);
    const second = quiet(w.client.subscribe("c"));
    await go(9_999);
    assert.deepEqual([await outcome(first), await outcome(second)], [{ pending: true }, { pending: true }]);
    await go(1);
    assert.equal((await failure(first)).name, "AckTimeoutError");
    if (!name.endsWith("without Date")) {
      await go(4_999);
      assert.deepEqual(await outcome(second), { pending: true });
      await go(1);
      assert.equal((await failure(second)).name, "AckTimeoutError");
    }
  });

  timed("pings come at 20 s and 40 s, the end at 60 s", async (go) => {
    const w = watch();
    const socket = await w.connect();
    for (const [ms, pings] of [[19_999, 0], [1, 1], [19_999, 1], [1, 2], [19_999, 2]]) {
      await go(ms);
      assert.equal(socket.of("ping").length, pings);
    }
    await go(1);
    assert.deepEqual(w.of("disconnected"), [{ code: 4000, reason: "inactivity timeout", willReconnect: true }]);
  });

  timed("delays of the backoff are exact", async (go) => {
    const w = watch();
    (await w.connect()).end(1006);
    for (const delay of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = w.sockets.length;
      await go(delay - 1);
      assert.equal(w.sockets.length, before);
      await go(1);
      assert.equal(w.sockets.length, before + 1);
      w.last.end(1006);
    }
  });

  timed("the token provider has 10 s", async (go) => {
    const w = watch({ tokenProvider: () => new Promise(() => {}) });
    const promise = quiet(w.client.connect());
    await go(9_999);
    assert.deepEqual(await outcome(promise), { pending: true });
    await go(1);
    assert.equal(w.client.state, "closed");
  });

  timed("close() waits for 1 s", async (go) => {
    const w = watch();
    (await w.connect()).answers = "never";
    const promise = w.client.close();
    await go(999);
    assert.deepEqual(await outcome(promise), { pending: true });
    await go(1);
    assert.deepEqual(await outcome(promise), { value: undefined });
  });

  timed("a peer that talks every 15 s is never asked, and never lost", async (go) => {
    const w = watch();
    const socket = await w.connect();
    for (let i = 0; i < 20; i += 1) {
      await go(15_000);
      socket.receive({ type: "pong" });
    }
    assert.equal(w.client.state, "connected");
    if (!name.endsWith("without Date")) assert.equal(socket.of("ping").length, 0);
  });

  timed("one large step does what is due", async (go) => {
    const w = watch();
    const socket = await w.connect();
    const lost = quiet(w.client.publish("c", 1));
    await go(20_000);
    assert.equal((await failure(lost)).name, "AckTimeoutError");
    socket.receive({ type: "pong" });
    for (let gone = 0; gone < 300_000 && w.client.state === "connected"; gone += 60_000) await go(60_000);
    assert.equal(w.of("disconnected")[0].code, 4000);
  });
}

test("a real late alarm is no proof of a dead peer: it is asked first", async () => {
  const kept = Date.now;
  try {
    const w = watch({ inactivityTimeoutMs: 600 });
    const socket = await w.connect();
    // The machine slept: the wall clock is an hour ahead when the next timer fires.
    Date.now = () => kept() + 3_600_000;
    await new Promise((resolve) => setTimeout(resolve, 350));
    assert.equal(w.client.state, "connected");
    assert.ok(socket.of("ping").length >= 1);
    socket.receive({ type: "pong" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(w.client.state, "connected");
    await w.client.close();
  } finally {
    Date.now = kept;
  }
});

test("a wall clock that is set back changes nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000_000 });
  const w = watch();
  const socket = await w.connect();
  t.mock.timers.tick(10_000);
  await turn();
  t.mock.timers.setTime(1_000_000_000);
  t.mock.timers.tick(25_000);
  await turn();
  assert.ok(socket.of("ping").length >= 1);
  assert.equal(w.client.state, "connected");
});

test("a hundred requests share one timer, and a closed client has none", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const w = watch();
  assert.equal(timers(), before);
  await w.connect();
  for (let i = 0; i < 100; i += 1) quiet(w.client.publish("c", i));
  assert.equal(timers(), before + 1);
  await w.client.close();
  assert.equal(timers(), before);
});
