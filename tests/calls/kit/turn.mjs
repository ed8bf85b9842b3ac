// Debian's coturn on this machine alone, for one test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { answers, freePort } from "../../support/ports.mjs";
import { until } from "./until.mjs";

export async function startTurn(t) {
  const port = await freePort();
  const args = ["-n", "--no-cli", "--no-tls", "--no-dtls", "--lt-cred-mech", "--allow-loopback-peers", "--log-file", "stdout"];
  const user = { username: "user", credential: "made-up" };
  args.push("--realm", "local", "--user", `${user.username}:${user.credential}`, "--pidfile", "");
  args.push("--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", String(port));
  const child = spawn("turnserver", args, { stdio: ["ignore", "pipe", "ignore"] });
  t.after(async () => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  });
  child.stdout.resume();
  await until("the relay listens", () => answers(port));
  return { urls: [`turn:127.0.0.1:${port}?transport=udp`], ...user };
}
