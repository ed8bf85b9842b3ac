// Signals that are not quite AbortSignals: mocks, proxies, those that throw. What is wrong with one costs the call that brings it, and
// nothing else: no other call, no other client, no later one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, inPage, make, startAcking, surfaces, within } from "./kit.mjs";

/** Each takes part in a call that succeeds. */
const LENIENT = {
  "without removeEventListener": () => ({ aborted: false, addEventListener() {} }),
  "whose removeEventListener throws": () => ({
    aborted: false,
    addEventListener() {},
    removeEventListener() {
      throw new Error("not mine");
    },
  }),
  "that forgets its listeners": () => ({ addEventListener: () => "?", removeEventListener: () => "?" }),
};

const thrower = () => {
  throw new TypeError("Illegal invocation");
};

/** With each of these the call fails before anything is begun. */
const REFUSED = {
  "whose addEventListener throws": () => ({ aborted: false, addEventListener: thrower, removeEventListener() {} }),
  "whose aborted throws": () => ({ get aborted() { return thrower(); }, addEventListener() {}, removeEventListener() {} }),
  "whose addEventListener cannot be read": () => ({ aborted: false, get addEventListener() { return thrower(); } }),
  "that is no signal": () => 5,
};

for (const [name, surface] of Object.entries(await surfaces())) {
  for (const [what, signal] of Object.entries(LENIENT)) {
    test(`${name}: a signal ${what} serves every call, and harms no other client`, async () => {
      const { url } = await startAcking();
      const other = await connected(surface, url);
      const client = make(surface, url);
      assert.equal(await within(client.connect({ signal: signal() })), "settled");
      assert.equal(await within(client.subscribe("a", { signal: signal() })), "settled");
      assert.equal(await within(client.publish("a", 1, { signal: signal() })), "settled");
      client.addEventListener("message", () => {}, { signal: signal() });
      client.events("message", { signal: signal() }).close();
      assert.equal(await within(client.close()), "settled");
      assert.equal(await within(other.publish("a", 2)), "settled");
      assert.equal(other.state, "connected");
    });
  }

  for (const [what, signal] of Object.entries(REFUSED)) {
    test(`${name}: a signal ${what} fails its call before it begins`, async () => {
      const { url, frames } = await startAcking();
      const client = make(surface, url);
      const refused = (promise) =>
        assert.rejects(promise, (error) => error instanceof TypeError && error.outcome === "notSent" && error.message === "signal must be an AbortSignal");
      await refused(client.connect({ signal: signal() }));
      assert.equal(client.state, "idle");
      await client.connect();
      await refused(client.subscribe("room", { signal: signal() }));
      await refused(client.unsubscribe("room", { signal: signal() }));
      await refused(client.publish("room", 1, { signal: signal() }));
      await refused(client.send("p", 1, { signal: signal() }));
      assert.throws(() => client.events("message", { signal: signal() }), TypeError);
      assert.throws(() => client.addEventListener("message", () => {}, { signal: signal() }), TypeError);
      await client.publish("other", 2);
      assert.deepEqual(frames.map(({ type, channel }) => [type, channel]), [["publish", "other"]]);
    });
  }

  test(`${name}: many calls put one listener on their signal, and take it back`, async () => {
    const { url } = await startAcking(({ type, channel }) => type === "publish" && channel === "void");
    const client = await connected(surface, url);
    const controller = new AbortController();
    const { signal } = controller;
    let listening = 0;
    const add = signal.addEventListener;
    const remove = signal.removeEventListener;
    signal.addEventListener = (...args) => ((listening += 1), add.apply(signal, args));
    signal.removeEventListener = (...args) => ((listening -= 1), remove.apply(signal, args));
    const waiting = Array.from({ length: 30 }, (_, i) => client.publish("void", i, { signal }).catch((error) => error.name));
    const streams = Array.from({ length: 5 }, () => client.events("message", { signal }));
    for (let i = 0; i < 5; i += 1) client.addEventListener("message", () => {}, { signal });
    assert.equal(listening, 1);
    controller.abort();
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["AbortError"]));
    for (const stream of streams) assert.deepEqual(await stream.next(), { value: undefined, done: true });
    const again = new AbortController();
    await Promise.all(Array.from({ length: 30 }, (_, i) => client.publish("a", i, { signal: again.signal })));
    again.abort();
    assert.equal(client.state, "connected");
  });
}

test("a page: a proxy around a signal fails its call alone, and many calls have one listener", async () => {
  const { url } = await startAcking();
  const seen = await inPage(async ({ SignallingClient }, url) => {
    const client = new SignallingClient({ url, apiKey: "pk_test" });
    await client.connect();
    const wrapped = new Proxy(new AbortController().signal, {});
    const refused = await client.publish("a", 1, { signal: wrapped }).catch((error) => [error.name, error.outcome]);
    const { signal } = new AbortController();
    let listening = 0;
    const add = signal.addEventListener;
    signal.addEventListener = (...args) => ((listening += 1), add.apply(signal, args));
    const calls = Promise.all(Array.from({ length: 20 }, () => client.publish("a", 1, { signal })));
    const during = listening;
    await calls;
    const state = client.state;
    await client.close();
    return { refused, during, state };
  }, url);
  assert.deepEqual(seen, { refused: ["TypeError", "notSent"], during: 1, state: "connected" });
});

test("no warning about listeners comes of many calls on one signal", async () => {
  const warnings = [];
  const note = (warning) => warnings.push(warning.name);
  process.on("warning", note);
  const { url } = await startAcking();
  const client = await connected((await surfaces())["the ES module"], url);
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 40 }, (_, i) => client.publish("a", i, { signal })));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  assert.deepEqual(warnings, []);
});
