// The local server, on a port on which it can be started again; several nodes of it if METERED_NODES says how many.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { startBalancer, startNats } from "../../../support/cluster.mjs";
import { endWithUs } from "./ends.mjs";

export function startServer() {
  const nodes = Number(process.env.METERED_NODES ?? 1);
  return nodes > 1 ? startCluster(nodes) : startOne();
}

/** Nodes behind a balancer, which stop and start again together. */
async function startCluster(count) {
  const flags = ["--nats", await startNats()];
  const nodes = await Promise.all(Array.from({ length: count }, () => startOne({ flags })));
  const url = await startBalancer(nodes.map((node) => node.url));
  const together = (members) => ({
    url,
    async fault(...order) {
      const affected = await Promise.all(members.map((node) => node.fault(...order)));
      return affected.reduce((sum, each) => sum + each);
    },
    stop: (signal) => Promise.all(members.map((node) => node.stop(signal))),
    again: async () => together(await Promise.all(members.map((node) => node.again()))),
  });
  return together(nodes);
}

async function startOne({ listen = "127.0.0.1:0", flags = [] } = {}) {
  const binary = process.env.METERED_SERVER_BIN;
  if (!binary) throw new Error("METERED_SERVER_BIN does not name the local server; run `cargo xtask test`, which builds it.");
  const child = spawn(binary, ["--listen", listen, "--relaxed", "--log", "error", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  endWithUs(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, "line");
  const url = /ws:\/\/\S+/.exec(line)?.[0];
  if (!url) throw new Error(`the local server did not say where it listens, but: ${line}`);
  lines.on("line", () => {});
  const host = url.replace("ws://", "");
  return {
    url,
    /** Orders a fault, such as `half_open`. Returns how many connections it affected. */
    async fault(fault, details = {}) {
      const response = await fetch(`http://${host}/_dev/faults`, { method: "POST", body: JSON.stringify({ fault, ...details }) });
      if (!response.ok) throw new Error(`the local server refused the fault ${fault}: ${await response.text()}`);
      return (await response.json()).affected;
    },
    async stop(signal = "SIGKILL") {
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    },
    again: () => startOne({ listen: host, flags }),
  };
}
