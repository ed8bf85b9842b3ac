// Every method from inside of every piece of user code, and user code that misbehaves in every way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS, FakeSocket, fakeTime, failure, outcome, pass, quiet, turn, watch } from "../support/fake.mjs";

/** For each event, how to cause it on a connected client. */
const CAUSES = {
  message: (w) => w.last.receive({ type: "message", channel: "c", from: "p", data: 1 }),
  direct: (w) => w.last.receive({ type: "direct", from: "p", data: 1 }),
  presence: (w) => w.last.receive({ type: "presence", channel: "c", joined: [], left: [] }),
  "server-error": (w) => w.last.receive({ type: "error", code: "x" }),
  "going-away": (w) => w.last.receive({ type: "going_away" }),
  disconnected: (w) => w.last.end(1006),
  "state-change": (w) => w.last.end(1006),
  connected: (w) => w.last.end(1006),
  "token-provider-error": (w) => {
    w.mint = "";
    w.last.end(1006);
  },
};

const METHODS = {
  connect: (client) => client.connect(),
  close: (client) => client.close(),
  subscribe: (client) => client.subscribe("c"),
  unsubscribe: (client) => client.unsubscribe("c"),
  publish: (client) => client.publish("c", 1),
  send: (client) => client.send("p", 1),
  on: (client) => client.on("message", () => {}),
  once: (client) => client.once("message", () => {}),
  off: (client) => client.off("message", () => {}),
  addEventListener: (client) => client.addEventListener("message", () => {}),
  removeEventListener: (client) => client.removeEventListener("message", () => {}),
  events: (client) => client.events("message").close(),
  toJSON: (client) => client.toJSON(),
  state: (client) => client.state,
};

/** Values that are hard to show. */
function nasty() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const noText = {
    toString() {
      throw new Error("no text");
    },
    get message() {
      throw new Error("no message");
    },
    get name() {
      throw new Error("no name");
    },
  };
  const trap = new Proxy(new Error("x"), {
    get() {
      throw new Error("no getter");
    },
    getPrototypeOf() {
      throw new Error("no prototype");
    },
  });
  return [undefined, null, 0, "text", Symbol("s"), 1n, Object.create(null), noText, trap, proxy, () => {}];
}

/** A client with a token provider, connected. Peers answer everything. */
async function ready(options) {
  const w = watch({ tokenProvider: () => w.mint, ...options });
  w.mint = "tok";
  await w.connect();
  return w;
}

/** Asserts that the client still works: it connects, if necessary, and publishes. */
async function assertWorks(t, w, what) {
  w.mint = "tok";
  if (w.client.state === "reconnecting") {
    for (let gone = 0; gone < 40_000 && w.last.readyState !== 0; gone += 500) await pass(t, 500, 500);
    assert.equal(w.last.readyState, 0, `${what}: dials again`);
    w.last.openAndWelcome();
    await turn();
  } else if (w.client.state === "closed") {
    await w.connect();
  } else if (w.client.state === "connecting") {
    await turn();
    w.last.openAndWelcome();
    await turn();
  }
  assert.equal(w.client.state, "connected", what);
  const promise = w.client.publish("c", "still here");
  w.last.ack();
  assert.deepEqual(await outcome(promise), { value: undefined }, what);
}

for (const event of EVENTS) {
  test(`every method inside of a handler of ${event}`, async (t) => {
    fakeTime(t);
    for (const [name, method] of Object.entries(METHODS)) {
      const w = await ready();
      let calls = 0;
      const handler = () => {
        calls += 1;
        const result = method(w.client);
        if (typeof result?.catch === "function") quiet(result);
      };
      w.client.on(event, handler);
      CAUSES[event](w);
      if (event === "connected") {
        await pass(t, 500);
        w.last.openAndWelcome();
      }
      if (event === "token-provider-error") await pass(t, 5_000);
      await turn();
      assert.ok(calls > 0, `${name} in ${event}`);
      w.client.off(event, handler);
      await assertWorks(t, w, `${name} in ${event}`);
      await w.client.close();
    }
  });
}

