import { init, NotConnectedError, SignallingClient } from "./node_modules/metered-realtime/dist/slim.mjs";

const address = new URL("node_modules/metered-realtime/dist/metered_realtime.wasm", location.href);

const sources = {
  bytes: async () => (await fetch(address)).arrayBuffer(),
  module: async () => WebAssembly.compile(await (await fetch(address)).arrayBuffer()),
  response: () => fetch(address),
  url: () => address,
};

globalThis.consumer.inPage(async ({ source, ...place }) => {
  try {
    new SignallingClient({ apiKey: "pk_live_local" });
    throw new Error("the constructor worked before init");
  } catch (error) {
    if (!error.message.includes("init(")) throw error;
  }
  await init(sources[source]());
  return globalThis.consumer.converse({ NotConnectedError, SignallingClient }, place);
});
