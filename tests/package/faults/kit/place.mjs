// Places where a client runs, behind one interface: Node, Node with a global WebSocket, a page in Chromium.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { startTabs } from "./tabs.mjs";

const CHILD = fileURLToPath(new URL("child.mjs", import.meta.url));
const LOOK_EVERY_MS = 10;
const [MAJOR] = process.versions.node.split(".").map(Number);

/** A client somewhere; `ask(method, ...args)` reaches its `Driven`. */
export class Client {
  #ask;
  #seen = [];

  constructor(ask) {
    this.#ask = ask;
  }

  call(method, ...args) {
    return this.#ask("call", method, ...args);
  }

  state() {
    return this.#ask("state");
  }

  async notes() {
    this.#seen.push(...(await this.#ask("notes", this.#seen.length)));
    return this.#seen;
  }

  async of(name) {
    return (await this.notes()).filter((note) => note.name === name);
  }

  /** The n-th event of a name, counted from 1, once it has come. */
  async nth(name, n, patienceMs = 10_000) {
    const end = Date.now() + patienceMs;
    for (;;) {
      const note = (await this.of(name))[n - 1];
      if (note) return note;
      if (Date.now() > end) throw new Error(`no ${name} number ${n} within ${patienceMs} ms; ${JSON.stringify(await this.notes())}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Connects and returns the peer id. */
  async connect() {
    const connecting = await this.call("connect");
    if (!connecting.ok) throw new Error(`connect() failed: ${JSON.stringify(connecting.error)}`);
    return (await this.of("connected")).at(-1).payload.peerId;
  }
}

/** Which WebSocket a Node uses: ours that of the package, and the official client `ws`; or both the global one. */
export const PLAIN = { flags: [], env: {} };
export const WITH_GLOBAL = { flags: MAJOR >= 22 ? [] : ["--experimental-websocket"], env: { FAULTS_SOCKET: "global" } };

/** A child process. `node` is its program, which may be another Node than this one. */
export async function inNode({ library = "ours", node = process.execPath, flags = [], env = {} } = {}) {
  const options = { execPath: node, execArgv: flags, env: { ...process.env, FAULTS_LIBRARY: library, ...env } };
  const child = fork(CHILD, [], options);
  const waiting = new Map();
  const [hello] = await once(child, "message");
  if (!hello.ready) throw new Error("the child process did not start");
  child.on("message", ({ id, value }) => {
    waiting.get(id)?.(value);
    waiting.delete(id);
  });
  let last = 0;
  const ask = (client, method, args) =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      child.send({ id, client, method, args });
    });
  return {
    pid: child.pid,
    async client(options) {
      const client = ++last;
      await ask(client, "make", [options]);
      return new Client((method, ...args) => ask(client, method, args));
    },
    async close() {
      if (child.exitCode !== null) return;
      child.kill("SIGCONT");
      child.disconnect();
      await once(child, "exit");
    },
  };
}

/** A page in a Chromium of its own, or in a new tab of one that is there. */
export async function inPage(site, { library = "ours", browser } = {}) {
  const tabs = browser ?? (await startTabs());
  try {
    return await pageOf(tabs, site, library, !browser);
  } catch (error) {
    if (!browser) await tabs.close();
    throw error;
  }
}

async function pageOf(tabs, site, library, isOwn) {
  const tab = await tabs.open(`${site.url}/`);
  const { entry, driven } = site.entries(library);
  await tab.evaluate(`(async () => {
    const [{ SignallingClient }, { Driven }] = await Promise.all([import("${entry}"), import("${driven}")]);
    const clients = new Map();
    globalThis.SignallingClient = SignallingClient;
    globalThis.ask = (client, method, args) => {
      if (method === "make") return void clients.set(client, new Driven(SignallingClient, args[0]));
      return clients.get(client)[method](...args);
    };
  })()`);
  let last = 0;
  return {
    tab,
    async client(options) {
      const client = ++last;
      const ask = (method, ...args) => tab.evaluate(`ask(${client}, ${JSON.stringify(method)}, ${JSON.stringify(args)})`);
      await ask("make", options);
      return new Client(ask);
    },
    close: () => (isOwn ? tabs.close() : tab.send("Page.close")),
  };
}
