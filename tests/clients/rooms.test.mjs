// All clients in one room: presence, messages and direct messages from each to each.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KINDS, Participant } from "./kit/clients.mjs";
import { KEY, startServer } from "./kit/server.mjs";

let server;
before(async () => {
  server = await startServer({ config: { limits: { connectsPerWindow: 0 } } });
});
after(() => server.stop());

const metadata = (kind) => ({ username: kind.name, roles: ["test", { deep: true }] });

/** Connects one client of each kind, with a token that has metadata for the others. */
function everybody(room) {
  return Promise.all(
    KINDS.map(async (kind, index) => {
      const tokenProvider = () => server.token(`${room}-${index}`, { peerMetadata: metadata(kind) });
      const client = await Participant.make(kind, { url: server.url, tokenProvider });
      await client.connect();
      return client;
    }),
  );
}

const entry = (client) => ({ peerId: client.peerId, metadata: metadata(client.kind) });
const others = (all, one) => all.filter((other) => other !== one);
const by = (a, b) => (a.peerId < b.peerId ? -1 : 1);
const closeAll = (all) => Promise.all(all.map((client) => client.close()));

test("each newcomer learns who is there, and everybody learns of the newcomer, with metadata", async () => {
  const all = await everybody("arrivals");
  for (const [index, newcomer] of all.entries()) {
    const there = all.slice(0, index);
    const snapshot = await newcomer.subscribe("arrivals");
    assert.deepEqual(snapshot.sort(by), there.map(entry).sort(by));
    for (const earlier of there) {
      await earlier.receives("presence", { channel: "arrivals", joined: [entry(newcomer)], left: [] });
    }
  }
  const { peers } = await server.rest("GET", "/v1/channels/arrivals/peers");
  assert.deepEqual(peers.sort(by), all.map(entry).sort(by));
  await closeAll(all);
});

test("everybody learns who leaves: by unsubscribing, by closing", async () => {
  for (const [index, kind] of KINDS.entries()) {
    const room = `departures-${index}`;
    const all = await everybody(room);
    for (const client of all) await client.subscribe(room);
    const leaver = all.find((client) => client.kind === kind);
    const left = async () => {
      for (const other of others(all, leaver)) {
        await other.receives("presence", (presence) => presence.left.length === 1 && presence.left[0].peerId === leaver.peerId);
      }
    };
    await leaver.unsubscribe(room);
    await left();
    await leaver.subscribe(room);
    await leaver.close();
    await left();
    await closeAll(all);
  }
});

test("a message reaches everybody but its sender; metadata comes to those who asked for it", async () => {
  const all = await everybody("talk");
  for (const [index, client] of all.entries()) await client.subscribe("talk", { includeSenderMetadata: index % 2 === 0 });
  // The last number loses its last bit in parsers that are only nearly right.
  const values = [{ text: "żółć 🦀", list: [1, [null]], "": -0.5 }, "plain", 0, false, null, 0.9638334600398801];
  for (const sender of all) {
    for (const data of values) {
      await sender.publish("talk", data);
      for (const other of others(all, sender)) {
        const asked = all.indexOf(other) % 2 === 0;
        const more = asked ? { fromMetadata: metadata(sender.kind) } : {};
        await other.receives("message", { channel: "talk", from: sender.peerId, data, ...more });
      }
    }
    await sender.unsubscribe("talk");
    await sender.publish("talk", "from outside");
    for (const other of others(all, sender)) {
      await other.receives("message", (message) => message.data === "from outside" && message.from === sender.peerId);
    }
    await sender.subscribe("talk", { includeSenderMetadata: all.indexOf(sender) % 2 === 0 });
  }
  for (const client of all) assert.deepEqual(client.unasked("message"), []);
  await closeAll(all);
});

test("messages of one sender come in their order", async () => {
  const all = await everybody("order");
  for (const client of all) await client.subscribe("order");
  const count = 20;
  await Promise.all(
    all.map(async (sender) => {
      for (let n = 0; n < count; n++) await sender.publish("order", n);
    }),
  );
  for (const receiver of all) {
    for (const sender of others(all, receiver)) {
      const numbers = [];
      for (let n = 0; n < count; n++) {
        const { data } = await receiver.receives("message", (message) => message.from === sender.peerId);
        numbers.push(data);
      }
      assert.deepEqual(numbers, [...Array(count).keys()], `${sender.kind.name} to ${receiver.kind.name}`);
    }
  }
  await closeAll(all);
});

test("a direct message reaches its addressee alone, without any channel, with metadata", async () => {
  const all = await everybody("direct");
  for (const sender of all) {
    for (const addressee of others(all, sender)) {
      const data = { to: addressee.kind.name, nonce: `${addressee.peerId} 1` };
      await sender.send(addressee.peerId, data);
      await addressee.receives("direct", { from: sender.peerId, data, fromMetadata: metadata(sender.kind) });
    }
  }
  for (const client of all) assert.deepEqual(client.unasked("direct"), []);
  await closeAll(all);
});

test("a publish by the control plane reaches everybody as an ordinary message", async () => {
  const all = await everybody("control");
  for (const client of all) await client.subscribe("control/plane", { includeSenderMetadata: true });
  const body = { data: { hello: "all" }, from: "backend", peerMetadata: { role: "server" } };
  await server.rest("POST", `/v1/channels/${encodeURIComponent("control/plane")}/publish`, body);
  for (const client of all) {
    await client.receives("message", { channel: "control/plane", from: "backend", data: { hello: "all" }, fromMetadata: { role: "server" } });
  }
  await closeAll(all);
});

test("a wildcard subscription gets the messages of the channels that it covers, under their names", async () => {
  const all = await Promise.all(
    KINDS.map(async (kind) => {
      const client = await Participant.make(kind, { url: server.url, apiKey: KEY });
      await client.connect();
      await client.subscribe("fleet/*/telemetry");
      return client;
    }),
  );
  for (const sender of all) {
    await sender.publish("fleet/7/telemetry", sender.kind.name);
    for (const other of others(all, sender)) {
      await other.receives("message", { channel: "fleet/7/telemetry", from: sender.peerId, data: sender.kind.name });
    }
  }
  await closeAll(all);
});
