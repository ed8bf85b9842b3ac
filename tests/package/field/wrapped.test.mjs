// Clients and streams inside of what frameworks and state libraries put around their users' objects.

import assert from "node:assert/strict";
import { test } from "node:test";
import { proxy } from "valtio/vanilla";
import { reactive, readonly, ref, shallowReactive } from "vue";
import { connected, inPage, make, startAcking, surfaces, within } from "./kit.mjs";

const AROUND = {
  "a plain Proxy": (object) => new Proxy(object, {}),
  "a Proxy around a Proxy": (object) => new Proxy(new Proxy(object, {}), {}),
  "Object.create": (object) => Object.create(object),
  "Vue's reactive": (object) => reactive({ object }).object,
  "Vue's ref": (object) => ref(object).value,
  "Vue's readonly": (object) => readonly({ object }).object,
  "Vue's shallowReactive": (object) => shallowReactive({ object }).object,
  "valtio's proxy": (object) => proxy({ object }).object,
  "a frozen object": (object) => Object.freeze(object),
};

/** Publishing is answered with two messages. */
const echoing = () =>
  startAcking((frame, peer) => {
    if (frame.type !== "publish") return false;
    for (const data of [1, 2]) peer.send(JSON.stringify({ type: "message", channel: "a", from: "p", data }));
    return false;
  });

for (const [name, surface] of Object.entries(await surfaces())) {
  for (const [what, wrap] of Object.entries(AROUND)) {
    test(`${name}: a client in ${what} works, in all of its methods`, async () => {
      const { url } = await echoing();
      const client = wrap(make(surface, url));
      const received = [];
      assert.equal(client.state, "idle");
      client.on("message", ({ data }) => received.push(data));
      const off = () => assert.fail("it was removed");
      client.once("message", off);
      client.off("message", off);
      client.addEventListener("message", ({ detail }) => received.push(detail.data));
      const stream = client.events("message");
      await client.connect();
      await client.subscribe("a");
      await client.publish("a", 0);
      await client.send("p", 0);
      await client.unsubscribe("a");
      assert.deepEqual(received, [1, 1, 2, 2]);
      assert.equal((await stream.next()).value.data, 1);
      assert.equal(JSON.stringify(client), '{"state":"connected"}');
      await client.close();
      assert.equal(client.state, "closed");
    });

    test(`${name}: a stream in ${what} works`, async () => {
      const { url } = await echoing();
      const client = await connected(surface, url);
      const stream = wrap(client.events("message", { maxSize: 1 }));
      assert.equal(await within(client.publish("a", 0)), "settled");
      assert.equal(stream.lagged, 1);
      const seen = [];
      for await (const { data } of stream) {
        seen.push(data);
        stream.close();
      }
      assert.deepEqual(seen, [2]);
      assert.equal(client.state, "connected");
    });
  }

  test(`${name}: Vue leaves clients and streams alone`, () => {
    const client = make(surface, "ws://127.0.0.1:1");
    const stream = client.events("message");
    const state = reactive({ client, stream });
    assert.equal(state.client, client);
    assert.equal(state.stream, stream);
  });

  test(`${name}: a value that is not a client says so`, () => {
    assert.throws(() => surface.library.SignallingClient.prototype.on.call({}, "message", () => {}), TypeError);
  });
}

test("a page: client and stream work inside of a Proxy, frozen", async () => {
  const { url } = await echoing();
  const seen = await inPage(async ({ SignallingClient }, url) => {
    const client = new Proxy(Object.freeze(new SignallingClient({ url, apiKey: "pk_test" })), {});
    await client.connect();
    const stream = Object.freeze(client.events("message", { maxSize: 1 }));
    await client.publish("a", 0);
    const { value } = await new Proxy(stream, {}).next();
    const result = [client.state, value.data, stream.lagged];
    await client.close();
    return result;
  }, url);
  assert.deepEqual(seen, ["connected", 2, 1]);
});
