// A subscription that is gone after a reconnect does not go silently.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, inPage, startAcking, surfaces } from "./kit.mjs";

/** Refuses each subscribe that does not come on the first connection. */
function refusing(code) {
  let first;
  return startAcking((frame, peer) => {
    first ??= peer;
    if (frame.type !== "subscribe" || peer === first) return false;
    peer.send(JSON.stringify({ type: "error", code, message: "not any more", requestId: frame.requestId }));
    return true;
  });
}

for (const [name, surface] of Object.entries(await surfaces())) {
  test(`${name}: a replay that is refused for good is a server-error that names its channel`, async () => {
    const { url, peers } = await refusing("invalid_channel");
    const client = await connected(surface, url, { reconnect: { initialDelayMs: 20 } });
    await client.subscribe("room");
    const reported = new Promise((resolve) => client.once("server-error", resolve));
    peers[0].terminate();
    assert.deepEqual(await reported, { code: "invalid_channel", message: "not any more", channel: "room" });
    assert.equal(client.state, "connected");
  });
}

test("a page: a replay that is refused for good is a server-error that names its channel", async () => {
  const { url, peers } = await refusing("channel_reserved");
  const reported = inPage(async ({ SignallingClient }, url) => {
    const client = new SignallingClient({ url, apiKey: "pk_test", reconnect: { initialDelayMs: 20 } });
    await client.connect();
    await client.subscribe("room");
    const error = await new Promise((resolve) => client.once("server-error", resolve));
    await client.close();
    return error;
  }, url);
  while (peers.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  setTimeout(() => peers[0].terminate(), 300);
  assert.deepEqual(await reported, { code: "channel_reserved", message: "not any more", channel: "room" });
});
