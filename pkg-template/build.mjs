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
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
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
    return { wasm: readFileSync(optimised), bindings: shorten(bindings, JSON.parse(printed)) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** wasm-opt renamed what the module imports and exports; the bindings have to say the new names. */
function shorten(bindings, { imports, exports }) {
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
  for (const [name, short] of exports) rename(new RegExp(`\\bwasm\\.${escape(name)}\\b`, "g"), () => `wasm.${short}`);
  if (!rename(/"\.\/metered_realtime_bg\.js": import0/, () => `"${SHORT_MODULE}": import0`)) {
    throw new Error("the bindings do not name their module; has wasm-bindgen changed its output?");
  }
  return text;
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
      charset: "utf8",
      external: ["ws"],
      inject: [join(here, "src/text-codec.js")],
      legalComments: "none",
      logLevel: "warning",
      // The bindings list some imports twice; the last one counts and is the right one.
      logOverride: { "duplicate-object-key": "silent" },
      plugins: [virtual({ "#wasm": core.bindings, "#bytes": bytesModule(core.wasm, format) })],
    });
  }
}

/**
 * The core as a string. Modules are always UTF-8, so there each byte is one character, shifted so that few need an escape: that
 * compresses best. A classic script may be read in any encoding, so there it is hexadecimal, which still beats base64: bytes
 * stay aligned.
 */
function bytesModule(wasm, format) {
  if (format === "iife") {
    return decoder(`"${wasm.toString("hex")}"`, "text.length / 2", "parseInt(text.substr(i * 2, 2), 16)");
  }
  const literals = Array.from({ length: 64 }, (_, i) => ({ shift: i * 4, text: asLiteral(wasm, i * 4) }));
  const sizes = literals.map(({ text }) => gzipSync(text, { level: 9 }).length);
  const { shift, text } = literals[sizes.indexOf(Math.min(...sizes))];
  return decoder(text, "text.length", `text.charCodeAt(i) - ${shift}`);
}

function decoder(literal, length, byte) {
  return `const text = ${literal};
export function bytes() {
  const bytes = new Uint8Array(${length});
  for (let i = 0; i < bytes.length; i++) bytes[i] = ${byte};
  return bytes;
}`;
}

/** A JavaScript string with a character for each byte plus `shift`, without control characters. */
function asLiteral(wasm, shift) {
  const text = Array.from(wasm, (byte) => String.fromCharCode((byte + shift) & 255)).join("");
  // eslint-disable-next-line no-control-regex
  const escaped = text.replace(/[\\"\x00-\x1f\x7f-\x9f]/g, (character) =>
    /[\\"]/.test(character) ? `\\${character}` : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${escaped}"`;
}

function virtual(modules) {
  return {
    name: "virtual",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^#/ }, ({ path }) => ({ path, namespace: "virtual" }));
      onLoad({ filter: /.*/, namespace: "virtual" }, ({ path }) => ({ contents: modules[path], loader: "js" }));
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
