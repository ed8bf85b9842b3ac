// A recursion of the program's that overflows the stack inside of the package, and is caught: afterwards the clients work, or say that
// the core is broken. The process lives, nothing hangs, and nothing raw comes out.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inPage, startAcking } from "./kit.mjs";

/** What is called where hardly any stack is left. */
const CALLS = {
  subscribe: `c.subscribe("b").catch(() => {});`,
  publish: `c.publish("b", 1).catch(() => {});`,
  state: `void c.state;`,
  "a listener": `c.once("message", () => {});`,
  "a new client": `new SignallingClient({ url, apiKey: "pk_test" });`,
  events: `c.events("message").close();`,
};

/** Gives what everything came to, by name. */
const session = (call) => `
  const within = (promise) => Promise.race([promise.then(() => "ok", (error) => error.name), new Promise((resolve) => setTimeout(resolve, 3000, "PENDING"))]);
  const c = new SignallingClient({ url, apiKey: "pk_test" });
  const other = new SignallingClient({ url, apiKey: "pk_test" });
  await c.connect();
  await other.connect();
  await c.subscribe("a");
  const waiting = c.publish("void", 1).catch((error) => error.name);
  // The stack ends at another place each time: in the package's JavaScript, in the bindings, in the core.
  const down = (depth, then) => (depth === 0 ? then() : down(depth - 1, then));
  let deepest = 0;
  for (let depth = 100; ; depth += 10) {
    try {
      down(depth, () => {});
      deepest = depth;
    } catch {
      break;
    }
  }
  const caught = new Set();
  for (let left = 0; left < 200; left += 1) {
    try {
      down(deepest - left, () => {
        ${call}
      });
    } catch (error) {
      caught.add(error.name);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const states = [c.state, other.state];
  const results = [await within(c.publish("a", 1)), await within(other.publish("a", 1)), await within(c.close()), await within(other.close())];
  let fresh;
  try {
    const made = new SignallingClient({ url, apiKey: "pk_test" });
    fresh = await within(made.connect());
    await made.close();
  } catch (error) {
    fresh = error.name;
  }
  const lost = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 3000, "PENDING"))]);
  return { caught: [...caught], states, results, fresh, lost };`;

function judge({ caught, states, results, fresh, lost }) {
  for (const name of caught) assert.ok(["RangeError", "FatalError"].includes(name), name);
  const [mine, others] = results;
  const isBroken = fresh === "FatalError";
  assert.deepEqual([mine, others, fresh], isBroken ? ["FatalError", "FatalError", "FatalError"] : ["ok", "ok", "ok"]);
  assert.deepEqual(states, isBroken ? ["closed", "closed"] : ["connected", "connected"]);
  assert.deepEqual(results.slice(2), ["ok", "ok"]);
  assert.ok(["FatalError", "DisconnectedError"].includes(lost), lost);
}

const serve = () => startAcking(({ channel, type }) => type === "publish" && channel === "void");

const LOADS = {
  "the ES module": `await import("metered-realtime")`,
  CommonJS: `(await import("node:module")).createRequire(import.meta.url)("metered-realtime")`,
};

for (const [what, call] of Object.entries(CALLS)) {
  for (const [name, load] of Object.entries(LOADS)) {
    test(`${name}: a caught stack overflow in ${what} leaves working clients, or FatalErrors`, async () => {
      const { url } = await serve();
      const program = `
        const trouble = [];
        process.on("unhandledRejection", (error) => trouble.push(String(error)));
        process.on("uncaughtException", (error) => trouble.push(String(error)));
        const { SignallingClient } = ${load};
        const url = "${url}";
        const seen = await (async () => {${session(call)}})();
        console.log(JSON.stringify({ trouble, ...seen }));
        process.exit();`;
      const folder = fileURLToPath(new URL("../installed/", import.meta.url));
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      for await (const chunk of child.stdout) output += chunk;
      const { trouble, ...seen } = JSON.parse(output);
      assert.deepEqual(trouble, []);
      judge(seen);
    });
  }
}

test("a page: a caught stack overflow leaves working clients, or FatalErrors", async () => {
  const { url } = await serve();
  const seen = await inPage(
    (library, url, text) => new Function("SignallingClient", "url", `return (async () => {${text}})()`)(library.SignallingClient, url),
    url,
    session(CALLS.subscribe),
  );
  judge(seen);
});
