// One measurement of one client in a process of its own: `node worker.mjs <client> <task>`. Prints one line of JSON.

import { importClient } from "./clients.mjs";
import { feed } from "./feed.mjs";

const [, , clientName, task] = process.argv;
const url = process.env.BENCH_SERVER;
const microseconds = ({ user, system }) => user + system;

const tasks = {
  "inbound 120 B": () => inbound(120, 60_000),
  "inbound 2 KB": () => inbound(2_000, 20_000),
  "inbound 64 KB": () => inbound(63_000, 1_000),
  "publish 256 in flight": publish,
  "round trip": roundTrip,
  connect,
  "1,000 idle clients": idle,
  "cold start": coldStart,
};

console.log(JSON.stringify(await tasks[task]()));
process.exit(0);

/** CPU of this process for each message that arrives and is handed to a handler. */
async function inbound(size, count) {
  const client = (await importClient(clientName)).make(url);
  let seen = 0;
  let asked = 0;
  let done;
  const settled = () => new Promise((resolve) => (done = resolve));
  // Two portions are under way at any time: the server closes readers whose queue grows to 4,096 frames or 4 MiB.
  const portion = Math.max(4, Math.min(1_000, Math.floor(1_000_000 / size)));
  const ask = () => {
    const wanted = Math.min(portion, count - asked);
    asked += wanted;
    if (wanted > 0) feeder.send(wanted);
  };
  client.on("message", () => {
    if (++seen % portion === 0) ask();
    if (seen === count) done();
  });
  await client.connect();
  await client.subscribe("bench");
  const feeder = await feed({ url, channel: "bench", size });
  // The first round warms up.
  for (const warm of [true, false]) {
    seen = 0;
    asked = 0;
    const finished = settled();
    const before = process.cpuUsage();
    const started = performance.now();
    ask();
    ask();
    await finished;
    if (warm) continue;
    const cpu = microseconds(process.cpuUsage(before)) / count;
    const rate = count / ((performance.now() - started) / 1000);
    feeder.stop();
    return { "CPU µs": cpu, "messages/s": rate };
  }
}

/** CPU for each publish with its ack, 256 of them in flight at any time. */
async function publish() {
  const client = (await importClient(clientName)).make(url);
  await client.connect();
  const data = { kind: "telemetry", sensor: "T-12", value: 92.5, note: "x".repeat(60) };
  const run = (count) =>
    new Promise((resolve, reject) => {
      let started = 0;
      let acked = 0;
      const next = () => {
        started += 1;
        client.publish("bench-out", data).then(() => {
          acked += 1;
          if (acked === count) resolve();
          else if (started < count) next();
        }, reject);
      };
      for (let i = 0; i < 256; i++) next();
    });
  await run(20_000);
  const count = 60_000;
  const before = process.cpuUsage();
  const started = performance.now();
  await run(count);
  const cpu = microseconds(process.cpuUsage(before)) / count;
  return { "CPU µs": cpu, "publishes/s": count / ((performance.now() - started) / 1000) };
}

/** Publish to ack, one after the other. */
async function roundTrip() {
  const client = (await importClient(clientName)).make(url);
  await client.connect();
  const times = [];
  for (let i = 0; i < 6_000; i++) {
    const started = performance.now();
    await client.publish("bench-out", { i });
    times.push((performance.now() - started) * 1000);
  }
  const sorted = times.slice(1_000).sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor(sorted.length * share)];
  return { "p50 µs": at(0.5), "p99 µs": at(0.99) };
}

/** Construct and connect, one after the other. */
async function connect() {
  const { make } = await importClient(clientName);
  const times = [];
  for (let i = 0; i < 120; i++) {
    const started = performance.now();
    const client = make(url);
    await client.connect();
    times.push(performance.now() - started);
    await client.close();
  }
  const sorted = times.slice(20).sort((a, b) => a - b);
  return { "p50 ms": sorted[Math.floor(sorted.length / 2)] };
}

/** Memory of each of 1,000 connected clients with 10 subscriptions. */
async function idle() {
  const { make } = await importClient(clientName);
  const clients = [];
  const add = async (i) => {
    const client = make(url);
    client.on("message", () => {});
    await client.connect();
    for (let n = 0; n < 10; n++) await client.subscribe(`idle/${i % 100}/${n}`);
    clients.push(client);
  };
  for (let i = 0; i < 20; i++) await add(i);
  const before = memory();
  const count = 1_000;
  for (let i = 0; i < count; i += 20) await Promise.all(Array.from({ length: 20 }, (_, n) => add(i + n)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const after = memory();
  return { "heap KB": (after.heap - before.heap) / count / 1024, "RSS KB": (after.rss - before.rss) / count / 1024 };
}

function memory() {
  for (let i = 0; i < 4; i++) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

/** Import and first construct in a fresh process. */
async function coldStart() {
  const started = performance.now();
  const { make } = await importClient(clientName);
  make(url);
  return { ms: performance.now() - started };
}
