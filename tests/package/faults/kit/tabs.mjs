// Tabs of Chromium, through the DevTools protocol. Playwright keeps every page visible, and a visible page cannot be frozen.

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { endWithUs } from "./ends.mjs";
import { until } from "./time.mjs";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage", "--headless=new"],
  // Lets a page with an open WebSocket into the back/forward cache. Newer versions do that by default.
  "--enable-features=DisconnectWebSocketOnBFCache",
];

export async function startTabs() {
  const program = process.env.METERED_CHROMIUM;
  if (!program) throw new Error("METERED_CHROMIUM does not name a Chromium; run `cargo xtask test`, which finds one.");
  const profile = mkdtempSync(join(tmpdir(), "metered-tabs-"));
  const flags = [...FLAGS, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  const child = spawn(program, flags, { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  endWithUs(child);
  const host = await devtoolsOf(child);
  const sockets = [];
  return {
    /** Opens a tab in front of all others. */
    async open(url) {
      const response = await fetch(`http://${host}/json/new?${encodeURIComponent(url)}`, { method: "PUT" });
      const socket = new WebSocket((await response.json()).webSocketDebuggerUrl);
      sockets.push(socket);
      await once(socket, "open");
      const tab = new Tab(socket);
      const isThere = `location.href === ${JSON.stringify(url)} && document.readyState === "complete"`;
      // While the page loads, an evaluation may still run in the page before it, and be lost.
      await until(() => tab.evaluate(isThere).catch(() => false));
      return tab;
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      child.kill();
      await exited;
      // Its helpers may still write for a while. What is left then stays in the system's temporary folder.
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() => {});
    },
  };
}

async function devtoolsOf(child) {
  for await (const line of createInterface({ input: child.stderr })) {
    const found = /DevTools listening on ws:\/\/([^/]+)/.exec(line);
    if (found) {
      child.stderr.resume();
      return found[1];
    }
  }
  throw new Error("Chromium did not say where its DevTools are");
}

/** Emits the tab's events under their names in the DevTools protocol. */
class Tab extends EventEmitter {
  #socket;
  #waiting = new Map();
  #last = 0;

  constructor(socket) {
    super();
    this.#socket = socket;
    socket.on("message", (text) => {
      const { id, result, error, method, params } = JSON.parse(text);
      if (method) return void this.emit(method, params);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result);
    });
  }

  send(method, params = {}) {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** The value of an expression, which may be a promise. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** The types of the listeners that an object has. */
  async listeners(expression) {
    const { result } = await this.send("Runtime.evaluate", { expression });
    const { listeners } = await this.send("DOMDebugger.getEventListeners", { objectId: result.objectId });
    return listeners.map(({ type }) => type).sort();
  }
}
