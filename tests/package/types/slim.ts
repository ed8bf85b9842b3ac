// The entry without an inlined core.

import { init, SignallingClient } from "metered-realtime/slim";

export async function start(): Promise<SignallingClient> {
  await init("https://h/metered_realtime.wasm");
  await init(new URL("https://h/metered_realtime.wasm"));
  await init(new Uint8Array(8));
  await init(fetch("https://h/metered_realtime.wasm"));
  // @ts-expect-error: a number is no source
  await init(1);
  return new SignallingClient({ apiKey: "pk" });
}
