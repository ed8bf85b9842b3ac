// Shared by the tests of faults from the field: a server that acknowledges everything, the package through each of its files, and
// a page in Chromium that has it.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { startSite } from "../page/site.mjs";
import { startBrowser } from "../page/visitor.mjs";
import { WELCOME } from "../support/fake.mjs";

const dist = new URL("../installed/node_modules/metered-realtime/dist/", import.meta.url);
const require = createRequire(import.meta.url);
// Taken before a test replaces them.
const { setTimeout: later, clearTimeout: never } = globalThis;
const cleanups = [];
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** A server that welcomes everybody and acknowledges every frame that `onFrame` does not answer. `frames` are all frames that it got. */
export async function startAcking(onFrame = () => false) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const frames = [];
  const peers = [];
  server.on("connection", (peer) => {
    peers.push(peer);
    peer.send(JSON.stringify(WELCOME));
    peer.on("message", (text) => {
      const frame = JSON.parse(text);
      frames.push(frame);
      if (onFrame(frame, peer)) return;
      peer.send(JSON.stringify(frame.type === "ping" ? { type: "pong" } : { type: "ack", requestId: frame.requestId }));
    });
  });
  cleanups.push(() => {
    for (const peer of server.clients) peer.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${server.address().port}`, frames, peers };
}

/** The package as each of its files for Node and for browsers; the latter with sockets of `ws`. */
export async function surfaces() {
  const slim = await import(new URL("slim.mjs", dist));
  await slim.init(readFileSync(new URL("metered_realtime.wasm", dist)));
  const webSocketFactory = (url) => new WebSocket(url);
  return {
    "the ES module": { library: await import(new URL("node.mjs", dist)), options: {} },
    CommonJS: { library: require(new URL("node.cjs", dist).pathname), options: {} },
    "the file for browsers": { library: await import(new URL("index.mjs", dist)), options: { webSocketFactory } },
    slim: { library: slim, options: { webSocketFactory } },
  };
}

/** A client that a test does not have to close. */
export function make({ library, options }, url, more = {}) {
  const client = new library.SignallingClient({ url, apiKey: "pk_test", ...options, ...more });
  cleanups.push(() => client.close().catch(() => {}));
  return client;
}

export async function connected(surface, url, more) {
  const client = make(surface, url, more);
  await client.connect();
  return client;
}

let page;

/** Runs a function in a page of Chromium; it gets the package and the arguments. */
export async function inPage(run, ...args) {
  page ??= open();
  return (await page).evaluate(
    async ([text, values]) => {
      const library = await import("/pkg/dist/index.mjs");
      return (0, eval)(`(${text})`)(library, ...values);
    },
    [String(run), args],
  );
}

async function open() {
  const site = await startSite();
  cleanups.push(() => site.stop());
  const browser = await startBrowser();
  cleanups.push(() => browser.close());
  const opened = await browser.newPage();
  // A page without a script of its own.
  await opened.goto(`${site.url}/www-example/style.css`);
  return opened;
}

/** The state of a promise after some real time: "settled", the name of its error, or "pending". */
export async function within(promise, ms = 2000) {
  let timer;
  const patience = new Promise((resolve) => (timer = later(() => resolve("pending"), ms)));
  const settled = promise.then(
    () => "settled",
    (error) => error.name,
  );
  const result = await Promise.race([settled, patience]);
  never(timer);
  return result;
}

/** Some real time. */
export function pause(ms) {
  return new Promise((resolve) => later(resolve, ms));
}
