// All files of the package, for whatever platform, behave the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";
import * as library from "../installed/entry.mjs";
import { turn, watch } from "../support/fake.mjs";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../installed/node_modules/metered-realtime/dist");
const require = createRequire(import.meta.url);
const load = (file) => import(pathToFileURL(join(dist, file)));

/** A short session. */
async function works({ SignallingClient }) {
  const w = watch({}, SignallingClient);
  const connecting = w.client.connect();
  w.last.openAndWelcome();
  await connecting;
  const published = w.client.publish("c", { hi: 1 });
  w.last.ack();
  await published;
  await w.client.close();
  await turn();
  assert.deepEqual(w.names(), ["state-change", "state-change", "connected", "disconnected", "state-change"]);
}

const NAMES = Object.keys(library).sort();

for (const file of ["index.mjs", "node.mjs"]) {
  test(`dist/${file}`, async () => {
    const module = await load(file);
    assert.deepEqual(Object.keys(module).sort(), NAMES);
    await works(module);
  });
}

for (const file of ["index.cjs", "node.cjs"]) {
  test(`dist/${file}`, async () => {
    const module = require(join(dist, file));
    assert.deepEqual(Object.keys(module).sort(), NAMES);
    await works(module);
  });
}

test("dist/index.global.js", async () => {
  runInThisContext(`${readFileSync(join(dist, "index.global.js"), "utf8")};globalThis.loaded = MeteredRealtime;`);
  const { loaded } = globalThis;
  delete globalThis.loaded;
  assert.deepEqual(Object.keys(loaded).sort(), NAMES);
  await works(loaded);
});

test("dist/slim.mjs wants its core first, and takes it in several forms", async () => {
  const bytes = readFileSync(join(dist, "metered_realtime.wasm"));
  const forms = [bytes, new WebAssembly.Module(bytes), Promise.resolve(bytes), new Response(bytes)];
  for (const [i, form] of forms.entries()) {
    const slim = await import(`${pathToFileURL(join(dist, "slim.mjs"))}?${i}`);
    assert.throws(() => new slim.SignallingClient({ apiKey: "pk" }), /init/);
    await slim.init(form);
    await works(slim);
  }
  const slim = require(join(dist, "slim.cjs"));
  await assert.rejects(slim.init(new Response("no", { status: 404 })), /404/);
  await slim.init(bytes);
  await works(slim);
  assert.deepEqual(Object.keys(slim).sort(), [...NAMES, "init"].sort());
});
