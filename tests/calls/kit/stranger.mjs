// Somebody on the server who is no MeteredPeer: sends whatever a test wants, and keeps what arrives.

import { createRequire } from "node:module";
import { KEY } from "../../clients/kit/server.mjs";

const require = createRequire(new URL("../../package/package.json", import.meta.url));
const { SignallingClient } = require("@metered-ca/realtime");
const { WebSocket } = require("ws");

export async function stranger(t, server, { channel, peerId } = {}) {
  const credential = peerId ? { tokenProvider: () => server.token(peerId) } : { apiKey: KEY };
  const client = new SignallingClient({ url: server.url, ...credential, webSocketFactory: (url) => new WebSocket(url), reconnect: false });
  t.after(() => client.close());
  const received = [];
  client.on("direct", ({ from, data }) => received.push({ from, data }));
  const welcomed = new Promise((resolve) => client.once("connected", resolve));
  await client.connect();
  const id = (await welcomed).peerId;
  if (channel) await client.subscribe(channel);
  return { id, client, received, send: (to, data) => client.send(to, data).catch(() => {}) };
}
