// The three clients that are compared in Node, behind one interface.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { bare } from "./bare.mjs";

/** Packages come from where the package tests have installed them. */
const require = createRequire(process.env.BENCH_REQUIRE_FROM);
const loadWs = () => import(pathToFileURL(require.resolve("ws"))).then((ws) => ws.WebSocket ?? ws.default);
/** The file that a module imports; `require.resolve` finds the one for CommonJS beside it, which takes longer to load. */
const loadOfficial = () => import(pathToFileURL(join(dirname(require.resolve("@metered-ca/realtime")), "index.mjs")));

/** `dials`: whether a socket will be needed. The official client is constructed without one, as ours is. */
export async function importClient(name, { dials = true } = {}) {
  switch (name) {
    case "ours":
      return ours(await import(pathToFileURL(process.env.BENCH_OURS)));
    case "official": {
      const [official, WebSocket] = await Promise.all([loadOfficial(), dials && loadWs()]);
      return officialClient(official, WebSocket);
    }
    case "bare":
      return bareClient(await loadWs());
    default:
      throw new Error(`no client named ${name}`);
  }
}

function ours({ SignallingClient }) {
  return { make: (url) => new SignallingClient({ url, apiKey: "pk_live_local" }) };
}

function officialClient({ SignallingClient }, WebSocket) {
  const webSocketFactory = (url) => new WebSocket(url);
  return { make: (url) => new SignallingClient({ url, apiKey: "pk_live_local", webSocketFactory }) };
}

function bareClient(WebSocket) {
  return bare((url, { text, failed, closed }) => {
    const socket = new WebSocket(url);
    socket.on("error", failed);
    socket.on("message", (bytes) => text(bytes.toString()));
    socket.on("close", closed);
    return socket;
  });
}
