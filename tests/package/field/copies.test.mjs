// A program may hold the package several times: as ES module and as CommonJS, by several entries, once for each test file.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { inPage, startAcking, surfaces } from "./kit.mjs";

const copies = Object.entries(await surfaces());

/** How to make each class of errors. */
const ARGUMENTS = {
  SignallingError: ["text"],
  SignallingConnectError: [1006, ""],
  NotConnectedError: [],
  ServerRequestError: ["peer_not_found", undefined, "1"],
  AckTimeoutError: ["1", 5],
  DisconnectedError: [1006],
  OversizedPayloadError: [2, 1],
  RequestAbortedError: ["why"],
  WebSocketUnavailableError: [],
  WasmUnavailableError: [new Error()],
  TokenProviderFailedError: ["Error", "text"],
  FatalError: [new Error()],
};

for (const [from, { library: one }] of copies) {
  for (const [to, { library: other }] of copies) {
    test(`an error of ${from} is an instance of the classes of ${to}`, () => {
      for (const [name, values] of Object.entries(ARGUMENTS)) {
        const error = new one[name](...values);
        assert.ok(error instanceof other[name], name);
        assert.ok(error instanceof other.SignallingError, name);
        assert.ok(error instanceof Error, name);
        for (const another of Object.keys(ARGUMENTS)) {
          if (another !== name && another !== "SignallingError") assert.equal(error instanceof other[another], false, `${name} ${another}`);
        }
      }
    });
  }
}

test("no exported class of errors is missing in this list", () => {
  const { library } = copies[0][1];
  const classes = Object.keys(library).filter((name) => name.endsWith("Error"));
  assert.deepEqual(classes.sort(), Object.keys(ARGUMENTS).sort());
});

test("an error that is not ours is no instance, whatever its name", () => {
  for (const [, { library }] of copies) {
    class SignallingError extends Error {}
    const named = Object.assign(new Error(), { name: "SignallingError" });
    for (const value of [null, undefined, "text", 5, Symbol("s"), {}, Object.create(null), new Error(), new SignallingError(), named]) {
      assert.equal(value instanceof library.SignallingError, false);
    }
  }
});

test("a class that a user derives has its own instances only", () => {
  for (const [, { library }] of copies) {
    class Mine extends library.SignallingError {}
    class NotConnectedError extends library.NotConnectedError {}
    assert.ok(new Mine("x") instanceof Mine);
    assert.ok(new Mine("x") instanceof library.SignallingError);
    assert.equal(new library.SignallingError("x") instanceof Mine, false);
    assert.ok(new NotConnectedError() instanceof NotConnectedError);
    assert.equal(new library.NotConnectedError() instanceof NotConnectedError, false);
  }
});

test("d24 a page: instanceof holds between the module and the script", async () => {
  const same = await inPage(async ({ NotConnectedError, SignallingError }) => {
    await new Promise((onload, onerror) => document.head.append(Object.assign(document.createElement("script"), { src: "/pkg/dist/index.global.js", onload, onerror })));
    const { MeteredRealtime } = globalThis;
    const error = new NotConnectedError();
    return [error instanceof MeteredRealtime.NotConnectedError, error instanceof MeteredRealtime.FatalError, new MeteredRealtime.FatalError() instanceof SignallingError];
  });
  assert.deepEqual(same, [true, false, true]);
});

const MANY = {
  "ES modules": `
    for (let i = 0; i < 15; i += 1) await use(await import(\`./node_modules/metered-realtime/dist/node.mjs?\${i}\`));`,
  "CommonJS modules": `
    const { createRequire } = await import("node:module");
    const require = createRequire(import.meta.url);
    for (let i = 0; i < 15; i += 1) {
      for (const name of Object.keys(require.cache)) delete require.cache[name];
      await use(require("metered-realtime"));
    }`,
};

for (const [what, loads] of Object.entries(MANY)) {
  test(`fifteen copies as ${what} leave no listener of the process and no warning`, async () => {
    const { url } = await startAcking();
    const program = `
      const warnings = [];
      process.on("warning", ({ message }) => warnings.push(message));
      const counted = () => process.eventNames().filter((name) => name !== "warning").map((name) => [name, process.listenerCount(name)]);
      const before = JSON.stringify(counted());
      let during;
      async function use({ SignallingClient }) {
        const client = new SignallingClient({ url: "${url}", apiKey: "pk_test" });
        await client.connect();
        during ??= JSON.stringify(counted());
        await client.close();
      }${loads}
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log(JSON.stringify({ warnings, same: JSON.stringify(counted()) === before, during: during === before }));`;
    const folder = fileURLToPath(new URL("../installed/", import.meta.url));
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    for await (const chunk of child.stdout) output += chunk;
    assert.deepEqual(JSON.parse(output), { warnings: [], same: true, during: true });
  });
}