test("connect() inside of a final disconnected handler is legal, and events follow the order of things", async () => {
  const w = await ready();
  const states = [];
  w.client.once("disconnected", () => {
    states.push(w.client.state);
    quiet(w.client.connect());
    states.push(w.client.state);
  });
  w.clear();
  w.last.end(4020);
  await turn();
  assert.deepEqual(states, ["closed", "connecting"]);
  assert.deepEqual(w.of("state-change"), [
    { from: "connected", to: "closed" },
    { from: "closed", to: "connecting" },
  ]);
  assert.equal(w.sockets.length, 2);
});

test("close() and then connect() inside of a handler", async (t) => {
  fakeTime(t);
  const w = await ready();
  w.client.once("message", () => {
    quiet(w.client.close());
    quiet(w.client.connect());
  });
  CAUSES.message(w);
  await turn();
  assert.equal(w.client.state, "connecting");
  await assertWorks(t, w);
});

test("requests inside of a handler go out inside of it, in the order of the calls", async () => {
  const w = await ready();
  const [socket] = w.sockets;
  let inside;
  w.client.on("message", () => {
    quiet(w.client.publish("c", "first"));
    inside = socket.of("publish").length;
    quiet(w.client.subscribe("d"));
    quiet(w.client.publish("c", "second"));
  });
  CAUSES.message(w);
  assert.equal(inside, 1);
  assert.deepEqual(socket.frames.map(({ type }) => type), ["publish", "subscribe", "publish"]);
});

test("handlers may throw anything", async (t) => {
  fakeTime(t);
  for (const logger of [undefined, { error() { throw new Error("log"); } }]) {
    for (const thrown of nasty()) {
      const w = await ready({ logger });
      let runs = 0;
      w.client.on("message", () => {
        throw thrown;
      });
      w.client.on("message", () => Promise.reject(thrown));
      w.client.on("message", () => ({ then: (yes, no) => no(thrown) }));
      w.client.on("message", () => ({ get then() { throw thrown; } }));
      w.client.on("message", () => ({ then() { throw thrown; } }));
      w.client.addEventListener("message", { handleEvent() { throw thrown; } });
      w.client.on("message", () => (runs += 1));
      CAUSES.message(w);
      await turn();
      assert.equal(runs, 1);
      await assertWorks(t, w);
    }
  }
});

test("handlers may return anything", async (t) => {
  fakeTime(t);
  const w = await ready();
  for (const value of nasty()) w.client.on("message", () => value);
  CAUSES.message(w);
  await turn();
  await assertWorks(t, w);
  await w.client.close();
});

test("a factory may throw anything", async () => {
  for (const thrown of nasty()) {
    const w = watch({
      webSocketFactory: () => {
        throw thrown;
      },
    });
    const error = await failure(w.client.connect());
    assert.deepEqual([error.name, error.closeCode, w.client.state], ["SignallingConnectError", 1006, "closed"]);
  }
});

test("a factory may return anything", async (t) => {
  fakeTime(t);
  const garbage = [undefined, null, 0, "x", {}, [], Object.create(null), Promise.resolve(), new Proxy({}, { get() { throw new Error("no"); } })];
  for (const value of [...garbage, ...nasty()]) {
    const w = watch({ webSocketFactory: () => value });
    const promise = quiet(w.client.connect());
    await pass(t, 10_000, 5000);
    const error = await failure(promise);
    assert.equal(error.name, "SignallingConnectError");
    assert.equal(w.client.state, "closed");
  }
});

test("a factory may call every method of the client", async (t) => {
  fakeTime(t);
  for (const [name, method] of Object.entries(METHODS)) {
    const sockets = [];
    const w = watch({
      webSocketFactory: (url) => {
        const result = method(w.client);
        if (typeof result?.catch === "function") quiet(result);
        sockets.push(new FakeSocket(url));
        return sockets.at(-1);
      },
    });
    const promise = quiet(w.client.connect());
    await turn();
    if (name === "close") {
      assert.equal(w.client.state, "closed");
      assert.equal(sockets[0].closes.length, 1, "the socket that came too late is closed");
      assert.ok((await outcome(promise)).error);
    } else {
      sockets[0].openAndWelcome();
      assert.deepEqual(await outcome(promise), { value: undefined }, name);
    }
  }
});

