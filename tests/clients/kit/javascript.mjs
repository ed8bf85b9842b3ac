// The two JavaScript clients, in this process, with the same interface as the agents of ./agent.mjs.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { variable } from "./variable.mjs";

const { SignallingClient: Ours } = await import(pathToFileURL(variable("METERED_PACKAGE_ENTRY")));
const require = createRequire(new URL("../../package/package.json", import.meta.url));
const { SignallingClient: Official } = require("@metered-ca/realtime");
const { WebSocket } = require("ws");

const EVENTS = ["connected", "disconnected", "message", "direct", "presence", "server-error", "going-away"];

/** Ours finds a WebSocket by itself. */
export const ours = { make: maker((options) => new Ours(options)), stop() {} };

export const official = {
  make: maker((options) => new Official({ ...options, webSocketFactory: (url) => new WebSocket(url) })),
  stop() {},
};

function maker(construct) {
  return async (options, tell) => {
    const client = construct({ ...options, reconnect: { initialDelayMs: 50, jitterRatio: 0 } });
    for (const event of EVENTS) client.on(event, (payload) => tell(event, payload));
    return async (method, ...args) => {
      if (method === "state") return client.state;
      try {
        return await client[method](...args);
      } catch (error) {
        // Both name the error after the server's code.
        if (/^[a-z_]+$/.test(error.name)) error.code = error.name;
        throw error;
      }
    };
  };
}
