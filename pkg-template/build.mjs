// Makes the npm package: optimises the wasm that wasm-pack wrote, shortens its names, and bundles one self-contained file for
// each kind of platform.
//
//   node build.mjs --wasm <folder of wasm-pack's output> --out <folder of the package>

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { toColumns } from "./columns.mjs";
import { withoutPanics } from "./panics.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({ options: { wasm: { type: "string" }, out: { type: "string" } } });
if (!args.wasm || !args.out) {
  console.error("usage: node build.mjs --wasm <folder of wasm-pack's output> --out <folder of the package>");
  process.exit(2);
}
const out = resolve(args.out);
const dist = join(out, "dist");

/** Less inlining compresses better: what is written out once more is not quite the same twice. */
const OPTIMISATIONS = ["--one-caller-inline-max-function-size=30", "--flatten", "--rereloop", "-Oz", "-Oz"];

/** Printable characters that need no escape in a string, nor in HTML around it. */
const ALPHABET = Array.from({ length: 92 }, (_, i) => String.fromCharCode(35 + i)).filter((c) => !"$<\\`".includes(c)).join("");
/** How many bytes are one character; the last two characters begin all others. */
const COMMON = ALPHABET.length - 2;

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
  const scratch = mkdtempSync(join(tmpdir(), "metered-realtime-"));
  try {
    const trimmed = join(scratch, "trimmed.wasm");
    const optimised = join(scratch, "core.wasm");
    writeFileSync(trimmed, withoutPanics(readFileSync(join(folder, "metered_realtime_bg.wasm"))));
    // No feature flags: wasm-opt reads what the compiler used from the file itself.
    const printed = execFileSync(
      process.execPath,
      [
        join(here, "node_modules/binaryen/bin/wasm-opt"),
        trimmed,
        ...OPTIMISATIONS,
        ...["--strip-debug", "--strip-producers", "--minify-imports-and-exports-and-modules"],
        ...["-o", optimised],
      ],
      { encoding: "utf8" },
    );
    const bindings = readFileSync(join(folder, "metered_realtime.js"), "utf8");
    const { imports, exports } = JSON.parse(printed);
    const shortExports = (text) => exports.reduce((text, [name, short]) => text.replace(calls(name), `wasm.${short}`), text);
    return { wasm: readFileSync(optimised), bindings: shortExports(shorten(lean(bindings), imports)), shortExports };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The package calls the instance itself, and makes it itself; what the bindings have for that is left out by the bundler. */
function lean(bindings) {
  const unused = / {2}if \(realloc === undefined\) \{\n(?: {4}.*\n)*? {4}\}\n/;
  if (!unused.test(bindings)) throw new Error("the bindings pass texts in another way; has wasm-bindgen changed its output?");
  return `${bindings.replace(unused, "")}
export { wasm, __wbg_get_imports as imports, __wbg_finalize_init as use };
`;
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
      external: ["node:*"],
      inject: [join(here, "src/text-codec.js")],
      legalComments: "none",
      sourcemap: "linked",
      logLevel: "warning",
      // The bindings list some imports twice; the last one counts and is the right one.
      logOverride: { "duplicate-object-key": "silent" },
      plugins: [virtual({ "#wasm": core.bindings, "#bytes": bytesModule(core.wasm) }), callsOf(core)],
    });
    tidyMap(join(dist, `${file}.map`));
  }
}

/** The same names on every machine, as if `src` lay next to `dist`; and the core, a text of many thousands of characters, not twice. */
function tidyMap(file) {
  const map = JSON.parse(readFileSync(file, "utf8"));
  map.sources = map.sources.map((source) => `../src/${source.replace(/^virtual:#(.*)/, "$1.js").replace(/^.*\//, "")}`);
  map.sourcesContent = map.sourcesContent.map((text) => text.replace(/"[^"\n]{1000,}"/g, '"..."').replaceAll(here, "."));
  writeFileSync(file, JSON.stringify(map));
}

/**
 * The core as a string of printable ASCII, so that it survives every bundler and every page's encoding. The bytes that come most
 * often are one character each, the others two. That compresses within a percent of the bytes themselves, where hexadecimal adds
 * a tenth and base64 a quarter. Within both groups the order of the bytes is kept, so a bit for each byte tells all there is to know.
 */
function bytesModule(wasm) {
  const { bytes, starts, head, tail } = toColumns(wasm);
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]++;
  const common = new Set([...counts.keys()].sort((a, b) => counts[b] - counts[a]).slice(0, COMMON));
  const order = orderOf((byte) => common.has(byte));
  const places = new Map(order.map((byte, place) => [byte, place]));
  const text = Array.from(bytes, (byte) => {
    const place = places.get(byte);
    return (place < COMMON ? "" : ALPHABET[COMMON - 1 + Math.floor(place / COMMON)]) + ALPHABET[place % COMMON];
  }).join("");
  const bits = Array.from({ length: 64 }, (_, i) => [0, 1, 2, 3].reduce((bits, bit) => bits + (common.has(i * 4 + bit) << bit), 0));
  return `import { fromColumns } from ${JSON.stringify(join(here, "src/columns.js"))};
const text = "${text}";
const alphabet = ${JSON.stringify(ALPHABET)};
const common = "${bits.map((four) => four.toString(16)).join("")}";
${orderOf}
export function bytes() {
  const order = orderOf((byte) => (parseInt(common[byte >> 2], 16) >> (byte & 3)) & 1);
  const places = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; i++) places[alphabet.charCodeAt(i)] = i;
  const bytes = new Uint8Array(${wasm.length});
  for (let i = 0, n = 0; n < bytes.length; i++, n++) {
    let place = places[text.charCodeAt(i)];
    if (place >= ${COMMON}) place = (place - ${COMMON - 1}) * ${COMMON} + places[text.charCodeAt(++i)];
    bytes[n] = order[place];
  }
  return fromColumns(bytes, ${JSON.stringify(starts)}, ${head}, ${tail});
}`;
}

/** All bytes, the common ones first. Runs in the package too. */
function orderOf(isCommon) {
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  return [...all.filter((byte) => isCommon(byte)), ...all.filter((byte) => !isCommon(byte))];
}

/** The package's code names the core's functions as Rust does. */
function callsOf({ shortExports }) {
  return {
    name: "calls",
    setup({ onLoad }) {
      onLoad({ filter: /src[\\/](client|core|host)\.js$/ }, ({ path }) => ({ contents: shortExports(readFileSync(path, "utf8")), loader: "js" }));
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
