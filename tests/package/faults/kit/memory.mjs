// A program that measures what is left in memory: after many reconnects, after many clients, after the last reference.

import { setTimeout as sleep } from "node:timers/promises";
import { startBare } from "./bare.mjs";
import { complete } from "./options.mjs";
import { slope } from "./statistics.mjs";
import { until } from "./time.mjs";

const SAMPLES = 24;
const AT_ONCE = {
  initialDelayMs: 1,
  multiplier: 1,
  maxDelayMs: 1,
  jitterRatio: 0,
  maxAttempts: Infinity,
  maxDialsPerMinute: Infinity,
};

/** The wasm memories of this process. */
const made = [];
const memories = () => made.map((memory) => memory.deref()).filter(Boolean);
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...args) {
    super(...args);
    for (const value of Object.values(this.exports)) if (value instanceof WebAssembly.Memory) made.push(new WeakRef(value));
  }
};

const { load } = await import("./library.mjs");
const { SignallingClient } = await load(process.env.FAULTS_LIBRARY);

// They count as resources from their first use on, so they are used before anything is measured.
void process.stdout;
void process.stderr;

async function collect() {
  for (let i = 0; i < 3; i += 1) {
    await sleep(5);
    globalThis.gc();
  }
}

/** The memory in use: the heap, external memory, and the whole wasm memory. */
function bytes() {
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external, wasm: memories().reduce((sum, { buffer }) => sum + buffer.byteLength, 0) };
}

/** What keeps the process alive: sockets, timers and so on, by kind. */
function resources() {
  const counts = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

async function settled() {
  await sleep(1500);
  await collect();
  return resources();
}

const TASKS = {
  /** Reconnects this often to a server that welcomes and drops. */
  async reconnects({ url, count }) {
    const before = await settled();
    const client = new SignallingClient(await complete({ apiKey: "pk_test", url, reconnect: AT_ONCE }));
    const samples = [];
    let connected = 0;
    let finish;
    const finished = new Promise((resolve) => (finish = resolve));
    client.on("connected", () => {
      connected += 1;
      if (connected === 1) void client.subscribe("a").catch(() => {});
      if (connected % Math.ceil(count / SAMPLES) === 0) {
        globalThis.gc();
        samples.push([connected, bytes()]);
      }
      if (connected === count) finish();
    });
    const began = Date.now();
    await client.connect();
    await finished;
    const ms = Date.now() - began;
    await client.close();
    const after = await settled();
    // The first third warms up the engine.
    const late = samples.slice(samples.length / 3);
    if (process.env.FAULTS_LIBRARY === "ours" && memories().length !== 1) throw new Error(`there are ${memories().length} wasm memories`);
    const per = (what) => slope(late.map(([x, sample]) => [x, what(sample)]));
    return {
      reconnects: connected,
      ms,
      bytesPerReconnect: per(({ heap, external }) => heap + external),
      heapPerReconnect: per(({ heap }) => heap),
      wasmBytes: samples.at(-1)[1].wasm,
      wasmGrowth: samples.at(-1)[1].wasm - late[0][1].wasm,
      resources: { before, after },
    };
  },

  /** Makes, connects and closes this many clients, a hundred at a time. */
  async clients({ url, count }) {
    const turn = async () => {
      const clients = await Promise.all(
        Array.from({ length: 100 }, async () => new SignallingClient(await complete({ apiKey: "pk_test", url, reconnect: false }))),
      );
      await Promise.all(clients.map((client) => client.connect()));
      await Promise.all(clients.map((client) => client.close()));
    };
    const before = await settled();
    const samples = [];
    for (let made = 100; made <= count; made += 100) {
      await turn();
      await collect();
      samples.push([made, bytes()]);
    }
    const late = samples.slice(samples.length / 3);
    return {
      clients: count,
      bytesPerClient: slope(late.map(([x, { heap, external }]) => [x, heap + external])),
      wasmGrowth: samples.at(-1)[1].wasm - late[0][1].wasm,
      resources: { before, after: await settled() },
    };
  },

  /** Makes and drops this many clients that never connect. */
  async constructed({ count }) {
    const make = async () => {
      for (let i = 0; i < count; i += 1) new SignallingClient(await complete({ apiKey: "pk_test" }));
      await collect();
    };
    await make();
    const before = bytes();
    await make();
    const after = bytes();
    const used = ({ heap, external }) => heap + external;
    return { clients: count, bytesPerClient: (used(after) - used(before)) / count, wasmGrowth: after.wasm - before.wasm };
  },

  /** Whether a client is collected: once closed, once its connect failed, and never while it is connected. */
  async collectable() {
    const bare = await startBare();
    const received = [];
    const refs = {};
    /** A client whose handler refers to it, in a scope of its own: all closures of one scope keep the same variables. */
    const make = async (name) => {
      const client = new SignallingClient(await complete({ apiKey: "pk_test", url: bare.url }));
      client.on("message", ({ data }) => received.push([client.state, data]));
      refs[name] = new WeakRef(client);
      return client;
    };
    await make("idle");
    await (async () => {
      const client = await make("closed");
      await client.connect();
      await client.close();
    })();
    bare.greet = ({ socket }) => socket.close(4001);
    await (async () => (await make("failed")).connect().catch(() => {}))();
    bare.greet = greet;
    await (async () => (await make("connected")).connect())();
    for (let i = 0; i < 20; i += 1) await collect();
    // Nobody holds the connected client. It must work all the same, also over a reconnect.
    bare.last().send({ type: "message", channel: "c", from: "x", data: "one" });
    await until(() => received.some(([, data]) => data === "one"));
    bare.last().socket.terminate();
    await until(() => bare.dials.length === 4 && bare.peers.size === 1);
    await collect();
    bare.last().send({ type: "message", channel: "c", from: "x", data: "two" });
    await until(() => received.some(([, data]) => data === "two"));
    const alive = Object.entries(refs).filter(([, ref]) => ref.deref() !== undefined).map(([name]) => name);
    await refs.connected.deref()?.close();
    await bare.stop();
    return { alive };
  },
};

function greet(peer) {
  peer.send({ type: "welcome", peerId: peer.id, expiresAt: null, serverTime: 1, maxMessageSize: 65_536 });
}

process.once("message", async ({ name, ...details }) => {
  try {
    process.send(await TASKS[name](details));
  } catch (error) {
    process.send({ failed: error.stack });
  }
});
process.on("disconnect", () => process.exit());
