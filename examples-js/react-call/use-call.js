// A call as a hook: joins a room while the component is mounted, sends `stream` (if there is one yet), and returns who is there
// and what they send.
//
// StrictMode mounts each component twice. The peer is made in the effect and closed in its clean-up; both are cheap.

import { useEffect, useState } from "react";
import { MeteredPeer } from "metered-realtime/peer";

export function useCall({ apiKey, url }, room, stream) {
  const [peer, setPeer] = useState(null);
  const [state, setState] = useState("idle");
  const [members, setMembers] = useState([]);

  useEffect(() => {
    const mine = new MeteredPeer({ apiKey, url });
    const streams = new Map();
    const show = () => setMembers(mine.remotePeers.map(({ id, state }) => ({ id, state, streams: streams.get(id) ?? [] })));
    const change = (remote, list) => {
      streams.set(remote.id, list);
      show();
    };
    mine.on("state-change", ({ to }) => setState(to));
    mine.on("peer-joined", ({ peer: remote }) => {
      const current = () => streams.get(remote.id) ?? [];
      remote.on("stream-added", ({ stream: added }) => change(remote, [...current().filter(({ id }) => id !== added.id), added]));
      remote.on("stream-removed", ({ stream: removed }) => change(remote, current().filter(({ id }) => id !== removed.id)));
      remote.on("state-change", show);
      show();
    });
    mine.on("peer-left", ({ peer: remote }) => {
      streams.delete(remote.id);
      show();
    });
    setPeer(mine);
    // StrictMode mounts, unmounts and mounts again at once: the first peer never needs to dial.
    const start = setTimeout(() => mine.join(room).catch((error) => console.info(error.message)));
    return () => {
      clearTimeout(start);
      mine.close();
    };
  }, [apiKey, url, room]);

  useEffect(() => {
    if (!peer || !stream) return;
    peer.addStream(stream);
    return () => {
      if (peer.state !== "leaving" && peer.state !== "closed") peer.removeStream(stream);
    };
  }, [peer, stream]);

  return { state, members };
}
