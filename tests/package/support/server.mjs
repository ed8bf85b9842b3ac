// The local server, started for a test file and ended with it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export async function startServer(flags = []) {
  const binary = process.env.METERED_SERVER_BIN;
  if (!binary) throw new Error("METERED_SERVER_BIN does not name the local server; run `cargo xtask test`, which builds it.");
  const child = spawn(binary, ["--listen", "127.0.0.1:0", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const failed = once(child, "error").then(([error]) => {
    throw error;
  });
  const [line] = await Promise.race([once(lines, "line"), failed]);
  const url = /ws:\/\/\S+/.exec(line)?.[0];
  if (!url) throw new Error(`the local server did not say where it listens, but: ${line}`);
  lines.on("line", () => {});
  return {
    url,
    /** Asks for a fault, such as `drop`. */
    async fault(fault, details = {}) {
      const address = `${url.replace("ws:", "http:")}/_dev/faults`;
      const response = await fetch(address, { method: "POST", body: JSON.stringify({ fault, ...details }) });
      if (!response.ok) throw new Error(`the local server refused the fault ${fault}: ${await response.text()}`);
    },
    async stop() {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    },
  };
}
