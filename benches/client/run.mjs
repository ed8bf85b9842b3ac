// Compares the clients. They take turns at each task, each in a fresh process or browser, for several rounds. Prints medians and ratios.
//
//   node run.mjs [--in node|chromium] [--rounds N] [--only <part of a task's name>]
//
// Set by `cargo xtask bench client`: BENCH_SERVER_BIN, BENCH_REQUIRE_FROM (where npm packages are), and for Node BENCH_OURS (our entry),
// for Chromium METERED_PKG (our package) and METERED_CHROMIUM.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { startChromium } from "./chromium.mjs";

const { values } = parseArgs({
  options: {
    in: { type: "string", default: "node" },
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: "" },
  },
});
const rounds = Number(values.rounds);
const clients = ["ours", "official", "bare"];

/** The tasks in each place, with the largest ratio to the official client that each may have. */
const wanted = {
  node: [
    { task: "inbound 120 B", figure: "CPU µs", official: 0.95 },
    { task: "inbound 2 KB", figure: "CPU µs", official: 1.0 },
    { task: "inbound 64 KB", figure: "CPU µs", official: 1.0 },
    { task: "publish 256 in flight", figure: "CPU µs", official: 0.9 },
    { task: "round trip", figure: "p50 µs", official: 1.0 },
    { task: "connect", figure: "p50 ms" },
    { task: "idle clients", figure: "heap KB", official: 1.2 },
    { task: "cold start", figure: "ms", official: 2.0 },
  ],
  // A page's clock is too coarse for the other tasks.
  chromium: [
    { task: "inbound 120 B", figure: "CPU µs", official: 1.0 },
    { task: "inbound 2 KB", figure: "CPU µs", official: 1.0 },
    { task: "inbound 64 KB", figure: "CPU µs", official: 1.0 },
    { task: "publish 256 in flight", figure: "CPU µs", official: 1.0 },
    { task: "idle clients", figure: "heap KB", official: 1.0 },
    { task: "cold start", figure: "ms" },
  ],
};
const tasks = wanted[values.in].filter(({ task }) => task.includes(values.only));

const server = spawn(process.env.BENCH_SERVER_BIN, ["--listen", "127.0.0.1:0", "--relaxed", "--log", "warn"], {
  stdio: ["ignore", "pipe", "inherit"],
});
let place;
try {
  const [line] = await once(createInterface(server.stdout), "line");
  const url = line.split(" ").at(-1);
  place = values.in === "chromium" ? await startChromium(url) : inProcesses(url);
  const results = {};
  for (const { task } of tasks) {
    const runs = {};
    for (let round = 0; round < rounds; round++) {
      // Each round starts with another client, so that none always goes first.
      for (let i = 0; i < clients.length; i++) {
        const client = clients[(i + round) % clients.length];
        (runs[client] ??= []).push(await place.measure(client, task));
      }
      process.stderr.write(`\r${task}: round ${round + 1} of ${rounds}   `);
    }
    process.stderr.write("\r\x1b[K");
    results[task] = Object.fromEntries(clients.map((client) => [client, medians(runs[client])]));
    report(task, results[task]);
  }
  const missed = tasks.filter((target) => !verdict(target, results[target.task]));
  console.log(missed.length ? `\nnot reached: ${missed.map(({ task }) => task).join(", ")}` : "\nall targets reached");
} finally {
  await place?.stop();
  server.kill();
}

function inProcesses(url) {
  const worker = fileURLToPath(new URL("worker.mjs", import.meta.url));
  const options = { env: { ...process.env, BENCH_SERVER: url }, timeout: 180_000 };
  return {
    async measure(client, task) {
      const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", worker, client, task], options);
      return JSON.parse(stdout);
    },
    stop() {},
  };
}

function medians(runs) {
  return Object.fromEntries(
    Object.keys(runs[0]).map((figure) => {
      const sorted = runs.map((run) => run[figure]).sort((a, b) => a - b);
      return [figure, sorted[Math.floor(sorted.length / 2)]];
    }),
  );
}

function report(task, result) {
  for (const figure of Object.keys(result.ours)) {
    const [ours, official, bare] = clients.map((client) => result[client][figure]);
    const ratio = (other) => (ours / other).toFixed(2).padStart(6);
    console.log(
      `${task.padEnd(22)} ${figure.padEnd(12)} ours ${show(ours)}  official ${show(official)}  bare ${show(bare)}` +
        `  ours/official ${ratio(official)}  ours/bare ${ratio(bare)}`,
    );
  }
}

function verdict({ figure, official = Infinity }, result) {
  return result.ours[figure] / result.official[figure] <= official;
}

function show(number) {
  return (number >= 1000 ? number.toFixed(0) : number.toPrecision(4)).padStart(8);
}
