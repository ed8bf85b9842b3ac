// A server that refuses a dial may say when to come back.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { WebSocketServer } from "ws";
import { WELCOME } from "../support/fake.mjs";
import { make, pause, surfaces } from "./kit.mjs";

const cleanups = [];
after(() => Promise.all(cleanups.map((cleanup) => cleanup())));

/** Takes the first connection, and refuses all later ones. `dials` are their times. */
async function refusing(head) {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const dials = [];
  const open = new Set();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => {});
  });
  server.on("upgrade", (request, socket, rest) => {
    dials.push(performance.now());
    if (dials.length > 1) return void socket.end(`HTTP/1.1 ${head()}\r\nConnection: close\r\n\r\n`);
    sockets.handleUpgrade(request, socket, rest, (peer) => {
      peer.send(JSON.stringify(WELCOME));
      setTimeout(() => peer.terminate(), 50);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { url: `ws://127.0.0.1:${server.address().port}`, dials };
}

const QUICKLY = { initialDelayMs: 20, maxDelayMs: 20, jitterRatio: 0 };
const soon = () => new Date(Date.now() + 3000).toUTCString();
const HEADS = {
  "429 and seconds": () => "429 Too Many Requests\r\nRetry-After: 2",
  "503 and a date": () => `503 Service Unavailable\r\nRetry-After: ${soon()}`,
};

const all = await surfaces();
// Only the WebSocket of the package tells the header.
for (const name of ["the ES module", "CommonJS"]) {
  for (const [what, head] of Object.entries(HEADS)) {
    test(`${name}: with honourGoingAway a dial waits as long as ${what} ask`, async () => {
      const { url, dials } = await refusing(head);
      const client = make(all[name], url, { reconnect: { ...QUICKLY, honourGoingAway: true } });
      await client.connect();
      while (dials.length < 3) await pause(20);
      // Dates are whole seconds.
      assert.ok(dials[2] - dials[1] >= 1900, `${dials[2] - dials[1]} ms`);
      await client.close();
    });
  }

  test(`${name}: without it, it is only logged`, async () => {
    const { url, dials } = await refusing(HEADS["429 and seconds"]);
    const warned = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (_, details) => warned.push(details) };
    const client = make(all[name], url, { logger, reconnect: QUICKLY });
    await client.connect();
    while (dials.length < 4) await pause(20);
    assert.ok(dials[3] - dials[1] < 1500, `${dials[3] - dials[1]} ms`);
    assert.ok(warned.some(({ httpStatus, retryAfterMs }) => httpStatus === 429 && retryAfterMs === 2000), JSON.stringify(warned));
    await client.close();
  });
}
