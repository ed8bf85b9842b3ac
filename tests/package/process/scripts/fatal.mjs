// Breaks the core on purpose: every function of it throws once `broken` is set.

let broken = false;
const Real = WebAssembly.Instance;
WebAssembly.Instance = class {
  constructor(module, imports) {
    const { exports } = new Real(module, imports);
    const guarded = Object.entries(exports).map(([name, value]) => {
      if (typeof value !== "function") return [name, value];
      return [
        name,
        (...args) => {
          if (broken) throw new WebAssembly.RuntimeError("unreachable");
          return value(...args);
        },
      ];
    });
    return { exports: Object.fromEntries(guarded) };
  }
};

const { FatalError, SignallingClient, SignallingError } = await import("metered-realtime");
const assert = await import("node:assert/strict");

const sockets = [];
class Socket extends EventTarget {
  readyState = 1;
  closed = false;
  constructor() {
    super();
    sockets.push(this);
    queueMicrotask(() => {
      this.dispatchEvent(new Event("open"));
      const welcome = { type: "welcome", peerId: "p", expiresAt: null, serverTime: 1, maxMessageSize: 1000 };
      this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(welcome) }));
    });
  }
  send() {}
  close() {
    this.closed = true;
  }
}

const make = () => new SignallingClient({ apiKey: "SECRET", webSocketFactory: () => new Socket() });
const [first, second, idle] = [make(), make(), make()];
await Promise.all([first.connect(), second.connect()]);
const controller = new AbortController();
const waiting = [first.publish("c", 1), second.subscribe("c"), second.publish("c", 3, { signal: controller.signal })];
const read = second.events("message").next();
const idleRead = idle.events("message").next();

broken = true;
// What a listener of a signal throws would end the process.
controller.abort();
const errors = await Promise.all([first.publish("c", 2), ...waiting].map((promise) => promise.catch((error) => error)));
for (const error of errors) {
  assert.ok(error instanceof FatalError && error instanceof SignallingError, String(error));
  assert.equal(error.name, "FatalError");
  assert.equal(`${error.stack}`.includes("SECRET"), false);
}
assert.equal(errors[0], errors[1], "one clear error");
assert.deepEqual(await read, { value: undefined, done: true });
void idleRead;
assert.deepEqual(
  sockets.map(({ closed }) => closed),
  [true, true],
);
for (const client of [first, second, idle]) {
  assert.equal(client.state, "closed");
  for (const call of [client.connect(), client.publish("c", 1), client.subscribe("c"), client.send("p", 1)]) {
    await assert.rejects(call, FatalError);
  }
  await client.close();
  client.on("message", () => {}).off("message", () => {});
  assert.equal(JSON.stringify(client), '{"state":"closed"}');
}
assert.throws(() => make(), FatalError);
sockets[0].dispatchEvent(new MessageEvent("message", { data: "{}" }));
console.log("as it should be");
