// Nothing is left in memory. Each test runs in a fresh process. The long runs are in `cargo xtask bench faults`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startBare } from "./kit/bare.mjs";
import { inPage, PLAIN, WITH_GLOBAL } from "./kit/place.mjs";
import { measurePage } from "./kit/page-memory.mjs";
import { measureMemory, startFlapping } from "./kit/programs.mjs";
import { startSite } from "./kit/site.mjs";

/** More than an engine that warms up uses in a short run, and less than a leak of a client. */
const NOISE_BYTES = 2000;

for (const [runtime, how] of Object.entries({ Node: PLAIN, "Node with the global WebSocket": WITH_GLOBAL })) {
  describe(runtime, () => {
    test("1,000 reconnects, each with a subscription to bring back, leave nothing", async (t) => {
      const server = await startFlapping({ ask: true });
      t.after(() => server.stop());
      const result = await measureMemory({ name: "reconnects", url: server.url, count: 1000 }, how);
      t.diagnostic(JSON.stringify(result));
      assert.equal(result.reconnects, 1000);
      assert.ok(result.bytesPerReconnect < NOISE_BYTES, `${result.bytesPerReconnect} bytes each`);
      assert.equal(result.wasmGrowth, 0);
      assert.deepEqual(result.resources.after, result.resources.before);
    });

    // ably-js#1439, partykit#336
    test("1,000 clients that connected and were closed leave nothing", async (t) => {
      const bare = await startBare();
      t.after(() => bare.stop());
      const result = await measureMemory({ name: "clients", url: bare.url, count: 1000 }, how);
      t.diagnostic(JSON.stringify(result));
      assert.ok(result.bytesPerClient < NOISE_BYTES, `${result.bytesPerClient} bytes each`);
      assert.equal(result.wasmGrowth, 0);
      assert.deepEqual(result.resources.after, result.resources.before);
    });

    test("10,000 clients that were only constructed leave nothing", async (t) => {
      const result = await measureMemory({ name: "constructed", count: 10_000 }, how);
      t.diagnostic(JSON.stringify(result));
      assert.ok(result.bytesPerClient < 10, `${result.bytesPerClient} bytes each`);
      assert.equal(result.wasmGrowth, 0);
    });

    // centrifuge-js#389
    test("a closed client is collected, and one that is connected works on, though nobody refers to it", async () => {
      const { alive } = await measureMemory({ name: "collectable" }, how);
      assert.deepEqual(alive, ["connected"]);
    });
  });
}

describe("Chromium", () => {
  test("500 reconnects, each with a subscription to bring back, leave nothing", async (t) => {
    const server = await startFlapping({ ask: true });
    const site = await startSite();
    const place = await inPage(site);
    t.after(async () => {
      await place.close();
      await site.stop();
      await server.stop();
    });
    const result = await measurePage(place.tab, server.url, 500);
    t.diagnostic(JSON.stringify(result));
    assert.ok(result.bytesPerReconnect < NOISE_BYTES, `${result.bytesPerReconnect} bytes each`);
    assert.deepEqual(result.listeners, []);
  });
});