test("a factory that throws on a retry uses up that attempt", async (t) => {
  fakeTime(t);
  let broken = false;
  const sockets = [];
  const w = watch({
    webSocketFactory: (url) => {
      if (broken) throw new Error("blocked");
      sockets.push(new FakeSocket(url));
      return sockets.at(-1);
    },
  });
  const promise = w.client.connect();
  sockets[0].openAndWelcome();
  await promise;
  w.clear();
  broken = true;
  sockets[0].end(1006);
  await pass(t, 500);
  assert.deepEqual(w.of("disconnected").map(({ code, willReconnect }) => [code, willReconnect]), [[1006, true], [1006, true]]);
  broken = false;
  await pass(t, 1000);
  assert.equal(sockets.length, 2);
});

/** Sockets that call back from inside of a method. */
class Eager extends FakeSocket {
  static when = "addEventListener";
  static then = "welcome";

  act() {
    const { then } = this.constructor;
    if (then === "welcome" && this.readyState === 0) this.openAndWelcome();
    if (then === "end") this.end(1011, "at once");
  }

  addEventListener(type, listener) {
    super.addEventListener(type, listener);
    // All four are there then.
    if (this.constructor.when === "addEventListener" && this.listenerCount() === 4) this.act();
  }
}

test("a socket that opens, welcomes and closes inside of addEventListener", async () => {
  for (const then of ["welcome", "end"]) {
    Eager.then = then;
    const w = watch({ webSocketFactory: (url) => new Eager(url) });
    const result = await outcome(w.client.connect());
    if (then === "welcome") {
      assert.deepEqual(result, { value: undefined });
      assert.deepEqual(w.names(), ["state-change", "state-change", "connected"]);
    } else {
      assert.deepEqual([result.error.name, result.error.closeCode, w.client.state], ["SignallingConnectError", 1011, "closed"]);
    }
  }
});

test("a socket that answers, delivers or closes inside of send", async (t) => {
  fakeTime(t);
  const w = watch();
  const socket = await w.connect();
  const { send } = FakeSocket.prototype;
  socket.send = function (text) {
    send.call(this, text);
    const { requestId } = JSON.parse(text);
    this.receive({ type: "message", channel: "c", from: "p", data: "echo" });
    this.receive({ type: "ack", requestId });
  };
  for (const request of [w.client.publish("c", 1), w.client.subscribe("c"), w.client.send("p", 1), w.client.unsubscribe("c")]) {
    assert.deepEqual(await outcome(request), { value: undefined });
  }
  assert.equal(w.of("message").length, 4);
  socket.send = function () {
    this.end(1006);
  };
  const lost = [w.client.publish("c", 1), w.client.subscribe("c")].map(quiet);
  assert.equal((await failure(lost[0])).name, "DisconnectedError");
  assert.equal((await failure(lost[1])).name, "NotConnectedError");
  assert.equal(w.client.state, "reconnecting");
});

test("a socket that throws wherever it can", async (t) => {
  fakeTime(t);
  const no = () => {
    throw new Error("no");
  };
  const breakages = {
    addEventListener: (socket) => (socket.addEventListener = no),
    removeEventListener: (socket) => (socket.removeEventListener = no),
    close: (socket) => (socket.close = no),
    binaryType: (socket) => Object.defineProperty(socket, "binaryType", { set: no }),
    readyState: (socket) => Object.defineProperty(socket, "readyState", { get: no }),
    terminate: (socket) => Object.defineProperty(socket, "terminate", { get: no }),
  };
  for (const [name, breakIt] of Object.entries(breakages)) {
    const w = watch({
      webSocketFactory: (url) => {
        const socket = new FakeSocket(url);
        breakIt(socket);
        w.made = socket;
        return socket;
      },
    });
    const promise = quiet(w.client.connect());
    w.made.dispatch("open");
    w.made.welcome();
    await pass(t, 10_000, 5000);
    const result = await outcome(promise);
    if (name === "addEventListener") assert.equal(result.error.name, "SignallingConnectError");
    else assert.deepEqual(result, { value: undefined }, name);
    if (name === "readyState") assert.equal((await failure(w.client.publish("c", 1))).name, "NotConnectedError");
    const closing = w.client.close();
    await pass(t, 1000);
    assert.deepEqual(await outcome(closing), { value: undefined }, name);
  }
});

