// close().

import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTime, failure, outcome, pass, quiet, turn, watch } from "../support/fake.mjs";

async function connected(options) {
  const w = watch(options);
  const socket = await w.connect();
  w.clear();
  return Object.assign(w, { socket });
}

test("e187 e191 e192 the peer sees 1000, and each event comes once", async () => {
  const w = await connected();
  await w.client.close();
  assert.deepEqual(w.socket.closes, [[1000, "client requested close"]]);
  const expected = [
    ["disconnected", { code: 1000, reason: "client requested close", willReconnect: false }],
    ["state-change", { from: "connected", to: "closed" }],
  ];
  assert.deepEqual(w.events, expected);
  w.socket.dispatch("close", { code: 1000 });
  w.socket.receive({ type: "message", channel: "c", from: "p", data: 1 });
  await turn();
  assert.deepEqual(w.events, expected);
});

test("e188 own code and reason", async () => {
  const w = await connected();
  await w.client.close(4321, "bye");
  assert.deepEqual(w.socket.closes, [[4321, "bye"]]);
  assert.deepEqual(w.of("disconnected"), [{ code: 4321, reason: "bye", willReconnect: false }]);
});

test("e189 the state and the events come at once, the answer when the socket is closed", async () => {
  const w = await connected();
  w.socket.answers = "never";
  const promise = w.client.close();
  assert.equal(w.client.state, "closed");
  assert.deepEqual(w.names(), ["disconnected", "state-change"]);
  assert.deepEqual(await outcome(promise), { pending: true });
  w.socket.end(1000);
  assert.deepEqual(await outcome(promise), { value: undefined });
});

test("e190 e193 a peer that never answers holds it up for one second", async (t) => {
  fakeTime(t);
  const w = await connected();
  w.socket.answers = "never";
  const lost = [w.client.publish("c", 1), w.client.subscribe("c")].map(quiet);
  const promise = w.client.close();
  for (const request of lost) {
    const error = await failure(request);
    assert.deepEqual([error.name, error.closeCode, error.outcome], ["DisconnectedError", 1000, "unknown"]);
  }
  await pass(t, 999, 999);
  assert.deepEqual(await outcome(promise), { pending: true });
  await pass(t, 1, 1);
  assert.deepEqual(await outcome(promise), { value: undefined });
  assert.equal(w.socket.listenerCount() <= 1, true, "only the guard against a late error is left");
});

test("e194 twice, one after the other or at once", async () => {
  const w = await connected();
  await Promise.all([w.client.close(), w.client.close(4001), w.client.close()]);
  await w.client.close();
  assert.deepEqual(w.names(), ["disconnected", "state-change"]);
  assert.equal(w.of("disconnected")[0].code, 1000);
});

test("e195 an idle client goes to closed", async () => {
  const w = watch();
  await w.client.close();
  assert.deepEqual(w.events, [["state-change", { from: "idle", to: "closed" }]]);
});

test("e196 e204 close() while connecting fails connect() and leaves no socket", async () => {
  const w = watch();
  const promise = quiet(w.client.connect());
  await w.client.close();
  const error = await failure(promise);
  assert.equal(error.name, "SignallingConnectError");
  assert.equal(w.last.closes.length, 1);
  assert.deepEqual(w.names(), ["state-change", "state-change"], "no disconnected");
  w.last.openAndWelcome();
  await turn();
  assert.equal(w.client.state, "closed");
});

test("e204 close() while a retry is opening closes that socket", async (t) => {
  fakeTime(t);
  const w = await connected();
  w.socket.end(1006);
  await pass(t, 500);
  assert.equal(w.sockets.length, 2);
  await w.client.close();
  assert.equal(w.last.closes.length, 1);
});

test("e197 what arrives after close() is no event", async () => {
  const w = await connected();
  w.socket.answers = "never";
  const promise = w.client.close();
  w.clear();
  w.socket.receive({ type: "message", channel: "c", from: "p", data: 1 });
  w.socket.receive({ type: "error", code: "x" });
  w.socket.welcome();
  w.socket.end(1000);
  await promise;
  assert.deepEqual(w.events, []);
});

test("e198 close() from inside of every kind of handler", async (t) => {
  fakeTime(t);
  const frames = {
    message: { type: "message", channel: "c", from: "p", data: 1 },
    direct: { type: "direct", from: "p", data: 1 },
    presence: { type: "presence", channel: "c", joined: [], left: [] },
    "server-error": { type: "error", code: "x" },
    "going-away": { type: "going_away" },
  };
  for (const manner of ["plain", "async"]) {
    for (const event of [...Object.keys(frames), "connected", "state-change", "disconnected"]) {
      const w = watch();
      let closing;
      const handler = () => {
        const promise = w.client.close();
        closing ??= promise;
        return manner === "async" ? promise : undefined;
      };
      if (event === "connected" || event === "state-change") w.client.on(event, handler);
      const connecting = quiet(w.client.connect());
      w.last?.openAndWelcome();
      await outcome(connecting);
      if (event === "disconnected") {
        w.client.on(event, handler);
        w.last.end(1006);
      } else if (frames[event]) {
        w.client.on(event, handler);
        w.last.receive(frames[event]);
      }
      assert.equal(w.client.state, "closed", `${manner} ${event}`);
      assert.deepEqual(await outcome(closing), { value: undefined }, `${manner} ${event}`);
      await pass(t, 60_000, 5000);
      assert.ok(w.sockets.length <= 1);
    }
  }
});

