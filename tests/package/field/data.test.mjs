// What the user's own code throws while data is turned into JSON is what the call is rejected with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, inPage, startAcking, surfaces } from "./kit.mjs";

class Mine extends Error {}

const THROWN = {
  "an error of a class of the user's": new Mine("mine"),
  "a TypeError": new TypeError("mine"),
  "a frozen error": Object.freeze(new Error("frozen")),
  "a text": "not an error",
};

const WAYS = {
  toJSON: (thrown) => ({ deep: [{ toJSON() { throw thrown; } }] }),
  "a getter": (thrown) => ({ deep: [{ get value() { throw thrown; } }] }),
  "a proxy": (thrown) => new Proxy({}, { get() { throw thrown; }, ownKeys() { throw thrown; } }),
};

for (const [name, surface] of Object.entries(await surfaces())) {
  for (const [way, make] of Object.entries(WAYS)) {
    for (const [what, thrown] of Object.entries(THROWN)) {
      test(`${name}: ${what} out of ${way} is what the call is rejected with`, async () => {
        const { url, frames } = await startAcking();
        const client = await connected(surface, url);
        for (const call of [() => client.publish("a", make(thrown)), () => client.send("p", make(thrown))]) {
          const reason = await call().then(() => assert.fail("it was sent"), (error) => error);
          assert.ok(Object.is(reason, thrown));
          if (reason instanceof Error && !Object.isFrozen(reason)) assert.equal(reason.outcome, "notSent");
        }
        await client.publish("a", "after");
        assert.deepEqual(frames.map(({ data }) => data), ["after"]);
      });
    }
  }

  test(`${name}: what JSON cannot hold is a TypeError, and nothing is sent`, async () => {
    const { url, frames } = await startAcking();
    const client = await connected(surface, url);
    const circular = {};
    circular.self = circular;
    for (const data of [circular, 1n, [1n], undefined, () => {}, Symbol("s")]) {
      await assert.rejects(client.publish("a", data), (error) => error instanceof TypeError && error.outcome === "notSent");
    }
    assert.deepEqual(frames, []);
  });

  test(`${name}: data may call the client while it is turned into JSON`, async () => {
    const { url, frames } = await startAcking();
    const client = await connected(surface, url);
    let inner;
    await client.publish("a", { toJSON() { inner ??= client.publish("a", "inner"); return "outer"; } });
    await inner;
    assert.deepEqual(frames.map(({ data }) => data).sort(), ["inner", "outer"]);
  });
}

test("a page: an error out of toJSON is what the call is rejected with", async () => {
  const { url, frames } = await startAcking();
  const same = await inPage(async ({ SignallingClient }, url) => {
    const client = new SignallingClient({ url, apiKey: "pk_test" });
    await client.connect();
    const mine = new Error("mine");
    const reason = await client.publish("a", { toJSON() { throw mine; } }).catch((error) => error);
    await client.close();
    return [reason === mine, reason.outcome];
  }, url);
  assert.deepEqual([same, frames], [[true, "notSent"], []]);
});