test("events of a socket may be anything", async (t) => {
  fakeTime(t);
  const trap = new Proxy({}, { get() { throw new Error("no"); } });
  for (const event of [undefined, null, {}, 7, "x", trap]) {
    const listeners = {};
    const w = watch({
      webSocketFactory: (url) => {
        const socket = new FakeSocket(url);
        const { addEventListener } = socket;
        socket.addEventListener = function (type, listener) {
          listeners[type] = listener;
          addEventListener.call(this, type, listener);
        };
        w.made = socket;
        return socket;
      },
    });
    const promise = w.client.connect();
    w.made.openAndWelcome();
    await promise;
    for (const type of ["message", "error", "open"]) listeners[type](event);
    assert.equal(w.client.state, "connected");
    listeners.close(event);
    assert.deepEqual(w.of("disconnected"), [{ code: 1006, reason: "", willReconnect: true }]);
  }
});

test("arguments that throw when they are looked at are refused, and break nothing", async (t) => {
  fakeTime(t);
  const w = await ready();
  const trap = new Proxy({}, { get() { throw new RangeError("mine"); } });
  for (const promise of [
    w.client.connect(trap),
    w.client.subscribe("c", trap),
    w.client.unsubscribe("c", trap),
    w.client.publish("c", 1, trap),
    w.client.publish("c", trap),
    w.client.send("p", 1, trap),
    w.client.close(1000, trap),
    w.client.close(trap),
    w.client.subscribe(trap),
    w.client.publish(trap, 1),
  ].map(quiet)) {
    const error = await failure(promise);
    assert.ok(error instanceof RangeError || error instanceof TypeError, String(error));
  }
  assert.throws(() => w.client.events("message", trap), RangeError);
  assert.equal(w.last.sent.length, 0);
  await assertWorks(t, w);
});

test("toJSON of the data may call the client", async () => {
  const w = await ready();
  const promise = w.client.publish("c", {
    toJSON() {
      quiet(w.client.publish("c", "inner"));
      return "outer";
    },
  });
  assert.deepEqual(w.last.frames.map(({ data }) => data), ["inner", "outer"]);
  w.last.ack();
  await promise;
  const lost = w.client.publish("c", {
    toJSON() {
      quiet(w.client.close());
      return 1;
    },
  });
  assert.equal((await failure(lost)).name, "NotConnectedError");
});

test("a logger may call the client", async (t) => {
  fakeTime(t);
  for (const [name, method] of Object.entries(METHODS)) {
    let busy = false;
    let calls = 0;
    const log = () => {
      if (busy || name === "close") return;
      busy = true;
      calls += 1;
      const result = method(w.client);
      if (typeof result?.catch === "function") quiet(result);
      busy = false;
    };
    const w = watch({ logger: { debug: log, info: log, warn: log, error: log } });
    const promise = quiet(w.client.connect());
    w.last.openAndWelcome();
    await promise;
    w.last.receive("garbage");
    w.last.end(1006);
    await assertWorks(t, w, name);
    if (name !== "close") assert.ok(calls > 2);
    await w.client.close();
  }
});

test("off() of everything during a dispatch, and on() of many", async () => {
  const w = await ready();
  const handlers = Array.from({ length: 50 }, () => () => {
    for (const handler of handlers) w.client.off("message", handler);
    for (const handler of handlers) w.client.once("message", handler);
  });
  for (const handler of handlers) w.client.on("message", handler);
  for (let i = 0; i < 3; i += 1) CAUSES.message(w);
  assert.equal(w.of("message").length, 3);
});

test("what a socket emits inside of send is reported in its order, however the frame got there", async () => {
  for (const call of [(client) => client.publish("c", 1), (client) => client.subscribe("c")]) {
    const w = watch();
    const socket = await w.connect();
    w.clear();
    socket.send = () => {
      socket.receive({ type: "message", channel: "c", from: "p", data: "last words" });
      socket.receive({ type: "error", code: "internal_error" });
      socket.end(1006);
    };
    const error = await failure(call(w.client));
    assert.deepEqual([error.name, error.outcome], ["DisconnectedError", "unknown"]);
    assert.deepEqual(w.names(), ["message", "server-error", "disconnected", "state-change"]);
  }
});