test("e199 a handler that runs for long holds close() up for one second; a quick one is waited for", async (t) => {
  fakeTime(t);
  const slow = await connected();
  slow.client.on("message", () => new Promise(() => {}));
  slow.socket.receive({ type: "message", channel: "c", from: "p", data: 1 });
  const promise = slow.client.close();
  await pass(t, 999, 999);
  assert.deepEqual(await outcome(promise), { pending: true });
  await pass(t, 1, 1);
  await promise;

  const quick = await connected();
  let done;
  quick.client.on("message", () => new Promise((resolve) => (done = resolve)));
  quick.socket.receive({ type: "message", channel: "c", from: "p", data: 1 });
  const closing = quick.client.close();
  assert.deepEqual(await outcome(closing), { pending: true });
  done();
  assert.deepEqual(await outcome(closing), { value: undefined });
});

test("e200 close() drops the listeners, an automatic end does not", async () => {
  const w = await connected();
  let dom = 0;
  w.client.addEventListener("connected", () => (dom += 1));
  await w.client.close();
  w.clear();
  await w.connect();
  assert.deepEqual([w.events, dom], [[], 0]);
  const other = await connected();
  other.socket.end(4020);
  other.clear();
  await other.connect();
  assert.equal(other.of("connected").length, 1);
});

test("close() on a closed client is silent, and drops listeners and channels", async () => {
  const w = await connected();
  const subscribed = w.client.subscribe("a");
  w.socket.ack();
  await subscribed;
  w.socket.end(4020);
  w.clear();
  await w.client.close();
  await w.connect();
  assert.deepEqual([w.events, w.last.frames], [[], []]);
});

test("listeners that are added after close() was called stay", async () => {
  const w = await connected();
  w.socket.answers = "never";
  const promise = w.client.close();
  let received = 0;
  w.client.on("connected", () => (received += 1));
  w.socket.end(1000);
  await promise;
  await w.connect();
  assert.equal(received, 1);
});

test("connect() right after close() does not wait for the old socket", async () => {
  const w = await connected();
  w.socket.answers = "never";
  const closing = w.client.close();
  const connecting = w.client.connect();
  assert.deepEqual(await outcome(closing), { value: undefined });
  w.last.openAndWelcome();
  await connecting;
  w.socket.end(1000);
  await turn();
  assert.equal(w.client.state, "connected");
});

test("e201 codes and reasons that a browser refuses are adjusted, and the socket closes", async () => {
  for (const [code, reason, expected] of [
    [1001, "bye", [1000, "bye"]],
    [1009, "", [1000, ""]],
    [0, "x", [1000, "x"]],
    [5000, "x", [1000, "x"]],
    [1000, "é".repeat(100), [1000, "é".repeat(61)]],
    [1000, "🦀".repeat(50), [1000, "🦀".repeat(30)]],
  ]) {
    const w = await connected();
    await w.client.close(code, reason);
    assert.deepEqual(w.socket.closes, [expected]);
    assert.deepEqual(w.of("disconnected"), [{ code, reason, willReconnect: false }]);
  }
});

test("wrong codes are refused and close nothing", async () => {
  const w = await connected();
  for (const code of [-1, 1.5, 65_536, NaN, "1000", null, {}]) {
    assert.ok((await failure(w.client.close(code))) instanceof TypeError);
  }
  assert.equal(w.client.state, "connected");
  await w.client.close(undefined, undefined);
  assert.deepEqual(w.socket.closes, [[1000, "client requested close"]]);
});

test("e202 a scope closes the client when it is left", async () => {
  const w = await connected();
  await w.client[Symbol.asyncDispose]();
  assert.equal(w.client.state, "closed");
});

test("a socket that throws in close is left alone", async (t) => {
  fakeTime(t);
  const w = await connected();
  w.socket.close = () => {
    throw new Error("no");
  };
  const promise = w.client.close();
  await pass(t, 1000);
  await promise;
  assert.equal(w.client.state, "closed");
});

test("a socket that closes inside of close()", async () => {
  const w = await connected();
  w.socket.answers = "now";
  await w.client.close();
  assert.deepEqual(w.names(), ["disconnected", "state-change"]);
});
