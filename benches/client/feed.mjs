// A publisher in a process of its own, so that its CPU does not count for the client that is measured.

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Starts a publisher; `send(n)` makes it publish n messages as fast as the server acknowledges them. */
export async function feed(job) {
  const child = fork(fileURLToPath(new URL("feeder.mjs", import.meta.url)), [JSON.stringify(job)]);
  await new Promise((resolve) => child.once("message", resolve));
  return { send: (count) => child.send(count), stop: () => child.kill() };
}
