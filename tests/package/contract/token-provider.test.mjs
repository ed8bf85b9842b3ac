// The token provider.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SignallingError, TokenProviderFailedError } from "../installed/entry.mjs";
import { fakeTime, failure, outcome, pass, quiet, turn, watch } from "../support/fake.mjs";

const fail = (message = "mint is down") => {
  throw new Error(message);
};

/** A promise to settle by hand. */
function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

test("e145 the provider is asked once, without arguments, inside of connect()", async () => {
  const calls = [];
  const w = watch({ tokenProvider: (...args) => calls.push(args) && Promise.resolve("tok") });
  const promise = w.client.connect();
  assert.deepEqual(calls, [[]]);
  await turn();
  w.last.openAndWelcome();
  await promise;
  assert.equal(calls.length, 1);
});

test("e146 a plain string is fine, and so is any thenable", async () => {
  for (const tokenProvider of [() => "tok", async () => "tok", () => ({ then: (resolve) => resolve("tok") })]) {
    const w = watch({ tokenProvider });
    await w.connect();
    assert.ok(w.last.url.endsWith("?token=tok"));
  }
});

test("e147 what is not a non-empty string is a failure", async () => {
  for (const answer of ["", undefined, null, 7, {}, ["tok"], new String("tok")]) {
    const w = watch({ tokenProvider: () => answer });
    const error = await failure(w.client.connect());
    assert.ok(error instanceof TokenProviderFailedError && error instanceof SignallingError);
    assert.deepEqual([w.client.state, w.sockets.length], ["closed", 0]);
  }
});

test("e148 a provider that throws fails connect() with its error, without disconnected", async () => {
  for (const tokenProvider of [() => fail(), async () => fail(), () => Promise.reject(new RangeError("mint is down"))]) {
    const w = watch({ tokenProvider });
    const error = await failure(w.client.connect());
    assert.ok(error instanceof TokenProviderFailedError);
    assert.match(error.name, /^(Range)?Error$/);
    assert.equal(error.message, "mint is down");
    assert.deepEqual(w.names(), ["state-change", "state-change"]);
    assert.equal(w.sockets.length, 0);
  }
});

test("e149 a provider that hangs fails connect() after its time", async (t) => {
  fakeTime(t);
  for (const [options, time] of [[{}, 10_000], [{ tokenProviderTimeoutMs: 250 }, 250]]) {
    const w = watch({ tokenProvider: () => new Promise(() => {}), ...options });
    const promise = quiet(w.client.connect());
    await pass(t, time - 1, time - 1);
    assert.deepEqual(await outcome(promise), { pending: true });
    await pass(t, 1, 1);
    assert.ok((await failure(promise)) instanceof TokenProviderFailedError);
    assert.equal(w.client.state, "closed");
  }
});

test("e150 e151 e152 failures on retries use attempts, and are reported from the third on", async (t) => {
  fakeTime(t);
  let good = true;
  const w = watch({ tokenProvider: () => (good ? "tok" : fail("no ?token=SECRET")) });
  await w.connect();
  good = false;
  w.last.end(1006);
  w.clear();
  await pass(t, 500 + 1000);
  assert.deepEqual(w.events, [], "two failures");
  await pass(t, 2000 + 4000 + 8000);
  assert.deepEqual(
    w.of("token-provider-error").map(({ consecutiveFailures }) => consecutiveFailures),
    [3, 4, 5],
  );
  const [{ err }] = w.of("token-provider-error");
  assert.ok(err instanceof Error);
  assert.equal(err.message.includes("SECRET"), false);
  assert.deepEqual(w.names(), ["token-provider-error", "token-provider-error", "token-provider-error"]);
  good = true;
  await pass(t, 16_000, 1000);
  w.last.openAndWelcome();
  await turn();
  good = false;
  w.clear();
  w.last.end(1006);
  await pass(t, 500 + 1000);
  assert.deepEqual(w.of("token-provider-error"), []);
  await pass(t, 2000);
  assert.equal(w.of("token-provider-error")[0].consecutiveFailures, 3);
});

