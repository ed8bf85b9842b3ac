import "./consumer.js";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { init, NotConnectedError, SignallingClient } from "metered-realtime/slim";

const { resolve } = createRequire(import.meta.url);

globalThis.consumer.inProcess(async (place) => {
  await init(readFile(resolve("metered-realtime/metered_realtime.wasm")));
  return globalThis.consumer.converse({ NotConnectedError, SignallingClient }, place);
});
