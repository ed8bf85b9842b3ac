// The tasks, in Node and in a page. `place` has what differs between the two:
//
//   url                  of the local server
//   importClient(...)    makes clients; with `{ dials: false }` they are only constructed
//   feed(job)            a publisher elsewhere, see feed.mjs
//   cpu()                µs of CPU so far, by the names of the figures
//   memory()             bytes in use, by the names of the figures
//   idleClients          how many connections there may be

import { wasmBytes } from "./wasm.mjs";

export const tasks = {
  "inbound 120 B": (place) => inbound(place, 120, 60_000),
  "inbound 2 KB": (place) => inbound(place, 2_000, 20_000),
  "inbound 64 KB": (place) => inbound(place, 63_000, 1_000),
  "publish 256 in flight": publish,
  "round trip": roundTrip,
  connect,
  "idle clients": idle,
  "cold start": coldStart,
};

/** CPU for each message that arrives and is handed to a handler. */
async function inbound(place, size, count) {
  const client = (await place.importClient()).make(place.url);
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
  const feeder = await place.feed({ url: place.url, channel: "bench", size });
  const round = async () => {
    seen = 0;
    asked = 0;
    const finished = settled();
    ask();
    ask();
    await finished;
  };
  // The first round warms up.
  await round();
  const result = await perPiece(place, count, "messages/s", round);
  feeder.stop();
  return result;
}

/** CPU for each publish with its ack, 256 of them in flight at any time. */
async function publish(place) {
  const client = (await place.importClient()).make(place.url);
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
  return perPiece(place, count, "publishes/s", () => run(count));
}

/** The cost of each of `count` pieces of work, and how many are done in a second. */
async function perPiece(place, count, rate, work) {
  const before = await place.cpu();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  return { ...growth(before, await place.cpu(), count), [rate]: count / seconds };
}

/** Publish to ack, one after the other. */
async function roundTrip(place) {
  const client = (await place.importClient()).make(place.url);
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
async function connect(place) {
  const { make } = await place.importClient();
  const times = [];
  for (let i = 0; i < 120; i++) {
    const started = performance.now();
    const client = make(place.url);
    await client.connect();
    times.push(performance.now() - started);
    await client.close();
  }
  const sorted = times.slice(20).sort((a, b) => a - b);
  return { "p50 ms": sorted[Math.floor(sorted.length / 2)] };
}

/** Memory of each connected client with 10 subscriptions. */
async function idle(place) {
  const { make } = await place.importClient();
  const clients = [];
  const add = async (i) => {
    const client = make(place.url);
    client.on("message", () => {});
    await client.connect();
    for (let n = 0; n < 10; n++) await client.subscribe(`idle/${i % 100}/${n}`);
    clients.push(client);
  };
  for (let i = 0; i < 20; i++) await add(i);
  const inUse = await meter(place);
  const before = await inUse();
  const count = place.idleClients;
  for (let i = 0; i < count; i += 20) await Promise.all(Array.from({ length: 20 }, (_, n) => add(i + n)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return growth(before, await inUse(), count * 1024);
}

/** Measures heap with wasm memory, counted once: some engines have it in their own figures, as Node has in `external`. */
async function meter(place) {
  const heap = async () => (await place.memory())["heap KB"];
  const without = await heap();
  probe = new WebAssembly.Memory({ initial: 256 });
  const counted = (await heap()) - without > probe.buffer.byteLength / 2;
  return async () => {
    const figures = await place.memory();
    return counted ? figures : { ...figures, "heap KB": figures["heap KB"] + wasmBytes() };
  };
}

/** Keeps the measured objects from being collected. */
let probe;

/** Import and first construct where nothing was imported before. No socket yet: that is the first dial's. */
async function coldStart(place) {
  const started = performance.now();
  const { make } = await place.importClient({ dials: false });
  make(place.url);
  return { ms: performance.now() - started };
}

function growth(before, after, pieces) {
  return Object.fromEntries(Object.keys(after).map((figure) => [figure, (after[figure] - before[figure]) / pieces]));
}
