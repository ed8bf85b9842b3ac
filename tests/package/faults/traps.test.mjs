// A trap in the core, a fault of ours, by each door: every call of every client rejects with one FatalError, sockets close, streams
// end, nothing else is thrown anywhere, and the process or the page lives on.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { doors, EXPECTED } from "./kit/trap.js";
import { startSite } from "./kit/site.mjs";
import { startTabs } from "./kit/tabs.mjs";

const installed = fileURLToPath(new URL("../installed/", import.meta.url));
const kit = new URL("kit/trap.js", import.meta.url).href;

describe("Node", () => {
  for (const door of doors) {
    test(`a trap by way of: ${door}`, () => {
      const program = `
        import { trapBy } from ${JSON.stringify(kit)};
        console.log(JSON.stringify(await trapBy(${JSON.stringify(door)}, () => import("metered-realtime"))));`;
      const output = execFileSync(process.execPath, ["--expose-gc", "--input-type=module", "--eval", program], { cwd: installed, encoding: "utf8", timeout: 20_000 });
      assert.deepEqual(JSON.parse(output), EXPECTED);
    });
  }
});

describe("a program that recurses without end, and catches that", () => {
  for (const size of [300, 500, 984]) {
    test(`with a stack of ${size} KB: the client works on, or everybody gets the FatalError; nothing hangs and nothing is raw`, () => {
      const program = `
        import { FatalError, SignallingClient } from "metered-realtime";
        process.on("unhandledRejection", (error) => error instanceof FatalError || error instanceof RangeError || process.exit(9));
        const sockets = [];
        class Socket extends EventTarget {
          readyState = 1;
          constructor() {
            super();
            sockets.push(this);
            queueMicrotask(() => this.receive({ type: "welcome", peerId: "p", expiresAt: null, serverTime: 1, maxMessageSize: 1000 }));
          }
          receive(frame) { this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) })); }
          send(text) { const { requestId } = JSON.parse(text); setImmediate(() => this.receive({ type: "ack", requestId })); }
          close() { queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("close"), { code: 1000 }))); }
        }
        const make = () => new SignallingClient({ apiKey: "x", webSocketFactory: () => new Socket() });
        const [client, other] = [make(), make()];
        await client.connect();
        await other.connect();
        function runaway() { client.subscribe("b").catch(() => {}); runaway(); }
        try { runaway(); } catch {}
        await new Promise((resolve) => setTimeout(resolve, 50));
        const what = (promise) => promise.then(() => "works", (error) => error.name);
        const results = [await what(client.publish("a", 1)), await what(other.publish("a", 1)), client.state, other.state];
        try { make(); results.push("made"); } catch (error) { results.push(error.name); }
        await client.close();
        console.log(results.join());`;
      const flags = [`--stack-size=${size}`, "--input-type=module", "--eval", program];
      const output = execFileSync(process.execPath, flags, { cwd: installed, encoding: "utf8", timeout: 20_000, stdio: ["ignore", "pipe", "ignore"] });
      const last = output.trim().split("\n").at(-1);
      const allowed = ["works,works,connected,connected,made", "FatalError,FatalError,closed,closed,FatalError"];
      assert.ok(allowed.includes(last), output);
    });
  }
});

describe("Chromium", () => {
  for (const door of doors) {
    test(`a trap by way of: ${door}`, async (t) => {
      const [site, tabs] = [await startSite(), await startTabs()];
      t.after(async () => {
        await tabs.close();
        await site.stop();
      });
      const tab = await tabs.open(`${site.url}/`);
      const { entry } = site.entries("ours");
      const text = await tab.evaluate(
        `import("${site.url}/kit/trap.js").then(({ trapBy }) => trapBy(${JSON.stringify(door)}, () => import("${entry}"))).then(JSON.stringify)`,
      );
      assert.deepEqual(JSON.parse(text), EXPECTED);
      assert.equal(await tab.evaluate("1 + 1"), 2);
    });
  }
});
