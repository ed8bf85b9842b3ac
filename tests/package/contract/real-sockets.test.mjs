// Tests that need a real socket: that of the package in Node, against a scripted server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { WebSocketServer } from "ws";
import { SignallingClient } from "../installed/entry.mjs";
import { failure, quiet, turn, WELCOME } from "../support/fake.mjs";

const cleanups = [];
after(() => Promise.all(cleanups.map((cleanup) => cleanup())));

/** A server that welcomes everyone, unless the test scripts it. `peers` are its connections. */
async function serve(onPeer = (peer) => peer.send(JSON.stringify(WELCOME)), options = {}) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
  await once(server, "listening");
  const peers = [];
  server.on("connection", (peer, request) => {
    peers.push(peer);
    peer.path = request.url;
    peer.frames = [];
    peer.on("message", (text) => peer.frames.push(JSON.parse(text)));
    onPeer(peer);
  });
  cleanups.push(() => {
    for (const peer of peers) peer.terminate();
    return new Promise((resolve) => server.close(resolve));
  });
  return { peers, url: `ws://127.0.0.1:${server.address().port}` };
}

function make(url, options) {
  const client = new SignallingClient({ apiKey: "pk a&b", url, reconnect: { initialDelayMs: 20 }, ...options });
  cleanups.push(() => client.close());
  return client;
}

const next = (client, event) => new Promise((resolve) => client.once(event, resolve));

test("e017 e026 the path and the key arrive as they should, and frames are texts", async () => {
  const { peers, url } = await serve();
  const client = make(url);
  await client.connect();
  assert.equal(new URL(peers[0].path, url).searchParams.get("key"), "pk a&b");
  assert.ok(peers[0].path.startsWith("/v1?"));
  quiet(client.publish("c", "é"));
  const [text, isBinary] = await once(peers[0], "message");
  assert.deepEqual([JSON.parse(text).data, isBinary], ["é", false]);
});

test("e038 a refused connection is a close 1006", async () => {
  const error = await failureOf(make("ws://127.0.0.1:1").connect());
  assert.deepEqual([error.name, error.closeCode], ["SignallingConnectError", 1006]);
});

test("e039 an HTTP status in place of an upgrade is a close 1006", async () => {
  for (const status of [401, 429, 200]) {
    const http = createServer((_, response) => response.writeHead(status).end("{}"));
    http.on("upgrade", (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const client = make(`ws://127.0.0.1:${http.address().port}`);
    assert.equal((await failureOf(client.connect())).closeCode, 1006);
    assert.equal(client.state, "closed");
    http.close();
  }
});

test("e035 a close before the welcome carries its code and reason", async () => {
  const { url } = await serve((peer) => peer.close(4001, "unknown key"));
  const error = await failureOf(make(url).connect());
  assert.deepEqual([error.closeCode, error.closeReason], [4001, "unknown key"]);
});

test("e109 a connection that is torn is a close 1006, and comes back", async () => {
  const { peers, url } = await serve();
  const client = make(url);
  await client.connect();
  const lost = next(client, "disconnected");
  peers[0].terminate();
  assert.deepEqual(await lost, { code: 1006, reason: "", willReconnect: true });
  const { isReconnect } = await next(client, "connected");
  assert.equal(isReconnect, true);
});

test("e187 e188 e189 the server sees the code and the reason; close() waits for its answer", async () => {
  const { peers, url } = await serve();
  for (const [args, expected] of [[[], [1000, "client requested close"]], [[4321, "bye é"], [4321, "bye é"]], [[1001, "x"], [1000, "x"]]]) {
    const client = make(url);
    await client.connect();
    const closed = once(peers.at(-1), "close");
    await client.close(...args);
    const [code, reason] = await closed;
    assert.deepEqual([code, String(reason)], expected);
  }
});

test("e190 e193 a server that never answers the closing handshake holds close() up for a second", async () => {
  const { peers, url } = await serve();
  const client = make(url);
  await client.connect();
  peers[0]._socket.pause();
  const lost = client.publish("c", 1);
  const began = performance.now();
  const closing = client.close();
  assert.equal((await failure(lost)).name, "DisconnectedError");
  await closing;
  const took = performance.now() - began;
  assert.ok(took > 900 && took < 2000, `${took} ms`);
  assert.equal(client.state, "closed");
});

test("e166 a dead peer is reported as 4000, at once", async () => {
  const { peers, url } = await serve();
  const client = make(url, { inactivityTimeoutMs: 300 });
  await client.connect();
  peers[0]._socket.pause();
  const began = performance.now();
  const { code, willReconnect } = await next(client, "disconnected");
  assert.deepEqual([code, willReconnect], [4000, true]);
  assert.ok(performance.now() - began < 1000);
  await next(client, "connected");
  assert.equal(peers.length, 2);
});

test("e178 binary frames and pings of the transport are nothing", async () => {
  const { peers, url } = await serve();
  const client = make(url);
  await client.connect();
  let messages = 0;
  client.on("message", () => (messages += 1));
  peers[0].send(Buffer.from('{"type":"message","channel":"c","from":"p","data":1}'));
  peers[0].ping();
  await once(peers[0], "pong");
  await turn();
  assert.deepEqual([messages, client.state], [0, "connected"]);
});

test("e179 a text above 1 MiB ends the connection", async () => {
  const { peers, url } = await serve();
  const client = make(url);
  await client.connect();
  const lost = next(client, "disconnected");
  peers[0].send(JSON.stringify({ type: "message", channel: "c", from: "p", data: "x".repeat(1_100_000) }));
  assert.equal((await lost).code, 1009);
  await next(client, "connected");
});

test("ack, snapshot and message in one packet arrive in order", async () => {
  const { peers, url } = await serve();
  const client = make(url);
  await client.connect();
  const order = [];
  client.on("presence", () => order.push("presence"));
  client.on("message", () => order.push("message"));
  const subscribed = client.subscribe("c").then(() => order.push("subscribed"));
  const [text] = await once(peers[0], "message");
  const socket = peers[0]._socket;
  socket.cork();
  peers[0].send(JSON.stringify({ type: "ack", requestId: JSON.parse(text).requestId }));
  peers[0].send('{"type":"presence","channel":"c","joined":[],"left":[]}');
  peers[0].send('{"type":"message","channel":"c","from":"p","data":1}');
  socket.uncork();
  await subscribed;
  while (!order.includes("message")) await turn();
  assert.deepEqual(order.filter((name) => name !== "subscribed"), ["presence", "message"]);
});

/** The error of a promise that takes its time. */
async function failureOf(promise) {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  assert.ok(error, "the promise was not rejected");
  return error;
}
