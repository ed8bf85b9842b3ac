// Running the programs of an environment: their output is kept for the day that they fail, and none outlives us.

import { spawn } from "node:child_process";
import { once } from "node:events";

const TIME_LIMIT_MS = 180_000;
const KEPT_LINES = 60;
const running = new Set();

/** Runs a program to its end and returns what it wrote to stdout. */
export async function run(program, args, options = {}) {
  const child = launch(program, args, options);
  const timer = setTimeout(() => child.end(), options.limit ?? TIME_LIMIT_MS);
  const [code, signal] = await child.exited;
  clearTimeout(timer);
  child.end();
  if (code !== 0) throw new Error(`${child.shown} failed (${code ?? signal}):\n${tail(child.output)}`);
  return child.stdout;
}

/** Starts a program and waits until it writes something that matches; returns the match and what ends the program. */
export async function startUntil(pattern, program, args, options = {}) {
  const child = launch(program, args, options);
  const found = new Promise((resolve) => {
    child.onOutput = () => {
      const match = pattern.exec(child.output);
      if (match) resolve(match);
    };
  });
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, TIME_LIMIT_MS)));
  const match = await Promise.race([found, child.exited, late]);
  clearTimeout(timer);
  if (!match || match.index === undefined) {
    child.end();
    throw new Error(`${child.shown} did not get ready:\n${tail(child.output)}`);
  }
  return { match, stop: () => child.end() };
}

/** Whatever still runs when the harness ends. */
export function endAll() {
  for (const child of running) child.end();
}

function launch(program, args, { cwd, env }) {
  // A group of its own: build tools start helpers.
  const process_ = spawn(program, args, {
    cwd,
    env: { ...environment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const child = {
    shown: [program, ...args].join(" "),
    output: "",
    stdout: "",
    onOutput() {},
    exited: Promise.race([
      once(process_, "close"),
      once(process_, "error").then(([error]) => {
        throw new Error(`cannot start ${program}: ${error.message}`);
      }),
    ]).finally(() => running.delete(child)),
    end() {
      try {
        process.kill(-process_.pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    },
  };
  running.add(child);
  process_.stdout.on("data", (bytes) => (child.stdout += bytes));
  for (const stream of [process_.stdout, process_.stderr]) {
    stream.on("data", (bytes) => {
      child.output += bytes;
      child.onOutput();
    });
  }
  return child;
}

/** Ours, without what npm, a test runner or a terminal has set for itself. */
function environment() {
  const ours = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_(ENV|OPTIONS|TEST)|FORCE_COLOR|METERED_)/i.test(name));
  return { ...Object.fromEntries(ours), CI: "1", NO_COLOR: "1", DO_NOT_TRACK: "1", NEXT_TELEMETRY_DISABLED: "1" };
}

function tail(text) {
  return text.trimEnd().split("\n").slice(-KEPT_LINES).join("\n");
}
