import { useCallback, useEffect, useRef, useState } from "react";
import { SignallingClient } from "metered-realtime";

/** Joins a channel for as long as the component is mounted. Each mount has a client of its own. */
export function useChannel(channel) {
  const client = useRef(null);
  const [state, setState] = useState("idle");
  const [messages, setMessages] = useState([]);

  useEffect(() => {
    const mine = new SignallingClient({ apiKey: "pk_live_..." });
    client.current = mine;
    mine.on("state-change", ({ to }) => setState(to));
    mine.on("message", (message) => setMessages((earlier) => [...earlier, message]));
    // StrictMode mounts, unmounts and mounts again at once: the first client never needs to dial.
    const start = setTimeout(async () => {
      try {
        await mine.connect();
        await mine.subscribe(channel);
      } catch (error) {
        console.info(error.message);
      }
    });
    return () => {
      clearTimeout(start);
      mine.close();
    };
  }, [channel]);

  const publish = useCallback((data) => client.current.publish(channel, data), [channel]);
  return { state, messages, publish };
}
