// One measurement of one client in a process of its own: `node worker.mjs <client> <task>`. Prints one line of JSON.

import { importClient } from "./clients.mjs";
import { feed } from "./feed.mjs";
import { tasks } from "./tasks.mjs";

const [, , client, task] = process.argv;

const place = {
  url: process.env.BENCH_SERVER,
  importClient: (options) => importClient(client, options),
  feed,
  cpu() {
    const { user, system } = process.cpuUsage();
    return { "CPU µs": user + system };
  },
  memory() {
    for (let i = 0; i < 4; i++) globalThis.gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { "heap KB": heapUsed + external, "RSS KB": rss };
  },
  idleClients: 1_000,
};

console.log(JSON.stringify(await tasks[task](place)));
process.exit(0);
