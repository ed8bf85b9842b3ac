// What stands between clients and several nodes of the server: a real NATS, and a balancer.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { answers, freePort } from "./ports.mjs";

/** Starts NATS, which ends with this process, and returns its address. */
export async function startNats() {
  const port = await freePort();
  const child = spawn("nats-server", ["-a", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  child.once("error", () => {
    throw new Error("nats-server is missing; `cargo xtask setup` installs it.");
  });
  child.unref();
  process.once("exit", () => child.kill("SIGKILL"));
  while (!(await answers(port))) await sleep(10);
  return `nats://127.0.0.1:${port}`;
}

/** Starts a balancer, which gives each connection to the next of the `nodes` (`ws://...`), and returns its address. */
export async function startBalancer(nodes) {
  let turn = 0;
  const server = createServer((client) => {
    const { hostname, port } = new URL(nodes[turn++ % nodes.length]);
    const node = connect(Number(port), hostname);
    // A side that fails takes the other one with it.
    pipeline(client, node, client, () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // It does not keep this process alive.
  server.unref();
  return `ws://127.0.0.1:${server.address().port}`;
}
