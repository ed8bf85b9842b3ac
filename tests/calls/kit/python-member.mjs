// The official Python client in a room, as a process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { KEY } from "../../clients/kit/server.mjs";
import { variable } from "../../clients/kit/variable.mjs";

const SCRIPT = fileURLToPath(new URL("python_member.py", import.meta.url));

/** Joins a room; `role`: "open" or "answer" a data channel, or "media". */
export async function pythonMember(t, server, role) {
  const child = spawn(variable("METERED_PYTHON"), [SCRIPT, server.url, KEY, "room", role], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, "exit");
    child.stdin.end();
    const slow = setTimeout(() => child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(slow);
  });
  const log = [];
  const joined = new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the Python member ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const entry = JSON.parse(line);
      log.push(entry);
      if (entry.event === "joined") resolve(entry.id);
    });
  });
  return { id: await joined, log };
}
