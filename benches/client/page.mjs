// One measurement of one client in a page. The harness in chromium.mjs does what a page cannot do itself.

import { bare } from "./bare.mjs";
import { tasks } from "./tasks.mjs";

const IDLE_CLIENTS = 200; // A browser has 255 WebSockets at most.
const waiting = new Map();
let last = 0;

/** `addresses`: where the modules of ours and of the official client are. */
export function measure({ client, task, url, addresses }) {
  return tasks[task]({
    url,
    importClient: async () => (client === "bare" ? bare(open) : packaged(await import(addresses[client]))),
    feed: async (job) => {
      await ask("feed", job);
      return { send: (count) => tell("send", count), stop: () => tell("stop") };
    },
    cpu: () => ask("cpu"),
    memory: () => ask("memory"),
    idleClients: IDLE_CLIENTS,
  });
}

/** Called by the harness. */
export function answer(id, value) {
  waiting.get(id)(value);
  waiting.delete(id);
}

function ask(what, about) {
  return new Promise((resolve) => {
    waiting.set(++last, resolve);
    globalThis.harness(JSON.stringify({ id: last, what, about }));
  });
}

function tell(what, about) {
  globalThis.harness(JSON.stringify({ what, about }));
}

function packaged({ SignallingClient }) {
  return { make: (url) => new SignallingClient({ url, apiKey: "pk_live_local" }) };
}

function open(url, { text, failed, closed }) {
  const socket = new WebSocket(url);
  socket.onerror = failed;
  socket.onmessage = ({ data }) => text(data);
  socket.onclose = closed;
  return socket;
}
