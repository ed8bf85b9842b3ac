// A server that does exactly what a test says, and keeps the frames that it receives.

import { WebSocketServer } from "ws";
import { once } from "node:events";

/** `act(peer, frame)` answers a frame; without it requests are acknowledged and pings answered. */
export async function startBare({ greet = welcome, act = answer } = {}) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const bare = { url: `ws://127.0.0.1:${server.address().port}`, dials: [], frames: [], peers: new Set(), greet, act };
  server.on("connection", (socket) => {
    bare.dials.push(Date.now());
    const peer = { socket, id: `peer-${bare.dials.length}`, send: (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)) };
    bare.peers.add(peer);
    socket.on("close", () => bare.peers.delete(peer));
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      bare.frames.push({ peer, frame, at: Date.now() });
      bare.act(peer, frame);
    });
    bare.greet(peer);
  });
  return Object.assign(bare, {
    of: (type) => bare.frames.filter(({ frame }) => frame.type === type),
    /** The latest connection. */
    last: () => [...bare.peers].at(-1),
    async stop() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  });
}

export function welcome(peer, fields = {}) {
  const serverTime = Math.floor(Date.now() / 1000);
  peer.send({ type: "welcome", peerId: peer.id, expiresAt: null, serverTime, maxMessageSize: 65_536, ...fields });
}

export function answer(peer, frame) {
  if (frame.type === "ping") peer.send({ type: "pong" });
  else peer.send({ type: "ack", requestId: frame.requestId });
}
