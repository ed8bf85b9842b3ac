// Makes the npm package: optimises the wasm that wasm-pack wrote, shortens its names, and bundles one self-contained file for
// each kind of platform.
//
//   node build.mjs --wasm <folder of wasm-pack's output> --packing <wasm of ../packing> --out <folder of the package>

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { minify } from "terser";
import { bySignature } from "./order.mjs";
import { packedModule } from "./pack.mjs";
import { withoutPanics } from "./panics.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({ options: { wasm: { type: "string" }, packing: { type: "string" }, out: { type: "string" } } });
if (!args.wasm || !args.packing || !args.out) {
  console.error("usage: node build.mjs --wasm <folder of wasm-pack's output> --packing <wasm of ../packing> --out <folder of the package>");
  process.exit(2);
}
const out = resolve(args.out);
const dist = join(out, "dist");

/** Less inlining compresses better: what is written out once more is not quite the same twice. */
const LESS_INLINING = "--one-caller-inline-max-function-size=30";
const OPTIMISATIONS = ["--flatten", "--rereloop", "-Oz", "-Oz"];

/** What wasm-opt calls the module that everything is imported from. */
const SHORT_MODULE = "a";

rmSync(out, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const core = optimise(resolve(args.wasm));
writeFileSync(join(dist, "metered_realtime.wasm"), core.wasm);
await bundleAll(core);
writeRest();

/** The wasm after wasm-opt, and the bindings with the same short names. */
function optimise(folder) {
  const trimmed = withoutPanics(readFileSync(join(folder, "metered_realtime_bg.wasm")));
  const { wasm, printed } = wasmOpt(trimmed, [LESS_INLINING], ["--minify-imports-and-exports-and-modules"]);
  const bindings = readFileSync(join(folder, "metered_realtime.js"), "utf8");
  const { imports, exports } = JSON.parse(printed);
  const shortExports = (text) => exports.reduce((text, [name, short]) => text.replace(calls(name), `wasm.${short}`), text);
  return { wasm: bySignature(wasm), bindings: shortExports(shorten(lean(bindings), imports)), shortExports };
}

function wasmOpt(wasm, first, last) {
  const scratch = mkdtempSync(join(tmpdir(), "metered-realtime-"));
  try {
    const [before, after] = [join(scratch, "before.wasm"), join(scratch, "after.wasm")];
    writeFileSync(before, wasm);
    // No feature flags: wasm-opt reads what the compiler used from the file itself.
    const options = [...first, ...OPTIMISATIONS, "--strip-debug", "--strip-producers", "--strip-target-features", ...last];
    const program = join(here, "node_modules/binaryen/bin/wasm-opt");
    const printed = execFileSync(process.execPath, [program, before, ...options, "-o", after], { encoding: "utf8" });
    return { wasm: readFileSync(after), printed };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * The package calls the instance itself, and makes it itself; what the bindings have for that is left out by the bundler. Texts cross
 * seldom, so the way for them is the shortest to write, in src/memory.js, not the fastest.
 */
function lean(bindings) {
  const helpers = bindings.indexOf("let cachedDataViewMemory0");
  const growing = ", wasm.__wbindgen_realloc";
  if (helpers < 0 || !bindings.includes(growing)) throw new Error("the bindings pass texts in another way; has wasm-bindgen changed its output?");
  const memory = JSON.stringify(join(here, "src/memory.js"));
  return `import { getDataViewMemory0, getStringFromWasm0, isLikeNone, passStringToWasm0, wasm, WASM_VECTOR_LEN } from ${memory};
${bindings.slice(0, helpers).replaceAll(growing, "")}
export { __wbg_get_imports as imports };
export { use, wasm } from ${memory};`;
}

/** wasm-opt renamed what the module imports; the bindings have to say the new names. */
function shorten(bindings, imports) {
  let text = bindings;
  const rename = (pattern, by) => {
    const before = text;
    text = text.replace(pattern, by);
    return text !== before;
  };
  for (const [module, name, short] of imports) {
    const renamed = rename(new RegExp(`(^\\s*)${escape(name)}(: |\\()`, "gm"), (_, head, tail) => head + short + tail);
    if (!renamed) throw new Error(`the bindings do not provide ${module} ${name}; has wasm-bindgen changed its output?`);
  }
  if (!rename(/"\.\/metered_realtime_bg\.js": import0/, () => `"${SHORT_MODULE}": import0`)) {
    throw new Error("the bindings do not name their module; has wasm-bindgen changed its output?");
  }
  return text;
}

/** Where the bindings, and the package's own code, name an export. */
function calls(name) {
  return new RegExp(`\\bwasm\\.${escape(name)}\\b`, "g");
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

async function bundleAll(core) {
  const bytes = packedModule(core.wasm, readFileSync(resolve(args.packing)), (wasm) => wasmOpt(wasm, [], []).wasm);
  const entries = [
    { entry: "entry-browser.js", file: "index.mjs", format: "esm" },
    { entry: "entry-browser.js", file: "index.cjs", format: "cjs" },
    { entry: "entry-browser.js", file: "index.global.js", format: "iife", globalName: "MeteredRealtime" },
    { entry: "entry-node.mjs", file: "node.mjs", format: "esm" },
    { entry: "entry-node.cjs.js", file: "node.cjs", format: "cjs" },
    { entry: "entry-slim.js", file: "slim.mjs", format: "esm" },
    { entry: "entry-slim.js", file: "slim.cjs", format: "cjs" },
  ];
  for (const { entry, file, format, globalName } of entries) {
    await build({
      entryPoints: [join(here, "src", entry)],
      outfile: join(dist, file),
      bundle: true,
      minify: true,
      format,
      globalName,
      platform: "neutral",
      target: "es2022",
      external: ["node:*", "ws"],
      legalComments: "none",
      sourcemap: "linked",
      logLevel: "warning",
      // The bindings list some imports twice; the last one counts and is the right one.
      logOverride: { "duplicate-object-key": "silent" },
      plugins: [virtual({ "#wasm": core.bindings, "#bytes": bytes }), callsOf(core)],
    });
    // As a script, terser takes what a file gives to its page for unused.
    if (format !== "iife") await shrink(join(dist, file));
    if (format === "esm") hoistUnpacker(join(dist, file));
    tidyMap(join(dist, `${file}.map`));
  }
}

/** terser finds a few percent that esbuild leaves. */
async function shrink(file) {
  const map = `${file}.map`;
  const shrunk = await minify(readFileSync(file, "utf8"), {
    toplevel: true,
    ecma: 2020,
    compress: { passes: 3 },
    sourceMap: { content: readFileSync(map, "utf8"), url: basename(map), includeSources: true },
  });
  writeFileSync(file, `${shrunk.code}\n`);
  writeFileSync(map, shrunk.map);
}

/** What unpacks the core compresses, what is packed does not: one is to begin the file, the other to end it. */
function hoistUnpacker(file) {
  const code = readFileSync(file, "utf8");
  const [text] = /"[#-[\]-~]{2000,}"/.exec(code) ?? [];
  if (!text) return;
  // A line of its own, so that the map needs but one more.
  writeFileSync(file, `var unpacker=${text};\n${code.replace(text, "unpacker")}`);
  const map = JSON.parse(readFileSync(`${file}.map`, "utf8"));
  writeFileSync(`${file}.map`, JSON.stringify({ ...map, mappings: `;${map.mappings}` }));
}

/** The same names on every machine, as if `src` lay next to `dist`; and the core, a text of many thousands of characters, not twice. */
function tidyMap(file) {
  const map = JSON.parse(readFileSync(file, "utf8"));
  map.sources = map.sources.map((source) => `../src/${source.replace(/^virtual:#(.*)/, "$1.js").replace(/^.*\//, "")}`);
  map.sourcesContent = map.sourcesContent.map((text) => text.replace(/"[^"\n]{1000,}"/g, '"..."').replaceAll(here, "."));
  writeFileSync(file, JSON.stringify(map));
}

/** The package's code names the core's functions as Rust does. */
function callsOf({ shortExports }) {
  return {
    name: "calls",
    setup({ onLoad }) {
      onLoad({ filter: /src[\\/](client|core|host|memory)\.js$/ }, ({ path }) => ({ contents: shortExports(readFileSync(path, "utf8")), loader: "js" }));
    },
  };
}

function virtual(modules) {
  return {
    name: "virtual",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^#/ }, ({ path }) => ({ path, namespace: "virtual" }));
      onLoad({ filter: /.*/, namespace: "virtual" }, ({ path }) => ({ contents: modules[path], loader: "js", resolveDir: here }));
    },
  };
}

function writeRest() {
  const manifest = JSON.parse(readFileSync(join(here, "package.publish.json"), "utf8"));
  const cargo = readFileSync(join(here, "../Cargo.toml"), "utf8");
  manifest.version = /\[workspace\.package\][^[]*?\nversion = "([^"]+)"/.exec(cargo)[1];
  writeFileSync(join(out, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of ["index", "slim"]) {
    for (const suffix of [".d.ts", ".d.cts"]) {
      const text = readFileSync(join(here, "types", `${name}.d.ts`), "utf8");
      writeFileSync(join(dist, name + suffix), suffix === ".d.cts" ? text.replaceAll('"./index.js"', '"./index.cjs"') : text);
    }
  }
  // For what resolves packages without reading `exports`: TypeScript's `node10`, old bundlers.
  mkdirSync(join(out, "slim"));
  const slim = { main: "../dist/slim.cjs", module: "../dist/slim.mjs", types: "../dist/slim.d.ts", sideEffects: false };
  writeFileSync(join(out, "slim/package.json"), `${JSON.stringify(slim, null, 2)}\n`);
  cpSync(join(here, "README.md"), join(out, "README.md"));
  cpSync(join(here, "../LICENSE"), join(out, "LICENSE"));
}
