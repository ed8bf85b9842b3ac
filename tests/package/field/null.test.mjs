// `null` and `undefined` mean "not given", in every option.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, inPage, make, startAcking, surfaces } from "./kit.mjs";

const OPTIONS = [
  ...["tokenProvider", "tokenProviderTimeoutMs", "logger", "reconnect", "inactivityTimeoutMs", "autoResubscribe", "renewBeforeExpiryMs", "lifecycleHooks"],
];
const RECONNECT = ["initialDelayMs", "multiplier", "maxDelayMs", "jitterRatio", "maxAttempts", "maxDialsPerMinute", "fleetSpreadMs", "honourGoingAway"];
const with_ = (names, value) => Object.fromEntries(names.map((name) => [name, value]));

for (const [name, surface] of Object.entries(await surfaces())) {
  for (const nothing of [null, undefined]) {
    test(`${name}: ${nothing} in an option of the constructor is its default`, async () => {
      const { url } = await startAcking();
      const client = await connected(surface, url, { ...with_(OPTIONS, nothing), reconnect: with_(RECONNECT, nothing) });
      assert.equal(client.state, "connected");
      const { SignallingClient } = surface.library;
      for (const name of OPTIONS) assert.equal(new SignallingClient({ apiKey: "pk", [name]: nothing }).state, "idle");
      assert.equal(new SignallingClient({ apiKey: "pk", url: nothing, webSocketFactory: nothing }).state, "idle");
      assert.equal(new SignallingClient({ apiKey: nothing, tokenProvider: () => "token" }).state, "idle");
    });

    test(`${name}: ${nothing} in an option of a call is its default`, async () => {
      const { url, frames } = await startAcking();
      const client = make(surface, url);
      const options = { signal: nothing, timeoutMs: nothing, includeSenderMetadata: nothing };
      await client.connect(options);
      await client.subscribe("a", options);
      await client.publish("a", 1, options);
      await client.send("p", 1, options);
      await client.unsubscribe("a", options);
      client.events("message", { maxSize: nothing, signal: nothing }).close();
      client.addEventListener("message", () => {}, { signal: nothing, once: nothing });
      assert.equal("metadata" in frames[0] || frames[0].includeSenderMetadata === true, false);
      assert.deepEqual(frames.map(({ type }) => type), ["subscribe", "publish", "send", "unsubscribe"]);
    });

    test(`${name}: ${nothing} in the place of options is none`, async () => {
      const { url } = await startAcking();
      const client = make(surface, url);
      await client.connect(nothing);
      await client.subscribe("a", nothing);
      await client.publish("a", 1, nothing);
      await client.send("p", 1, nothing);
      await client.unsubscribe("a", nothing);
      client.events("message", nothing).close();
      client.addEventListener("message", () => {}, nothing);
      await client.close();
    });
  }
}

test("a page: null in the options of calls is their default", async () => {
  const { url } = await startAcking();
  const state = await inPage(async ({ SignallingClient }, url) => {
    const client = new SignallingClient({ url, apiKey: "pk_test", logger: null, reconnect: null, webSocketFactory: null });
    await client.connect({ signal: null });
    await client.publish("a", 1, { signal: null, timeoutMs: null });
    client.events("message", { maxSize: null, signal: null }).close();
    const { state } = client;
    await client.close();
    return state;
  }, url);
  assert.equal(state, "connected");
});
