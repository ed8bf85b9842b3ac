// Measures the npm package: each file raw and compressed, what the default entry is made of, and whether it keeps its budget.
//
//   node size.mjs --pkg <folder of the package> --wasm <folder of wasm-pack's output> [--write]
//
// With --write the table in README.md says the same.
// Ends with code 1 when the default browser entry is over budget.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { codeByModule, sections } from "./wasm-anatomy.mjs";

/** What users download by default: one file with glue and core. */
const MEASURED = "index.mjs";
const BUDGET = 24_000;
/** The whole UMD file of the official client, WebRTC included, and its `SignallingClient` alone when a bundler drops the rest. */
const OFFICIAL = { umd: 15_174, signallingOnly: 8_200 };
/** Parts of the code that are listed by name. */
const LISTED_SHARE = 0.01;

const { values: args } = parseArgs({
  options: { pkg: { type: "string" }, wasm: { type: "string" }, write: { type: "boolean", default: false } },
});
if (!args.pkg || !args.wasm) {
  console.error("usage: node size.mjs --pkg <folder of the package> --wasm <folder of wasm-pack's output> [--write]");
  process.exit(2);
}
const dist = join(args.pkg, "dist");

const header = ["raw", "gzip -9", "brotli", "zlib -9"];
row("", header);
const files = readdirSync(dist).filter((name) => /\.(mjs|cjs|js|wasm)$/.test(name));
for (const name of files.sort()) row(name, measure(readFileSync(join(dist, name))));

console.log(`\n${MEASURED}, its parts by themselves`);
const core = readFileSync(join(dist, "metered_realtime.wasm"));
row("  glue, entry and errors", measure(readFileSync(join(dist, "slim.mjs"))));
row("  core", measure(core));
const { unpacker, packed } = /"(?<unpacker>[#-[\]-~]{2000,})".*"(?<packed>[\w+/=]{5000,})"/s.exec(readFileSync(join(dist, MEASURED), "utf8")).groups;
row("  what unpacks the core", measure(Buffer.from(unpacker)));
row("  the core, packed", measure(Buffer.from(packed)));

console.log("\nThe core, by section");
for (const { name, bytes } of sections(core)) row(`  ${name}`, measure(bytes));

const named = join(args.wasm, "metered_realtime_bg.wasm");
if (existsSync(named)) {
  console.log("\nThe core's code before wasm-opt, by crate and module");
  const modules = codeByModule(readFileSync(named));
  const total = modules.reduce((sum, { size }) => sum + size, 0);
  const listed = modules.filter(({ size }) => size / total >= LISTED_SHARE);
  for (const { name, size } of listed) share(name, size, total);
  share("everything else", total - listed.reduce((sum, { size }) => sum + size, 0), total);
}

const [, size] = measure(readFileSync(join(dist, MEASURED)));
const kept = size <= BUDGET;
const ratio = (other) => `${(size / other).toFixed(2)}x`;
console.log(
  `\n${MEASURED}: ${grouped(size)} bytes (gzip -9) of ${grouped(BUDGET)}: ${kept ? "within budget" : "OVER BUDGET"}; ` +
    `${ratio(OFFICIAL.umd)} the official UMD with WebRTC, ${ratio(OFFICIAL.signallingOnly)} its SignallingClient alone`,
);
if (args.write) writeReadme();
process.exitCode = kept ? 0 : 1;

/** Sizes as users of the package care for them, next to those of the official client. */
function writeReadme() {
  const file = new URL("README.md", import.meta.url);
  const [begin, end] = ["<!-- sizes -->\n", "<!-- end of sizes -->"];
  const text = readFileSync(file, "utf8");
  const kilobytes = (bytes) => (bytes / 1000).toFixed(1);
  const line = (what, [, gzip, brotli]) => `| ${what} | ${kilobytes(gzip)} KB | ${brotli ? `${kilobytes(brotli)} KB` : ""} |`;
  const together = [measure(readFileSync(join(dist, "slim.mjs"))), measure(core)];
  const table = [
    "| | gzip | brotli |",
    "|---|---:|---:|",
    line("`metered-realtime`, everything in one file", measure(readFileSync(join(dist, MEASURED)))),
    line("`metered-realtime/slim` and its core as a file", [0, 1, 2].map((column) => together[0][column] + together[1][column])),
    line("`@metered-ca/realtime`, the whole UMD file, with WebRTC", [0, OFFICIAL.umd]),
    line("`@metered-ca/realtime`, its `SignallingClient` alone, bundled", [0, OFFICIAL.signallingOnly]),
  ];
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  if (to < from) throw new Error(`README.md has lost the lines ${begin.trim()} and ${end}`);
  writeFileSync(file, `${text.slice(0, from)}\n${table.join("\n")}\n\n${text.slice(to)}`);
}

function measure(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  // Web servers have the program's format by the library, which ends its blocks elsewhere.
  const gzip = execFileSync("gzip", ["-9nc"], { input: bytes });
  const zlib = gzipSync(bytes, { level: 9 });
  return [bytes.length, gzip.length, brotliCompressSync(bytes, { params }).length, zlib.length];
}

function row(name, columns) {
  const cells = columns.map((cell) => (typeof cell === "number" ? grouped(cell) : cell).padStart(9));
  console.log(`${name.padEnd(34)}${cells.join("")}`);
}

function share(name, size, total) {
  console.log(`  ${name.padEnd(44)}${grouped(size).padStart(9)}${`${((100 * size) / total).toFixed(1)} %`.padStart(9)}`);
}

function grouped(number) {
  return number.toLocaleString("en");
}
