// The local server, on a port on which it can be started again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { endWithUs } from "./ends.mjs";

export async function startServer({ listen = "127.0.0.1:0" } = {}) {
  const binary = process.env.METERED_SERVER_BIN;
  if (!binary) throw new Error("METERED_SERVER_BIN does not name the local server; run `cargo xtask test`, which builds it.");
  const flags = ["--listen", listen, "--relaxed", "--log", "error"];
  const child = spawn(binary, flags, { stdio: ["ignore", "pipe", "inherit"] });
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
    again: () => startServer({ listen: host }),
  };
}
