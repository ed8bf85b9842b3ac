// Credentials do not show up anywhere.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as library from "../installed/entry.mjs";
import { FakeSocket, fakeTime, failure, pass, quiet, turn, watch } from "../support/fake.mjs";

const { SignallingClient } = library;
const SECRET = "S3CR3T";

/** Everything that can be reached from a value by its own properties and its prototypes. */
function* reachable(root) {
  const seen = new Set();
  const queue = [root];
  while (queue.length > 0) {
    const value = queue.pop();
    if (value === null || (typeof value !== "object" && typeof value !== "function")) {
      yield String(value);
      continue;
    }
    if (seen.has(value) || value === globalThis) continue;
    seen.add(value);
    queue.push(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      yield String(key);
      const { value: inner, get } = Object.getOwnPropertyDescriptor(value, key);
      queue.push(inner);
      if (get) {
        try {
          queue.push(get.call(root));
        } catch {
          // Not a getter of this object.
        }
      }
    }
    if (value instanceof Map) queue.push(...value.keys(), ...value.values());
    if (value instanceof Set) queue.push(...value);
  }
}

function assertClean(value, what) {
  const texts = [
    inspect(value, { showHidden: true, depth: Infinity, showProxy: true, getters: true }),
    JSON.stringify(value) ?? "",
    String(value),
    ...reachable(value),
  ];
  for (const text of texts) assert.equal(text.includes(SECRET), false, `${what}: ${text.slice(0, 200)}`);
}

test("e016 e240 neither an idle nor a connected client shows its key or token", async () => {
  for (const credential of [{ apiKey: SECRET }, { apiKey: undefined, tokenProvider: () => SECRET }]) {
    const w = watch(credential);
    assertClean(w.client, "idle");
    await w.connect();
    assert.ok(w.last.url.includes(SECRET));
    quiet(w.client.publish("c", 1));
    const stream = w.client.events("message");
    assertClean(w.client, "connected");
    assertClean(stream, "stream");
    w.client.addEventListener("message", (event) => assertClean(event.type, "event"));
    assertClean(w.events, "events");
    assert.equal(JSON.stringify(w.client), '{"state":"connected"}');
    assert.deepEqual(Object.keys(w.client), []);
    for (const name in w.client) assert.fail(`enumerable: ${name}`);
  }
});

test("inspection shows the classes by their names", async () => {
  const { client } = watch();
  assert.match(inspect(client), /^SignallingClient/);
  assert.match(inspect(client.events("message")), /^EventStream/);
  for (const [name, value] of Object.entries(library)) if (typeof value === "function") assert.equal(value.name, name);
});

test("the core's own handle is out of reach", async () => {
  const { client } = watch();
  for (const text of reachable(client)) assert.equal(/__wbg|__destroy/.test(text), false, text);
  assert.equal("free" in client, false);
});

test("e236 no line of the log holds a credential", async (t) => {
  fakeTime(t);
  const lines = [];
  const log = (...args) => lines.push(args);
  const logger = { debug: log, info: log, warn: log, error: log };
  let good = true;
  const tokenProvider = () => {
    if (good) return SECRET;
    throw new Error(`mint said: Authorization: Bearer ${SECRET}, ?token=${SECRET}, {"token":"${SECRET}"}`);
  };
  for (const credential of [{ apiKey: SECRET }, { tokenProvider }]) {
    good = true;
    const w = watch({ ...credential, logger });
    const socket = await w.connect();
    socket.receive("garbage");
    socket.end(1006);
    good = false;
    await pass(t, 10_000);
    w.last.openAndWelcome();
    await w.client.close();
  }
  assert.ok(lines.length > 5);
  assertClean(lines, "log");
});

test("e237 an error of the socket's constructor is scrubbed", async () => {
  const { client } = watch({
    apiKey: SECRET,
    webSocketFactory: (url) => {
      throw new SyntaxError(`cannot open ${url}`);
    },
  });
  const error = await failure(client.connect());
  assert.equal(error.closeCode, 1006);
  for (const text of [error.message, error.stack, inspect(error, { showHidden: true, depth: Infinity })]) {
    assert.equal(text.includes(SECRET), false, text);
  }
  assert.match(inspect(error), /cannot open wss:/, "the rest of the text helps");
});

test("e238 what providers say is scrubbed in any shape", async () => {
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTM0NSM1QifQ.c2lnbmF0dXJl";
  const shapes = [
    `https://mint/?token=${SECRET}`,
    `https://mint/?a=1&key=${SECRET}&b=2`,
    `https://mint/%3Ftoken%3D${SECRET}`,
    `TOKEN=${SECRET}`,
    `access_token=${SECRET}`,
    `Authorization: Bearer ${SECRET}`,
    `authorization: bearer ${SECRET}`,
    `{"token":"${SECRET}"}`,
    `{"credential":"${SECRET}"}`,
    `{\\"token\\":\\"${SECRET}\\"}`,
    `{'token': '${SECRET}'}`,
    `credential="${SECRET}"`,
    `a=ice-pwd:${SECRET}`,
    `a=ice-ufrag:${SECRET}`,
    `wss://user:${SECRET}@host`,
  ];
  for (const text of shapes) {
    const { client } = watch({ tokenProvider: () => Promise.reject(new Error(text)) });
    const error = await failure(client.connect());
    for (const shown of [error.message, error.stack, inspect(error, { showHidden: true })]) {
      assert.equal(shown.includes(SECRET), false, `${text} → ${shown}`);
    }
  }
  const { client } = watch({ tokenProvider: () => Promise.reject(new Error(`bad token ${jwt}`)) });
  assert.equal((await failure(client.connect())).message.includes(jwt), false);
  const harmless = watch({ tokenProvider: () => Promise.reject(new Error("mycredentials=1, status 503")) });
  assert.equal((await failure(harmless.client.connect())).message, "mycredentials=1, status 503");
});

test("e239 the server's words are in their field alone", async () => {
  const w = watch();
  const promise = quiet(w.client.connect());
  w.last.end(4001, "evil\u001b[2J\nwords");
  const error = await failure(promise);
  assert.equal(error.closeReason, "evil\u001b[2J\nwords");
  assert.equal(`${error.message}${error.stack}`.includes("evil"), false);
});

test("errors for wrong options name the option, never the value", () => {
  const wrong = [
    { apiKey: SECRET, url: `wss://h/?key=${SECRET}` },
    { apiKey: SECRET, url: `http://${SECRET}` },
    { apiKey: SECRET, tokenProvider: () => SECRET },
    { apiKey: { SECRET } },
    { apiKey: SECRET, reconnect: { jitterRatio: SECRET } },
  ];
  for (const options of wrong) {
    assert.throws(
      () => new SignallingClient(options),
      (error) => error instanceof TypeError && !inspect(error, { showHidden: true }).includes(SECRET),
    );
  }
});

test("an error event of the socket, which holds the address, goes nowhere", async () => {
  const sockets = [];
  const w = watch({
    apiKey: SECRET,
    webSocketFactory: (url) => {
      sockets.push(new FakeSocket(url));
      return sockets[0];
    },
  });
  const promise = quiet(w.client.connect());
  sockets[0].dispatch("error", { error: new Error(sockets[0].url), message: sockets[0].url });
  sockets[0].end(1006, `failed: ?key=${SECRET}`);
  const error = await failure(promise);
  assert.equal(`${error.message} ${error.stack}`.includes(SECRET), false);
  await turn();
});
