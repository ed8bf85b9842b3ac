// Makes the npm package: optimises the wasm that wasm-pack wrote, and bundles one self-contained file for each kind of platform.
//
//   node build.mjs --wasm <folder of wasm-pack's output> --peer <that of the core with calls> --out <folder of the package>

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({ options: { wasm: { type: "string" }, peer: { type: "string" }, out: { type: "string" } } });
if (!args.wasm || !args.peer || !args.out) {
  console.error("usage: node build.mjs --wasm <folder of wasm-pack's output> --peer <that of the core with calls> --out <folder of the package>");
  process.exit(2);
}
const out = resolve(args.out);
const dist = join(out, "dist");
/** The core, seen from the files. */
const WASM = "./metered_realtime.wasm";

rmSync(out, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await bundleCore(resolve(args.wasm), "metered_realtime.wasm", [
  { entry: "entry-browser.js", file: "index.mjs", format: "esm", bytes: hexadecimal },
  { entry: "entry-browser.cjs.js", file: "index.cjs", format: "cjs", bytes: hexadecimal },
  { entry: "entry-script.js", file: "index.global.js", format: "iife", bytes: hexadecimal },
  { entry: "entry-node.mjs", file: "node.mjs", format: "esm", bytes: base64 },
  { entry: "entry-node.cjs.js", file: "node.cjs", format: "cjs", bytes: base64 },
  { entry: "entry-slim.js", file: "slim.mjs", format: "esm" },
  { entry: "entry-slim.cjs.js", file: "slim.cjs", format: "cjs" },
  { entry: "entry-edge.mjs", file: "workerd.mjs", format: "esm", module: WASM },
  // As Next.js wants it.
  { entry: "entry-edge.mjs", file: "edge-light.mjs", format: "esm", module: `${WASM}?module` },
]);
await bundleCore(resolve(args.peer), "metered_realtime_peer.wasm", [
  { entry: "entry-peer-browser.js", file: "peer.mjs", format: "esm", bytes: hexadecimal },
  { entry: "entry-peer-browser.cjs.js", file: "peer.cjs", format: "cjs", bytes: hexadecimal },
  { entry: "entry-peer-node.mjs", file: "peer.node.mjs", format: "esm", bytes: base64 },
  { entry: "entry-peer-node.cjs.js", file: "peer.node.cjs", format: "cjs", bytes: base64 },
]);
writeRest();

function optimise(from, to) {
  const program = join(here, "node_modules/binaryen/bin/wasm-opt");
  // No feature flags: wasm-opt reads what the compiler used from the file itself.
  execFileSync(process.execPath, [program, from, "-Oz", "--strip-debug", "--strip-producers", "-o", to], { stdio: "inherit" });
}

/** Hexadecimal is ASCII, and compresses better than base64. */
function hexadecimal(wasm) {
  return { module: "bytes-hexadecimal.js", text: wasm.toString("hex") };
}

/** Node decodes base64 faster, and nobody compresses it there. */
function base64(wasm) {
  return { module: "bytes-base64.js", text: wasm.toString("base64") };
}

/** One core, optimised, in each of the files that carry it. */
async function bundleCore(core, name, bundles) {
  optimise(join(core, "metered_realtime_bg.wasm"), join(dist, name));
  const wasm = readFileSync(join(dist, name));
  for (const { entry, file, format, bytes, module } of bundles) {
    await build({
      entryPoints: [join(here, "src", entry)],
      outfile: join(dist, file),
      bundle: true,
      minify: true,
      format,
      platform: "neutral",
      target: "es2022",
      external: ["node:*", "ws"],
      // The bindings import the package's error classes by this name.
      alias: { "metered-realtime-face": join(here, "src"), "#core": join(core, "metered_realtime.js") },
      // What the bindings take for the platform's.
      inject: [join(here, "src/text-coding.js"), join(here, "src/platform.js")],
      legalComments: "none",
      sourcemap: "linked",
      logLevel: "warning",
      // The bindings list some imports twice; the last one counts and is the right one. Entries for CommonJS say what they give.
      logOverride: { "duplicate-object-key": "silent", "commonjs-variable-in-esm": "silent" },
      plugins: [bytes && inlined(bytes(wasm)), module && imported(module)].filter(Boolean),
    });
    tidyMap(join(dist, `${file}.map`));
  }
}

/** The core as a text, which the named module decodes. */
function inlined({ module, text }) {
  return {
    name: "inlined",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^#bytes$/ }, () => ({ path: join(here, "src", module) }));
      onResolve({ filter: /^#text$/ }, ({ path }) => ({ path, namespace: "text" }));
      onLoad({ filter: /.*/, namespace: "text" }, () => ({ contents: text, loader: "text" }));
    },
  };
}

/** The core as a module that the platform imports. */
function imported(path) {
  return {
    name: "imported",
    setup({ onResolve }) {
      onResolve({ filter: /^#module$/ }, () => ({ path, external: true }));
    },
  };
}

/** The same names on every machine, as if `src` lay next to `dist`; and the core, a text of many thousands of characters, not twice. */
function tidyMap(file) {
  const map = JSON.parse(readFileSync(file, "utf8"));
  const names = { text: "text.js", "metered_realtime.js": "bindings.js" };
  const nameOf = (source) => source.replace(/^.*[/:#]/, "");
  map.sources = map.sources.map((source) => `../src/${names[nameOf(source)] ?? nameOf(source)}`);
  map.sourcesContent = map.sourcesContent.map((text) => (text.length > 50_000 && !text.includes("\n") ? "..." : text.replaceAll(here, ".")));
  writeFileSync(file, JSON.stringify(map));
}

function writeRest() {
  const manifest = JSON.parse(readFileSync(join(here, "package.publish.json"), "utf8"));
  const cargo = readFileSync(join(here, "../Cargo.toml"), "utf8");
  manifest.version = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(cargo)[1];
  writeFileSync(join(out, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of ["index", "slim", "peer"]) {
    for (const suffix of [".d.ts", ".d.cts"]) {
      const text = readFileSync(join(here, "types", `${name}.d.ts`), "utf8");
      writeFileSync(join(dist, name + suffix), suffix === ".d.cts" ? text.replaceAll('"./index.js"', '"./index.cjs"') : text);
    }
  }
  // For what resolves packages without reading `exports`: TypeScript's `node10`, old bundlers.
  for (const name of ["slim", "peer"]) {
    mkdirSync(join(out, name));
    const entry = { main: `../dist/${name}.cjs`, module: `../dist/${name}.mjs`, types: `../dist/${name}.d.ts`, sideEffects: false };
    writeFileSync(join(out, name, "package.json"), `${JSON.stringify(entry, null, 2)}\n`);
  }
  cpSync(join(here, "README.md"), join(out, "README.md"));
  cpSync(join(here, "../LICENSE"), join(out, "LICENSE"));
}
