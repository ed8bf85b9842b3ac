// Measures the npm package: each file raw and compressed, and whether the default entry and the slim one keep their budgets.
//
//   node size.mjs --pkg <folder of the package>
//
// Ends with code 1 when one is over budget.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants } from "node:zlib";

/** What users download by default, and what they do where they load the core by themselves. In bytes after gzip -9. */
const BUDGETS = {
  "index.mjs": { files: ["index.mjs"], limit: 60_000, aim: 48_000 },
  "slim.mjs and the core": { files: ["slim.mjs", "metered_realtime.wasm"], limit: 54_000, aim: 44_000 },
};
/** The whole UMD file of the official client, WebRTC included, and its `SignallingClient` alone when a bundler drops the rest. */
const OFFICIAL = { umd: 15_174, signallingOnly: 8_200 };

const { values: args } = parseArgs({ options: { pkg: { type: "string" } } });
if (!args.pkg) {
  console.error("usage: node size.mjs --pkg <folder of the package>");
  process.exit(2);
}
const dist = join(args.pkg, "dist");
const sizes = Object.fromEntries(
  readdirSync(dist)
    .filter((name) => /\.(mjs|cjs|js|wasm)$/.test(name))
    .map((name) => [name, measure(readFileSync(join(dist, name)))]),
);

row("", ["raw", "gzip -9", "brotli"]);
for (const name of Object.keys(sizes).sort()) row(name, sizes[name]);
console.log();
for (const [what, { files, limit, aim }] of Object.entries(BUDGETS)) {
  const size = files.reduce((sum, name) => sum + sizes[name][1], 0);
  const kept = size <= limit;
  console.log(`${what}: ${grouped(size)} bytes (gzip -9) of ${grouped(limit)}: ${kept ? "within budget" : "OVER BUDGET"}; the aim is ${grouped(aim)}`);
  if (!kept) process.exitCode = 1;
}
console.log(`The official client: ${grouped(OFFICIAL.umd)} bytes as UMD with WebRTC, ${grouped(OFFICIAL.signallingOnly)} for its SignallingClient alone`);

function measure(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const gzip = execFileSync("gzip", ["-9nc"], { input: bytes });
  return [bytes.length, gzip.length, brotliCompressSync(bytes, { params }).length];
}

function row(name, columns) {
  const cells = columns.map((cell) => (typeof cell === "number" ? grouped(cell) : cell).padStart(9));
  console.log(`${name.padEnd(34)}${cells.join("")}`);
}

function grouped(number) {
  return number.toLocaleString("en");
}