test("e153 retries that end in the provider end with one disconnected", async (t) => {
  fakeTime(t);
  let good = true;
  const w = watch({ tokenProvider: () => (good ? "tok" : fail()), reconnect: { maxAttempts: 2, jitterRatio: 0 } });
  await w.connect();
  good = false;
  w.last.end(1006);
  w.clear();
  await pass(t, 10_000);
  assert.deepEqual(w.names(), ["disconnected", "state-change"]);
  assert.equal(w.of("disconnected")[0].willReconnect, false);
  assert.deepEqual(w.of("state-change"), [{ from: "reconnecting", to: "closed" }]);
});

test("e154 close() while the provider is asked: connect() fails, and no socket is opened later", async () => {
  const token = deferred();
  const w = watch({ tokenProvider: () => token.promise });
  const promise = quiet(w.client.connect());
  await w.client.close();
  assert.ok((await failure(promise)) instanceof SignallingError);
  token.resolve("tok");
  await turn();
  assert.deepEqual([w.sockets.length, w.client.state], [0, "closed"]);
});

test("e155 a late failure of an old attempt does not touch the new session", async () => {
  for (const late of ["resolve", "reject"]) {
    const first = deferred();
    const answers = [first.promise, "tok"];
    const w = watch({ tokenProvider: () => answers.shift() });
    quiet(w.client.connect());
    await w.client.close();
    await w.connect();
    first[late](new Error("late"));
    await turn();
    assert.deepEqual([w.client.state, w.sockets.length], ["connected", 1]);
  }
});

test("a token that comes after its time opens no socket", async (t) => {
  fakeTime(t);
  const token = deferred();
  const w = watch({ tokenProvider: () => token.promise });
  quiet(w.client.connect());
  await pass(t, 10_000, 1000);
  token.resolve("late");
  await turn();
  assert.deepEqual([w.client.state, w.sockets.length], ["closed", 0]);
});

test("e156 what the provider says is scrubbed", async () => {
  const w = watch({ tokenProvider: () => fail("GET https://mint?token=SECRET failed: Bearer SECRET") });
  const error = await failure(w.client.connect());
  assert.match(error.message, /token=\*\*\*/);
  for (const text of [error.message, error.stack, String(error.cause)]) assert.equal(text.includes("SECRET"), false);
});

test("a provider that throws something that is not an Error", async () => {
  const throwing = {
    toString() {
      throw new Error("no text");
    },
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const trap = new Proxy(new Error("x"), {
    get() {
      throw new Error("no getter");
    },
  });
  for (const thrown of [undefined, null, 0, "", "text", Symbol("s"), Object.create(null), throwing, proxy, trap]) {
    const w = watch({
      tokenProvider: () => {
        throw thrown;
      },
    });
    const error = await failure(w.client.connect());
    assert.ok(error instanceof TokenProviderFailedError, String(error));
    assert.equal(typeof error.message, "string");
    assert.equal(w.client.state, "closed");
  }
});

test("a provider may return any nonsense that looks like a promise", async () => {
  const nonsense = [
    { get then() { throw new Error("no then"); } },
    { then: () => { throw new Error("then throws"); } },
    { then: (yes, no) => no({ then: 7 }) },
  ];
  for (const answer of nonsense) {
    const w = watch({ tokenProvider: () => answer });
    assert.ok((await failure(w.client.connect())) instanceof TokenProviderFailedError);
  }
});

test("a provider may call the client", async () => {
  for (const act of ["close", "connect", "publish", "subscribe"]) {
    const results = [];
    const w = watch({
      tokenProvider: () => {
        results.push(quiet(act === "close" ? w.client.close() : w.client[act]("c", 1)));
        return "tok";
      },
    });
    const promise = quiet(w.client.connect());
    await turn();
    w.last?.openAndWelcome();
    await turn();
    assert.equal(w.client.state, act === "close" ? "closed" : "connected", act);
    if (act === "close") assert.equal(w.sockets.length, 0);
    assert.equal((await outcome(promise)).error === undefined, act !== "close", act);
  }
});
