// Clients and streams that are wrapped by something else: they work all the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet, turn, watch } from "../support/fake.mjs";

/** A proxy whose members are proxies too, as Vue's `reactive` and valtio's `proxy` make them; functions they leave alone. */
function deep(object) {
  return new Proxy(object, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      const isFixed = Object.getOwnPropertyDescriptor(target, name)?.writable === false;
      return typeof value === "object" && value !== null && !isFixed ? deep(value) : value;
    },
  });
}

const WRAPPERS = {
  "a proxy": (object) => new Proxy(object, {}),
  "a deep proxy": deep,
  "Object.create": (object) => Object.create(object),
  "Object.freeze": (object) => Object.freeze(object),
};

for (const [name, wrap] of Object.entries(WRAPPERS)) {
  test(`a client in ${name}`, async () => {
    const w = watch();
    const client = wrap(w.client);
    const socket = await w.connect();
    assert.equal(client.state, "connected");
    const received = [];
    client.on("message", ({ data }) => received.push(data));
    client.addEventListener("message", ({ detail }) => received.push(detail.data));
    const calls = [client.subscribe("c"), client.publish("c", 1), client.send("p", 2), client.unsubscribe("c")];
    for (const frame of socket.frames) socket.ack(frame);
    await Promise.all(calls);
    socket.receive({ type: "message", channel: "c", from: "p", data: 3 });
    assert.deepEqual(received, [3, 3]);
    assert.equal(JSON.stringify(client), '{"state":"connected"}');
    await client.close();
    assert.equal(w.client.state, "closed");
  });

  test(`a stream in ${name}`, async () => {
    const w = watch();
    const socket = await w.connect();
    const stream = wrap(w.client.events("message", { maxSize: 1 }));
    for (const data of [1, 2]) socket.receive({ type: "message", channel: "c", from: "p", data });
    assert.equal(stream.lagged, 1);
    assert.equal((await stream.next()).value.data, 2);
    const next = stream[Symbol.asyncIterator]().next();
    socket.receive({ type: "message", channel: "c", from: "p", data: 3 });
    assert.equal((await next).value.data, 3);
    stream.close();
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
    // Nobody else noticed.
    const published = quiet(w.client.publish("c", 1));
    socket.ack();
    await published;
    await turn();
  });
}
