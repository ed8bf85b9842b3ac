"use client";

import { useEffect, useState } from "react";
import { NotConnectedError, SignallingClient } from "metered-realtime";
import "../consumer.js";

let started = false;

export function Chat() {
  // Made while rendering, on the server as well, as many programs do.
  const [client] = useState(() => new SignallingClient({ apiKey: "pk_live_local" }));
  useEffect(() => {
    // React runs effects twice in development; there is only one peer to talk to.
    if (started) return;
    started = true;
    globalThis.consumer.inPage({ NotConnectedError, SignallingClient });
  }, []);
  return <p>The client is {client.state}.</p>;
}
