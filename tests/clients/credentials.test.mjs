// Each client with good credentials and with bad ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KINDS, Participant, refused } from "./kit/clients.mjs";
import { KEY, startServer } from "./kit/server.mjs";

let server;
before(async () => {
  server = await startServer({ config: { limits: { connectsPerWindow: 0 } } });
});
after(() => server.stop());

const peer = (kind) => `u-${kind.name.replaceAll(" ", "-")}`;

for (const kind of KINDS) {
  test(`${kind.name}: connects by a publishable key, as a peer without expiry`, async () => {
    const client = await Participant.make(kind, { url: server.url, apiKey: KEY });
    assert.equal(await client.state(), "idle");
    const connected = await client.connect();
    assert.match(connected.peerId, /^[0-9a-f-]{36}$/);
    assert.equal(connected.expiresAt, null);
    assert.equal(connected.isReconnect, false);
    assert.equal(connected.maxMessageSize, 65_536);
    assert.equal(await client.state(), "connected");
    await client.close();
    assert.equal(await client.state(), "closed");
  });

  test(`${kind.name}: connects by a token of the control plane, as the peer that it names`, async () => {
    const iceServers = [{ urls: ["turn:relay.example:443"], username: "user", credential: "made-up" }];
    const tokenProvider = () => server.token(peer(kind), { metadata: { iceServers } });
    const client = await Participant.make(kind, { url: server.url, tokenProvider });
    const connected = await client.connect();
    assert.equal(connected.peerId, peer(kind));
    assert.ok(Math.abs(connected.expiresAt - (Date.now() / 1000 + 3600)) < 30, `expires at ${connected.expiresAt}`);
    assert.deepEqual(connected.iceServers, iceServers);
    await client.close();
  });

  test(`${kind.name}: connects by a token of the \`token\` subcommand, and may do what that permits`, async () => {
    const flags = ["--channel", "rooms/*", "--permission", "subscribe", "--permission", "presence", "--expires-in", "60"];
    const tokenProvider = () => server.tokenBySubcommand(peer(kind), ...flags);
    const client = await Participant.make(kind, { url: server.url, tokenProvider });
    const { peerId } = await client.connect();
    assert.equal(peerId, peer(kind));
    assert.deepEqual(await client.subscribe("rooms/one"), []);
    await refused(client.publish("rooms/one", 1), { code: "action_not_permitted" });
    await client.close();
  });

  test(`${kind.name}: is kept out with an unknown key, a forged token and an expired token`, async () => {
    const [header, claims] = (await server.token("u-forged")).split(".");
    const short = await server.token("u-expired", { expiresInSec: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const attempts = [
      [{ apiKey: "pk_live_unknown" }, { closeCode: 4001 }],
      [{ tokenProvider: () => `${header}.${claims}.${"A".repeat(43)}` }, { closeCode: 4001 }],
      [{ tokenProvider: () => short }, { closeCode: 4002 }],
      [{ tokenProvider: () => "no token at all" }, kind.seesStatus ? { httpStatus: 401 } : { closeCode: 1006 }],
    ];
    for (const [credential, answer] of attempts) {
      const client = await Participant.make(kind, { url: server.url, ...credential });
      await refused(client.connect(), answer);
      assert.equal(await client.state(), "closed");
    }
  });
}
