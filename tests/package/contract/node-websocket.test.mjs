// The WebSocket in Node: how the package uses `ws`, and frames and handshakes that only a raw server can make. Frames that break
// the rules are in faults/hostile.test.mjs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import https from "node:https";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { SignallingClient } from "../installed/entry.mjs";
import { WELCOME } from "../support/fake.mjs";
import { startSecure } from "../support/secure.mjs";

const cleanups = [];
after(() => Promise.all(cleanups.map((cleanup) => cleanup())));

/** A connected client and the server's side of its connection. `onFrame` gets what the client sends after that. */
async function connected(onFrame = () => {}) {
  const { server, url } = await serve();
  server.on("connection", (peer) => {
    peer.send(JSON.stringify(WELCOME));
    peer.on("message", (text) => onFrame(peer, JSON.parse(text)));
  });
  const client = make(url);
  const arrived = once(server, "connection");
  await client.connect();
  const [peer] = await arrived;
  return { client, peer, url };
}

async function serve() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  cleanups.push(() => {
    for (const peer of server.clients) peer.terminate();
    server.close();
  });
  return { server, url: `ws://127.0.0.1:${server.address().port}` };
}

function make(url) {
  const client = new SignallingClient({ apiKey: "pk_test", url });
  cleanups.push(() => client.close());
  return client;
}

const frame = (first, text) => Buffer.concat([Buffer.from([first, Buffer.byteLength(text)]), Buffer.from(text)]);
const message = (data) => JSON.stringify({ type: "message", channel: "c", from: "p", data });
const nextMessage = (client) => new Promise((resolve) => client.once("message", ({ data }) => resolve(data)));

test("a text in fragments, with a ping between them, byte by byte, is one message", async () => {
  const { client, peer } = await connected();
  const text = message("é");
  // Inside of the character.
  const half = Buffer.from(text).indexOf(0xc3) + 1;
  const part = (first, from, to) => frame(first, Buffer.from(text).subarray(from, to));
  const bytes = Buffer.concat([part(0x01, 0, half), frame(0x89, "ping"), part(0x00, half, half), part(0x80, half)]);
  const pong = once(peer, "pong");
  const received = nextMessage(client);
  for (const byte of bytes) {
    peer._socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await received, "é");
  assert.equal(String(await pong), "ping");
});

test("texts of all lengths and characters go both ways", async () => {
  const { client } = await connected((peer, { type, data, requestId }) => {
    if (type !== "publish") return;
    peer.send(message(data));
    peer.send(JSON.stringify({ type: "ack", requestId }));
  });
  const around = (size) => [-2, -1, 0, 1, 2].map((more) => "x".repeat(size + more));
  const texts = ["", "é", "\u{1f4a3}", "\ufffd", ...around(40), ...around(62), ...around(125), "é".repeat(20_000), ...around(65_465)];
  for (const text of texts) {
    const received = nextMessage(client);
    await client.publish("c", text);
    assert.ok((await received) === text, `${text.length} characters`);
  }
});

test("what is published in one turn goes out at once, and in order", async () => {
  const seen = [];
  const { client, peer } = await connected((peer, { data, requestId }) => {
    seen.push(data);
    peer.send(JSON.stringify({ type: "ack", requestId }));
  });
  let chunks = 0;
  peer._socket.on("data", () => (chunks += 1));
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  await Promise.all(numbers.map((number) => client.publish("c", number)));
  assert.deepEqual(seen, numbers);
  assert.ok(chunks < 5, `${chunks} chunks`);
});

test("clients that take turns do not mix up their frames", async () => {
  const pairs = await Promise.all(["a", "b"].map(async (name) => {
    const seen = [];
    const { client } = await connected((peer, { data, requestId }) => {
      seen.push(data);
      peer.send(JSON.stringify({ type: "ack", requestId }));
    });
    return { name, client, seen };
  }));
  const wanted = Array.from({ length: 50 }, (_, i) => i);
  await Promise.all(wanted.flatMap((i) => pairs.map(({ name, client }) => client.publish("c", `${name}${i}`))));
  for (const { name, seen } of pairs) assert.deepEqual(seen, wanted.map((i) => `${name}${i}`));
});

test("what a process has published before it ends itself is sent", async () => {
  const { server, url } = await serve();
  const frames = [];
  server.on("connection", (peer) => {
    peer.send(JSON.stringify(WELCOME));
    peer.on("message", (text) => frames.push(JSON.parse(text)));
  });
  const program = `
    const { SignallingClient } = require("metered-realtime");
    const client = new SignallingClient({ apiKey: "pk_test", url: "${url}" });
    client.connect().then(() => {
      client.publish("c", "last words");
      process.exit(0);
    });`;
  const gone = once(server, "connection").then(([peer]) => once(peer, "close"));
  spawn(process.execPath, ["-e", program], { cwd: fileURLToPath(new URL("../installed", import.meta.url)), stdio: "inherit" });
  await gone;
  assert.deepEqual(frames.map(({ data }) => data), ["last words"]);
});

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const acceptOf = (key) => createHash("sha1").update(key + GUID).digest("base64");

