// Why a connect failed: in Node the platform knows the cause, and the error has it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import WebSocket from "ws";
import * as esm from "../installed/entry.mjs";
import { FakeSocket, turn, WELCOME } from "../support/fake.mjs";
import { HOST, startSecure } from "../support/secure.mjs";

const commonjs = createRequire(import.meta.url)("../installed/entry.cjs");
const cleanups = [];
after(() => Promise.all(cleanups.map((cleanup) => cleanup())));

/** An HTTP server whose answer to an upgrade the test writes. */
async function answering(head) {
  const server = createServer((_, response) => response.end());
  const open = new Set();
  server.on("connection", (socket) => open.add(socket));
  server.on("upgrade", (_, socket) => socket.end(`HTTP/1.1 ${head}\r\nContent-Length: 12\r\n\r\n{"not":"now"}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return server.address().port;
}

/** The error of a first connect, and what the logger was given meanwhile. */
async function failed(url, options = {}, { SignallingClient } = esm) {
  const lines = [];
  const note = (level) => (message, context) => lines.push({ level, message, context });
  const logger = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  const client = new SignallingClient({ url, apiKey: "pk_live_very_secret", logger, ...options });
  const error = await client.connect().then(() => assert.fail("it connected"), (reason) => reason);
  assert.equal(error.name, "SignallingConnectError");
  assert.doesNotMatch(`${error.cause?.message} ${JSON.stringify(lines)}`, /very_secret/);
  return { error, warned: lines.filter(({ level }) => level === "warn"), client };
}

const STATUSES = {
  "401 Unauthorized": 401,
  "403 Forbidden": 403,
  "429 Too Many Requests\r\nRetry-After: 60": 429,
  "503 Service Unavailable\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT": 503,
  "301 Moved Permanently\r\nLocation: ws://elsewhere.invalid/": 301,
  "200 OK": 200,
};

for (const [head, status] of Object.entries(STATUSES)) {
  test(`an upgrade that is answered with ${status} fails with that status, and is logged`, async () => {
    const { error, warned } = await failed(`ws://127.0.0.1:${await answering(head)}`);
    assert.deepEqual([error.closeCode, error.closeReason, error.httpStatus], [1006, "", status]);
    assert.match(error.cause.message, new RegExp(status));
    assert.equal(warned[0].context.httpStatus, status);
  });
}

test("a refused connection has the platform's error as its cause, in the ES module and in the CommonJS file", async () => {
  for (const library of [esm, commonjs]) {
    const { error, warned } = await failed("ws://127.0.0.1:1", {}, library);
    assert.deepEqual([error.closeCode, error.httpStatus, error.cause.code], [1006, undefined, "ECONNREFUSED"]);
    assert.match(error.cause.message, /ECONNREFUSED/);
    assert.equal(warned[0].context.causeCode, "ECONNREFUSED");
  }
});

test("a name with several addresses that all refuse has a cause with a text", async () => {
  const { error } = await failed("ws://localhost:1");
  assert.equal(error.cause.code, "ECONNREFUSED");
  assert.match(error.cause.message, /ECONNREFUSED/);
});

test("an unknown host name says so", async () => {
  const { error } = await failed("wss://no-such-host.invalid");
  assert.match(error.cause.code, /^(ENOTFOUND|EAI_AGAIN)$/);
});

test("a certificate that nobody trusts says so", async () => {
  const secure = await startSecure(1);
  cleanups.push(secure.stop);
  const { error } = await failed(`wss://127.0.0.1:${secure.port}`);
  assert.equal(error.cause.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
  assert.doesNotMatch(error.message, new RegExp(HOST));
});

test("a server that does not speak TLS says so", async () => {
  const { error } = await failed(`wss://127.0.0.1:${await answering("200 OK")}`);
  assert.match(error.cause.code, /^(EPROTO|ERR_SSL_.*)$/);
});

test("a server that hangs up in the middle of the handshake says so", async () => {
  const server = createServer().on("upgrade", (_, socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const { error } = await failed(`ws://127.0.0.1:${server.address().port}`);
  assert.equal(error.cause.code, "ECONNRESET");
});

test("the socket of a factory tells as much as it knows", async () => {
  const { error } = await failed("ws://127.0.0.1:1", { webSocketFactory: (url) => new WebSocket(url) });
  assert.equal(error.cause.code, "ECONNREFUSED");
});

test("a cause never holds a credential", async () => {
  const webSocketFactory = (url) => {
    const socket = new FakeSocket(url);
    setTimeout(() => {
      const error = Object.assign(new Error(`cannot reach ${url}`), { code: "EODD", httpStatus: "no number" });
      socket.dispatch("error", { error });
      socket.end(1006);
    });
    return socket;
  };
  const { error } = await failed("ws://127.0.0.1:1", { webSocketFactory });
  assert.match(error.cause.message, /^cannot reach ws:.*\*\*\*/);
  assert.deepEqual([error.cause.code, error.httpStatus], ["EODD", undefined]);
});

test("an error that throws when it is read costs nothing but the cause", async () => {
  const webSocketFactory = (url) => {
    const socket = new FakeSocket(url);
    setTimeout(() => {
      socket.dispatch("error", { error: { get message() { throw new Error("not for you"); } } });
      socket.end(1006);
    });
    return socket;
  };
  const { error } = await failed("ws://127.0.0.1:1", { webSocketFactory });
  assert.deepEqual([error.closeCode, error.cause], [1006, undefined]);
});

test("a retry that fails is logged with its cause, and the next error does not have the cause of an earlier one", async () => {
  const sockets = [];
  const webSocketFactory = (url) => {
    sockets.push(new FakeSocket(url));
    return sockets.at(-1);
  };
  const warned = [];
  const logger = { debug() {}, info() {}, error() {}, warn: (_, context) => warned.push(context) };
  const client = new esm.SignallingClient({ url: "ws://127.0.0.1:1", apiKey: "x", logger, webSocketFactory, reconnect: { initialDelayMs: 1, maxAttempts: 1 } });
  const connecting = client.connect();
  await turn();
  sockets[0].open();
  sockets[0].receive(WELCOME);
  await connecting;
  const lost = once(client, "disconnected");
  sockets[0].end(1006);
  await lost;
  while (sockets.length < 2) await turn();
  sockets[1].dispatch("error", { error: Object.assign(new Error("no way there"), { code: "EHOSTUNREACH" }) });
  sockets[1].end(1006);
  await turn();
  assert.ok(warned.some((context) => context?.causeCode === "EHOSTUNREACH"));
  await client.close();
  const again = client.connect();
  await turn();
  sockets.at(-1).end(4001, "who are you");
  await assert.rejects(again, (error) => error.closeCode === 4001 && error.cause === undefined && error.httpStatus === undefined);
});
