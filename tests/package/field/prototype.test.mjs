// Old scripts put things into `Object.prototype`, where loops and `in` find them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inPage, startAcking } from "./kit.mjs";

const POLLUTED = {
  "a text": `"legacy"`,
  undefined: "undefined",
  "a function": "function () {}",
  "an object": "{ once: true }",
};

const LOADS = {
  "the ES module": `await import("metered-realtime")`,
  CommonJS: `(await import("node:module")).createRequire(import.meta.url)("metered-realtime")`,
};

/** All kinds of calls, once the prototype is polluted: before the package is loaded, or after. */
const session = (url) => `
  const client = new SignallingClient({ url: "${url}", apiKey: "pk_test", reconnect: {} });
  const names = [];
  for (const name of ["connected", "message", "presence", "disconnected"]) client.on(name, (payload) => names.push(name, ...Object.keys(payload)));
  client.addEventListener("message", () => {}, {});
  const stream = client.events("message", {});
  await client.connect({});
  await client.subscribe("a", {});
  await client.publish("a", { x: 1 }, {});
  await client.send("p", { x: 1 }, {});
  const { value } = await stream.next();
  await client.unsubscribe("a");
  await client.close();
  return { names, value: JSON.stringify(value), state: client.state };`;

const EXPECTED = {
  names: [
    ...["connected", "peerId", "serverTime", "expiresAt", "isReconnect", "maxMessageSize"],
    ...["presence", "channel", "joined", "left"],
    ...["message", "channel", "from", "data"],
    ...["disconnected", "code", "reason", "willReconnect"],
  ],
  value: '{"channel":"a","from":"p","data":{"x":1}}',
  state: "closed",
};

const talking = () =>
  startAcking((frame, peer) => {
    if (frame.type === "subscribe") peer.send(JSON.stringify({ type: "presence", channel: "a", joined: [], left: [] }));
    if (frame.type === "publish") peer.send(JSON.stringify({ type: "message", channel: "a", from: "p", data: frame.data }));
    return false;
  });

async function run(program) {
  const folder = fileURLToPath(new URL("../installed/", import.meta.url));
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  for await (const chunk of child.stdout) output += chunk;
  return JSON.parse(output);
}

for (const [what, value] of Object.entries(POLLUTED)) {
  for (const [name, load] of Object.entries(LOADS)) {
    test(`${name}: ${what} in Object.prototype has no effect, before the package is loaded and after`, async () => {
      const { url } = await talking();
      const pollute = `Object.prototype.appName = ${value};`;
      const after = `const { SignallingClient } = ${load}; ${pollute}`;
      const before = `${pollute} const { SignallingClient } = ${load};`;
      for (const start of [after, before]) {
        const seen = await run(`${start} console.log(JSON.stringify(await (async () => {${session(url)}})()));`);
        assert.deepEqual(seen, EXPECTED);
      }
    });
  }
}

test("a page: a text in Object.prototype has no effect", async () => {
  const { url } = await talking();
  const seen = await inPage(async ({ SignallingClient }, text) => {
    Object.prototype.appName = "legacy";
    try {
      return await new Function("SignallingClient", `return (async () => {${text}})()`)(SignallingClient);
    } finally {
      delete Object.prototype.appName;
    }
  }, session(url));
  assert.deepEqual(seen, EXPECTED);
});