/** Answers to a handshake that nobody may take. */
const HANDSHAKES = {
  "accepts another key": () => ["Upgrade: websocket", `Sec-WebSocket-Accept: ${acceptOf("another")}`],
  "accepts no key": () => ["Upgrade: websocket"],
  "upgrades to something else": (accept) => ["Upgrade: h2c", accept],
  "has an extension that nobody asked for": (accept) => ["Upgrade: websocket", accept, "Sec-WebSocket-Extensions: permessage-deflate"],
  "has a protocol that nobody asked for": (accept) => ["Upgrade: websocket", accept, "Sec-WebSocket-Protocol: chat"],
};

for (const [what, headers] of Object.entries(HANDSHAKES)) {
  test(`a handshake that ${what} is a close 1006`, async () => {
    const http = createServer();
    http.on("upgrade", (request, socket) => {
      const accept = `Sec-WebSocket-Accept: ${acceptOf(request.headers["sec-websocket-key"])}`;
      const lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", ...headers(accept)];
      socket.on("error", () => {});
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    cleanups.push(() => http.close());
    await assert.rejects(make(`ws://127.0.0.1:${http.address().port}`).connect(), { closeCode: 1006 });
  });
}

test("a frame that comes in one packet with the handshake is not lost", async () => {
  const http = createServer();
  http.on("upgrade", (request, socket) => {
    const accept = acceptOf(request.headers["sec-websocket-key"]);
    const head = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
    const text = Buffer.from(JSON.stringify(WELCOME));
    socket.on("error", () => {});
    cleanups.push(() => socket.destroy());
    socket.write(Buffer.concat([Buffer.from(head), Buffer.from([0x81, 126, text.length >> 8, text.length & 255]), text]));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  cleanups.push(() => http.close());
  const client = make(`ws://127.0.0.1:${http.address().port}`);
  await client.connect();
  assert.equal(client.state, "connected");
});

test("wss: is dialled with the global agent of that moment, ws: with none", async (t) => {
  const { server, url } = await serve();
  server.on("connection", (peer) => peer.send(JSON.stringify(WELCOME)));
  const secure = await startSecure(new URL(url).port);
  cleanups.push(secure.stop);
  const before = https.globalAgent;
  t.after(() => (https.globalAgent = before));
  const asked = [];
  for (const name of ["one", "another"]) {
    https.globalAgent = new https.Agent({ ca: secure.certificate, checkServerIdentity: () => void asked.push(name) });
    await make(`wss://127.0.0.1:${secure.port}`).connect();
  }
  https.globalAgent = { addRequest: () => assert.fail("ws: asked the agent") };
  await make(url).connect();
  assert.deepEqual(asked, ["one", "another"]);
});

test("no compression is offered", async () => {
  const { server, url } = await serve();
  const asked = once(server, "connection");
  make(url).connect().catch(() => {});
  const [, request] = await asked;
  assert.equal(request.headers["sec-websocket-extensions"], undefined);
});

const LOADED = `
  const loaded = () => Object.keys(require.cache).some((file) => file.includes("node_modules/ws/"));
  const { SignallingClient } = require("metered-realtime");
  const client = new SignallingClient({ apiKey: "pk_test", url: "ws://127.0.0.1:1" });
  const before = loaded();
  client.connect().catch(({ closeCode }) => console.log(before, loaded(), closeCode));`;

test("`ws` is loaded with the first socket", async () => {
  const child = spawn(process.execPath, ["-e", LOADED], { cwd: fileURLToPath(new URL("../installed", import.meta.url)) });
  const [output] = await once(child.stdout.setEncoding("utf8"), "data");
  assert.equal(output, "false true 1006\n");
});

/** Bundlers put an empty module in the place of the addon that `ws` may use for longer frames. */
const EMPTY_ADDON = `
  const Module = require("node:module");
  const load = Module._load;
  Module._load = (name, ...rest) => (name === "bufferutil" ? {} : load(name, ...rest));
  const { SignallingClient } = require("metered-realtime");
  const client = new SignallingClient({ apiKey: "pk_test", url: process.env.URL_OF_SERVER });
  const sent = client.connect().then(() => client.publish("c", "x".repeat(100)));
  sent.then(() => "acked", String).then((outcome) => {
    console.log(outcome, "WS_NO_BUFFER_UTIL" in process.env);
    process.exit(0);
  });`;

test("longer frames are sent also where a bundler has emptied the addon of `ws`, and the environment stays as it was", async () => {
  const { server, url } = await serve();
  server.on("connection", (peer) => {
    peer.send(JSON.stringify(WELCOME));
    peer.on("message", (text) => peer.send(JSON.stringify({ type: "ack", requestId: JSON.parse(text).requestId })));
  });
  const cwd = fileURLToPath(new URL("../installed", import.meta.url));
  const child = spawn(process.execPath, ["-e", EMPTY_ADDON], { cwd, env: { ...process.env, URL_OF_SERVER: url } });
  const [output] = await once(child.stdout.setEncoding("utf8"), "data");
  assert.equal(output, "acked false\n");
});

test("files for browsers do not name `ws`, and that for Node imports it dynamically alone", () => {
  const dist = new URL("../installed/node_modules/metered-realtime/dist/", import.meta.url);
  const read = (file) => readFileSync(new URL(file, dist), "utf8");
  for (const file of ["index.mjs", "index.cjs", "index.global.js", "slim.mjs", "slim.cjs"]) assert.doesNotMatch(read(file), /["'`](ws|node:https)["'`]/, file);
  assert.match(read("node.mjs"), /import\("ws"\)/);
  assert.doesNotMatch(read("node.mjs"), /from ?"ws"|import ?"ws"/);
});
