import "./consumer.js";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { WebSocket } from "ws";
import { init, NotConnectedError, SignallingClient } from "metered-realtime/slim";

const { resolve } = createRequire(import.meta.url);
// Node 20 has no global WebSocket, and slim brings none.
globalThis.WebSocket ??= WebSocket;

globalThis.consumer.inProcess(async (place) => {
  await init(readFile(resolve("metered-realtime/metered_realtime.wasm")));
  return globalThis.consumer.converse({ NotConnectedError, SignallingClient }, place);
});
