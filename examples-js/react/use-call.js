// A call as a hook: joins a room while the component is mounted, sends `stream`, and returns who is there and what they send.
//
// StrictMode mounts each component twice. The peer is made in the effect and closed in its clean-up; both are cheap, and a peer that was
// closed before it had joined leaves nothing behind.

import { useEffect, useState } from "react";
import { MeteredPeer } from "metered-realtime/peer";

export function useCall(options, room, stream) {
  const [state, setState] = useState("idle");
  const [members, setMembers] = useState([]);
  const { apiKey, url } = options;

  useEffect(() => {
    const peer = new MeteredPeer({ apiKey, url });
    const streams = new Map();
    const show = () => setMembers(peer.remotePeers.map(({ id, state }) => ({ id, state, streams: streams.get(id) ?? [] })));
    const change = (remote, list) => {
      streams.set(remote.id, list);
      show();
    };
    peer.on("state-change", ({ to }) => setState(to));
    peer.on("peer-joined", ({ peer: remote }) => {
      const current = () => streams.get(remote.id) ?? [];
      remote.on("stream-added", ({ stream: added }) => change(remote, [...current().filter(({ id }) => id !== added.id), added]));
      remote.on("stream-removed", ({ stream: removed }) => change(remote, current().filter(({ id }) => id !== removed.id)));
      remote.on("state-change", show);
      show();
    });
    peer.on("peer-left", ({ peer: remote }) => {
      streams.delete(remote.id);
      show();
    });
    if (stream) peer.addStream(stream);
    // Rejects when the component goes before it has joined; there is nobody to tell.
    peer.join(room).catch(() => {});
    return () => void peer.close();
  }, [apiKey, url, room, stream]);

  return { state, members };
}
