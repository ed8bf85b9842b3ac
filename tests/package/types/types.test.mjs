// Compiles the declarations as users do: for bundlers, for Node's ES modules and CommonJS, with and without the DOM. Then two
// linters check the package's manifest.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const bin = (path) => join(here, "../node_modules", path);

function run(path, ...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin(path), ...args], { cwd: here }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr });
    });
  });
}

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  // The declarations themselves are checked.
  skipLibCheck: false,
  noEmit: true,
  target: "es2022",
  typeRoots: [bin("@types")],
};
const NODE = { lib: ["es2022"], types: ["node"] };

const PROJECTS = {
  "a bundler": [["surface.ts", "slim.ts"], { ...NODE, module: "esnext", moduleResolution: "bundler" }],
  "Node's ES modules": [["surface.mts", "slim.mts"], { ...NODE, module: "node16", moduleResolution: "node16" }],
  "Node's CommonJS": [
    ["surface.cts", "slim.cts"],
    { ...NODE, module: "node16", moduleResolution: "node16", verbatimModuleSyntax: false, esModuleInterop: true },
  ],
  "a browser": [["browser.ts"], { lib: ["es2022", "dom"], types: [], module: "esnext", moduleResolution: "bundler" }],
};

for (const [name, [files, options]] of Object.entries(PROJECTS)) {
  test(`the types hold for ${name}`, async () => {
    const folder = join(here, "../installed", `types-${name.replaceAll(/\W/g, "-")}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const file of files) copyFileSync(join(here, file.replace(/\.[mc]?ts$/, ".ts")), join(folder, file));
    // The declarations of `ws` come from the packages of the tests.
    const paths = { ws: [bin("@types/ws/index.d.ts")] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...STRICT, paths, ...options }, files }));
    const { code, output } = await run("typescript/bin/tsc", "--project", folder);
    assert.equal(code, 0, output);
  });
}

test("publint finds nothing", async () => {
  const { code, output } = await run("publint/src/cli.js", "--strict", process.env.METERED_TARBALL);
  assert.equal(code, 0, output);
});

test("the types resolve wherever the code does", async () => {
  // Node below 12 is not supported, and a wasm file has no types.
  const { code, output } = await run(
    "@arethetypeswrong/cli/dist/index.js",
    process.env.METERED_TARBALL,
    ...["--profile", "node16", "--exclude-entrypoints", "metered_realtime.wasm"],
  );
  assert.equal(code, 0, output);
});
