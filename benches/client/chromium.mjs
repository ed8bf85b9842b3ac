// Measurements in Chromium, through the DevTools protocol. Not through Playwright: it has every WebSocket frame reported to it, which costs more than the
// frame itself.

import { fileURLToPath } from "node:url";
import { startSite } from "../../tests/package/faults/kit/site.mjs";
import { startTabs } from "../../tests/package/faults/kit/tabs.mjs";
import { feed } from "./feed.mjs";

const LIMIT_MS = 180_000;
const PAGE = "/bench/page.mjs";

/** Measures each task in a fresh browser. */
export async function startChromium(url) {
  const site = await startSite({ bench: fileURLToPath(new URL(".", import.meta.url)) });
  return {
    async measure(client, task) {
      const tabs = await startTabs();
      const late = AbortSignal.timeout(LIMIT_MS);
      try {
        const tab = await tabs.open(`${site.url}/`);
        await serve(tab);
        const addresses = { ours: site.entries("ours").entry, official: site.entries("official").entry };
        const job = JSON.stringify({ client, task, url, addresses });
        // The page keeps the promise. Otherwise one that hangs would be collected, and the timeout would not see it.
        const measured = tab.evaluate(`globalThis.measured = import("${PAGE}").then((page) => page.measure(${job}))`);
        return await Promise.race([measured, rejection(late)]);
      } finally {
        await tabs.close();
      }
    },
    stop: () => site.stop(),
  };
}

/** Does what the page asks for. */
async function serve(tab) {
  await tab.send("Performance.enable");
  await tab.send("HeapProfiler.enable");
  await tab.send("Runtime.enable");
  let feeder;
  const services = {
    feed: async (job) => void (feeder = await feed(job)),
    send: (count) => feeder.send(count),
    stop: () => feeder.stop(),
    cpu: () => cpu(tab),
    memory: () => memory(tab),
  };
  tab.on("Runtime.bindingCalled", async ({ payload }) => {
    const { id, what, about } = JSON.parse(payload);
    const result = await services[what](about);
    if (id) await tab.evaluate(`import("${PAGE}").then((page) => page.answer(${id}, ${JSON.stringify(result ?? null)}))`);
  });
  await tab.send("Runtime.addBinding", { name: "harness" });
}

/** CPU of the page's main thread and of its whole process. The latter includes garbage collection and compilers. */
async function cpu(tab) {
  const { metrics } = await tab.send("Performance.getMetrics");
  const seconds = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  return { "CPU µs": seconds.ThreadTime * 1e6, "process µs": seconds.ProcessTime * 1e6 };
}

async function memory(tab) {
  for (let i = 0; i < 4; i++) await tab.send("HeapProfiler.collectGarbage");
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await tab.send("Runtime.getHeapUsage");
  return { "heap KB": usedSize + embedderHeapUsedSize + backingStorageSize };
}

function rejection(signal) {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}
