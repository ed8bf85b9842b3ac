// Runs the programs of an environment. Keeps their output for the error message, and ends all of them with this process.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";

const TIME_LIMIT_MS = 180_000;
const KEPT_LINES = 60;
const running = new Set();

/** Runs a program to its end and returns what it wrote to stdout. */
export async function run(program, args, options = {}) {
  const child = launch(program, args, options);
  const timer = setTimeout(() => child.end(), options.limit ?? TIME_LIMIT_MS);
  child.stdin.end();
  const [code, signal] = await child.exited;
  clearTimeout(timer);
  child.end();
  if (code !== 0) throw new Error(`${child.shown} failed (${code ?? signal}):\n${tail(child.output)}`);
  return child.stdout;
}

/** Starts a program. The caller talks with it and ends it. */
export function start(program, args, options = {}) {
  return launch(program, args, options);
}

/** The programs that still run. They end with the harness. */
export function endAll() {
  for (const child of running) child.end();
}

function launch(program, args, { cwd, env }) {
  // In a process group of its own, as build tools start helpers.
  const options = { cwd, env: { ...environment(), ...env }, stdio: "pipe", detached: true };
  const child = new Child(spawn(program, args, options), [program, ...args].join(" "));
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return child;
}

/** A running program with its output so far. */
class Child extends EventEmitter {
  output = "";
  stdout = "";

  constructor(handle, shown) {
    super();
    this.shown = shown;
    this.stdin = handle.stdin;
    this.exited = new Promise((resolve) => {
      handle.once("close", (code, signal) => resolve([code, signal]));
      handle.once("error", (error) => {
        this.output += error.message;
        resolve([error.code, null]);
      });
    });
    // A program need not read its input.
    handle.stdin.on("error", () => {});
    handle.stdout.on("data", (bytes) => (this.stdout += bytes));
    for (const stream of [handle.stdout, handle.stderr]) {
      stream.on("data", (bytes) => {
        this.output += bytes;
        this.emit("output");
      });
    }
    this.end = () => {
      try {
        process.kill(-handle.pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    };
  }

  /** Waits until its output matches. */
  async until(pattern) {
    const over = new AbortController();
    const late = setTimeout(() => over.abort(), TIME_LIMIT_MS);
    void this.exited.then(() => over.abort());
    try {
      for (;;) {
        const match = pattern.exec(this.output);
        if (match) return match;
        await once(this, "output", { signal: over.signal });
      }
    } catch {
      throw new Error(`${this.shown} did not write ${pattern}:\n${tail(this.output)}`);
    } finally {
      clearTimeout(late);
    }
  }
}

/** Our environment variables, without those that npm, a test runner or a terminal sets for itself. */
function environment() {
  const ours = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_(ENV|OPTIONS|TEST)|FORCE_COLOR|METERED_)/i.test(name));
  return { ...Object.fromEntries(ours), CI: "1", NO_COLOR: "1", DO_NOT_TRACK: "1", NEXT_TELEMETRY_DISABLED: "1" };
}

function tail(text) {
  return text.trimEnd().split("\n").slice(-KEPT_LINES).join("\n");
}
