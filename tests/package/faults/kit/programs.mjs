// Programs that run in processes of their own: the flapping server, and the measurements of memory.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

function program(name, options) {
  return fork(fileURLToPath(new URL(name, import.meta.url)), [], options);
}

/** A server that welcomes and drops; `ask`: not before the first request. */
export async function startFlapping({ ask = false } = {}) {
  const child = program("flapping.mjs", { env: { ...process.env, ASK_BEFORE_DROP: ask ? "1" : "" } });
  const [{ url }] = await once(child, "message");
  return {
    url,
    async dials() {
      child.send("dials");
      const [{ dials }] = await once(child, "message");
      return dials;
    },
    async stop() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

/** Runs one of the measurements of memory.mjs in a fresh process with a collector that can be called. */
export async function measureMemory(task, { library = "ours", flags = [], env = {}, node = process.execPath } = {}) {
  const all = { ...process.env, FAULTS_LIBRARY: library, ...env };
  const child = program("memory.mjs", { env: all, execPath: node, execArgv: ["--expose-gc", ...flags] });
  const result = once(child, "message").then(([message]) => message);
  const exited = once(child, "exit").then(([code]) => ({ failed: `the measurement exited with ${code}` }));
  child.send(task);
  const message = await Promise.race([result, exited]);
  if (message.failed) throw new Error(message.failed);
  child.disconnect();
  await exited;
  return message;
}
