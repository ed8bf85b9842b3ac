// Source maps: each file has one, so that the positions in a stack trace are those of our sources.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire, SourceMap } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);
const installed = fileURLToPath(new URL("../installed/", import.meta.url));
const dist = join(installed, "node_modules/metered-realtime/dist");
const files = readdirSync(dist).filter((name) => /\.[mc]?js$/.test(name));
const mapOf = (file) => JSON.parse(readFileSync(join(dist, `${file}.map`), "utf8"));

test("each file names its map, and its map holds all sources", () => {
  assert.equal(files.length, 13);
  for (const file of files) {
    assert.match(readFileSync(join(dist, file), "utf8"), new RegExp(`\\n//# sourceMappingURL=${file.replaceAll(".", "\\.")}\\.map\\n$`));
    const { sources, sourcesContent } = mapOf(file);
    assert.ok(sources.includes("../src/client.js"), file);
    for (const source of sources) assert.match(source, /^\.\.\/src\/[a-z\d-]+(\.cjs)?\.m?js$/);
    assert.equal(sourcesContent.length, sources.length);
    for (const text of sourcesContent) assert.ok(text.length > 0);
  }
});

test("no map holds the core or where it was built", () => {
  for (const file of files) {
    for (const text of mapOf(file).sourcesContent) {
      assert.ok(Math.max(...text.split("\n").map((line) => line.length)) < 1000, file);
      assert.doesNotMatch(text, /"(\/\w|[A-Z]:\\)/);
    }
  }
});

test("a position in a stack trace is one of our sources", async () => {
  for (const file of ["index.mjs", "index.cjs", "node.mjs", "node.cjs", "slim.mjs", "slim.cjs"]) {
    const path = join(dist, file);
    const { SignallingClient } = file.endsWith(".cjs") ? require(path) : await import(pathToFileURL(path));
    const stack = thrownBy(() => SignallingClient.prototype.on.call({}, "message", () => {})).stack;
    const [, line, column] = new RegExp(`${file.replaceAll(".", "\\.")}:(\\d+):(\\d+)`).exec(stack);
    const map = mapOf(file);
    const entry = new SourceMap(map).findEntry(line - 1, column - 1);
    assert.equal(entry.originalSource, "../src/client.js");
    const source = map.sourcesContent[map.sources.indexOf("../src/client.js")].split("\n");
    assert.equal(source[entry.originalLine].trim(), "this[INSIDE]().emitter.on(event, handler, false);");
  }
});

test("Node shows our sources with --enable-source-maps", () => {
  const program = `
    import { SignallingClient } from "metered-realtime";
    try {
      new SignallingClient({});
    } catch ({ stack }) {
      console.log(stack);
    }`;
  const flags = ["--enable-source-maps", "--input-type=module", "--eval", program];
  const stack = execFileSync(process.execPath, flags, { cwd: installed, encoding: "utf8" });
  assert.match(stack, /new SignallingClient.*metered-realtime.src.client\.js:\d+:\d+/);
});

function thrownBy(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}
