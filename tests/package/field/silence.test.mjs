// What handlers throw is never lost: it goes to the logger, and without one to the console.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NoopLogger } from "../installed/entry.mjs";
import { connected, inPage, pause, startAcking, surfaces } from "./kit.mjs";

const telling = () =>
  startAcking((frame, peer) => {
    if (frame.type === "publish") peer.send(JSON.stringify({ type: "message", channel: "a", from: "p", data: null }));
    return false;
  });

/** Four handlers that fail, each in its way. */
function addFailing(client) {
  client.on("message", ({ data }) => data.text.trim());
  client.on("message", async () => {
    throw new Error("async");
  });
  client.once("message", () => {
    throw "no error";
  });
  client.addEventListener("message", {
    handleEvent() {
      throw new Error("dom");
    },
  });
}

for (const [name, surface] of Object.entries(await surfaces())) {
  test(`${name}: without a logger each error of a handler is in the console, with its event`, async (t) => {
    const shown = t.mock.method(console, "error", () => {});
    const { url } = await telling();
    const client = await connected(surface, url);
    addFailing(client);
    await client.publish("a", 1);
    await pause(20);
    const calls = shown.mock.calls.map(({ arguments: [text, error] }) => [text, error?.message ?? error]);
    assert.equal(calls.length, 4);
    for (const [text] of calls) assert.match(text, /^\[metered-realtime\].*message/);
    assert.deepEqual(calls.map(([, error]) => error).sort(), ["Cannot read properties of null (reading 'text')", "async", "dom", "no error"]);
  });

  test(`${name}: a logger gets them instead, and NoopLogger nothing`, async (t) => {
    const shown = t.mock.method(console, "error", () => {});
    const errors = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (text, details) => errors.push(details.event) };
    for (const given of [logger, NoopLogger]) {
      const { url } = await telling();
      const client = await connected(surface, url, { logger: given });
      addFailing(client);
      await client.publish("a", 1);
      await pause(20);
    }
    assert.deepEqual(errors, ["message", "message", "message", "message"]);
    assert.equal(shown.mock.callCount(), 0);
  });

  test(`${name}: a console or a logger that throws or rejects harms nothing`, async (t) => {
    const rejections = [];
    const note = (error) => rejections.push(error);
    process.on("unhandledRejection", note);
    t.after(() => process.off("unhandledRejection", note));
    t.mock.method(console, "error", () => {
      throw new Error("no console");
    });
    const rejecting = async () => {
      throw new Error("no log");
    };
    const logger = { debug: rejecting, info: rejecting, warn: rejecting, error: rejecting };
    for (const given of [undefined, logger, {}]) {
      const { url } = await telling();
      const client = await connected(surface, url, { logger: given });
      addFailing(client);
      let received = 0;
      client.on("message", () => (received += 1));
      await client.publish("a", 1);
      await pause(20);
      assert.deepEqual([received, client.state], [1, "connected"]);
    }
    assert.deepEqual(rejections, []);
  });
}

test("d19 a page: without a logger an error of a handler is in the console", async () => {
  const { url } = await telling();
  const shown = await inPage(async ({ SignallingClient }, url) => {
    const kept = console.error;
    const lines = [];
    console.error = (text, error) => lines.push([text, error.message]);
    const client = new SignallingClient({ url, apiKey: "pk_test" });
    client.on("message", () => {
      throw new Error("mine");
    });
    await client.connect();
    await client.publish("a", 1);
    await client.close();
    console.error = kept;
    return lines;
  }, url);
  assert.deepEqual(shown, [["[metered-realtime] an event handler failed: message", "mine"]]);
});
