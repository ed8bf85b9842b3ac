// Makes the core trap for real: its heap is overwritten, so the next thing that happens in it ends in an `unreachable` or out of
// bounds. Runs in Node and in a page.

const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...args) {
    super(...args);
    for (const value of Object.values(this.exports)) if (value instanceof WebAssembly.Memory) memories.push(value);
  }
};

/** All that the core has allocated becomes ones. Its stack and constants lie below. */
function overwriteHeap() {
  for (const { buffer } of memories) new Uint8Array(buffer, 1_048_576 + 65_536).fill(1);
}

const WELCOME = JSON.stringify({ type: "welcome", peerId: "p", expiresAt: null, serverTime: 1, maxMessageSize: 1000 });

class Socket extends EventTarget {
  readyState = 1;
  closed = false;
  constructor() {
    super();
    queueMicrotask(() => {
      this.dispatchEvent(new Event("open"));
      this.receive(WELCOME);
    });
  }
  receive(data) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
  send() {}
  close() {
    this.closed = true;
  }
}

/** By which door the trap comes. */
const DOORS = {
  call: ({ client }) => client.publish("c", 2).catch(() => {}),
  getter: ({ client }) => client.state,
  "socket event": ({ sockets }) => sockets[0].receive('{"type":"pong"}'),
  alarm: () => new Promise((resolve) => setTimeout(resolve, 400)),
  signal: ({ controller }) => controller.abort(),
  "page event": () => globalThis.dispatchEvent?.(new Event("online")),
};

/** What becomes of two clients of which all memory in the core is overwritten. `load`: gives the library. */
export async function trapBy(door, load) {
  const uncaught = [];
  const note = (error) => uncaught.push(String(error?.reason ?? error?.error ?? error));
  if (globalThis.process?.on) for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, note);
  else for (const event of ["error", "unhandledrejection"]) globalThis.addEventListener(event, note);
  // Node has no page, but a program may have one made up.
  if (!globalThis.dispatchEvent) {
    const page = new EventTarget();
    for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) globalThis[name] = page[name].bind(page);
  }
  const { FatalError, SignallingClient } = await load();
  const sockets = [];
  const make = () =>
    new SignallingClient({ apiKey: "SECRET", inactivityTimeoutMs: 600, webSocketFactory: () => (sockets.push(new Socket()), sockets.at(-1)) });
  const [client, other, idle] = [make(), make(), make()];
  await Promise.all([client.connect(), other.connect()]);
  const controller = new AbortController();
  const waiting = [client.publish("c", 1), other.subscribe("c"), other.publish("c", 1, { signal: controller.signal })];
  for (const call of waiting) call.catch(() => {});
  const read = other.events("message").next();
  overwriteHeap();
  await DOORS[door]({ client, sockets, controller });
  // Where the door is an event, nobody was told yet; a call tells.
  const errors = await Promise.all([...waiting, client.publish("c", 3), idle.connect()].map((promise) => promise.catch((error) => error)));
  sockets[0].receive(WELCOME);
  const result = {
    errors: errors.map((error) => error instanceof FatalError && error === errors[0]),
    cause: errors[0].cause?.constructor.name,
    secret: `${errors[0].stack}${errors[0].cause?.stack}`.includes("SECRET"),
    stream: await read,
    closed: sockets.map(({ closed }) => closed),
    states: [client, other, idle].map(({ state }) => state),
    close: await client.close(),
  };
  try {
    make();
  } catch (error) {
    result.construct = error.name;
  }
  // Whatever the collector has to free in the core must not run any more.
  for (let i = 0; i < 5; i += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return { ...result, uncaught };
}

export const doors = Object.keys(DOORS);

/** As a value of JSON. */
export const EXPECTED = {
  errors: [true, true, true, true, true],
  cause: "RuntimeError",
  secret: false,
  stream: { done: true },
  closed: [true, true],
  states: ["closed", "closed", "closed"],
  construct: "FatalError",
  uncaught: [],
};
