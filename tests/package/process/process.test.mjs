// The packed package in whole processes, with the local server: sessions in both module systems, and how a process ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { startServer } from "../support/server.mjs";

const installed = join(dirname(fileURLToPath(import.meta.url)), "../installed");
let server;
before(async () => {
  server = await startServer(["--relaxed"]);
});
after(() => server.stop());

/** Whether Node has a WebSocket of its own, as newer ones do; either way the package uses its own. */
const SOCKETS = { "by the package": [], "by Node itself": ["--experimental-websocket", "--no-warnings"] };

/** Runs a program of the user's. */
function start(script, args = [], flags = []) {
  const child = spawn(process.execPath, [...flags, join(installed, script), ...args], { cwd: installed });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  const began = performance.now();
  const done = new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, output, took: performance.now() - began }));
  });
  return { child, done, output: () => output };
}

const ENDS = {
  "import alone": "",
  "a client that was only made": "",
  "after close": "",
  "close while a token provider hangs": "",
  "close while connecting": "",
  "close with a request and a handler that hang": "",
  "close while waiting for a retry": "",
  "a connect that was refused": "1006",
  "an aborted connect": "AbortError",
  // They go to the console, because there is no logger.
  "handlers that reject": /^(\[metered-realtime\] an event handler failed: (connected Error: mine|state-change undefined)(\n +at .*)*\n?){4}$/,
  "drops with nobody looking": "",
};

for (const [name, flags] of Object.entries(SOCKETS)) {
  for (const script of ["session.mjs", "session.cjs"]) {
    test(`a session of ${script} over WebSockets ${name}, and its process ends by itself`, async () => {
      const { code, output, took } = await start(script, [server.url], flags).done;
      assert.deepEqual([code, output.trim()], [0, "all steps done"]);
      assert.ok(took < 10_000, `${took} ms`);
    });
  }

  for (const [way, expected] of Object.entries(ENDS)) {
    test(`nothing keeps a process alive, WebSockets ${name}: ${way}`, async () => {
      const { code, output, took } = await start("ends.mjs", [way, server.url], flags).done;
      assert.equal(code, 0);
      if (expected instanceof RegExp) assert.match(output.trim(), expected);
      else assert.equal(output.trim(), expected);
      assert.ok(took < 5_000, `${took} ms`);
    });
  }
}

// Node's own WebSocket cannot drop a connection to such a peer.
test("a peer that is gone does not keep a process alive", async () => {
  const dead = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(dead, "listening");
  dead.on("connection", (peer) => {
    peer.send('{"type":"welcome","peerId":"p","expiresAt":null,"serverTime":1,"maxMessageSize":1000}');
    setTimeout(() => peer._socket.pause(), 50);
  });
  const { port } = dead.address();
  const { code, output, took } = await start("ends.mjs", ["close of a dead peer", `ws://127.0.0.1:${port}`]).done;
  for (const peer of dead.clients) peer.terminate();
  dead.close();
  assert.deepEqual([code, output.trim()], [0, ""]);
  assert.ok(took < 5_000, `${took} ms`);
});

test("a core that breaks fails everything of every client with one error, and the process ends", async () => {
  const { code, output } = await start("fatal.mjs").done;
  assert.deepEqual([code, output.trim()], [0, "as it should be"]);
});

test("e203 clients that nobody holds are collected when they are idle or closed, and live on while they are connected", async () => {
  const { code, output } = await start("collected.mjs").done;
  assert.deepEqual([code, output.trim()], [0, "idle, closed, given up: collected; connected: alive"]);
});

test("where WebAssembly is forbidden, constructing says so", async () => {
  const { code, output } = await start("forbidden.mjs").done;
  assert.deepEqual([code, output.trim()], [0, "WasmUnavailableError"]);
});

test("a key that the server refuses fails connect() with its code", async () => {
  const strict = await startServer();
  try {
    const { code, output } = await start("ends.mjs", ["a key that was refused", strict.url]).done;
    assert.equal(code, 0);
    assert.match(output.trim(), /^(4001|1006)$/);
  } finally {
    await strict.stop();
  }
});

for (const way of ["an idle connected client", "a client that waits for a retry"]) {
  test(`${way} keeps its process alive`, async () => {
    const { child, done, output } = start("ends.mjs", [way, server.url]);
    while (!output().includes("connected")) await sleep(20);
    await sleep(700);
    assert.equal(child.exitCode, null);
    child.kill();
    await done;
  });
}
