// Measures the memory that many reconnects leave in a page.

import { slope } from "./statistics.mjs";
import { until } from "./time.mjs";

const SAMPLES = 24;

/** Needs a page with `SignallingClient` in it, and a server that drops whom it welcomes. */
export async function measurePage(tab, url, count) {
  await tab.send("HeapProfiler.enable");
  await tab.evaluate(`(() => {
    const reconnect = { initialDelayMs: 1, multiplier: 1, maxDelayMs: 1, jitterRatio: 0, maxAttempts: Infinity, maxDialsPerMinute: Infinity };
    globalThis.client = new SignallingClient({ apiKey: "pk_test", url: ${JSON.stringify(url)}, reconnect });
    globalThis.connected = 0;
    client.on("connected", () => { if (++connected === 1) client.subscribe("a").catch(() => {}); });
    return client.connect();
  })()`);
  const samples = [];
  const every = Math.ceil(count / SAMPLES);
  for (let next = every; next <= count; next += every) {
    await until(async () => (await tab.evaluate("connected")) >= next, 60_000, `${next} reconnects`);
    await tab.send("HeapProfiler.collectGarbage");
    const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await tab.send("Runtime.getHeapUsage");
    samples.push([await tab.evaluate("connected"), usedSize + embedderHeapUsedSize + backingStorageSize]);
  }
  await tab.evaluate("client.close()");
  const listeners = [...(await tab.listeners("window")), ...(await tab.listeners("document"))];
  return { reconnects: samples.at(-1)[0], bytesPerReconnect: slope(samples.slice(samples.length / 3)), listeners };
}
