// The code in the documentation: programs run against the local server and print what their comments say, everything else compiles.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "../support/server.mjs";
import { blocksOf, isProgram, pages, read, root, scriptsOf } from "./blocks.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "../installed/snippets");
const blocks = pages().flatMap(blocksOf);

/** Names that the parts of programs use without importing them. */
const SURROUNDINGS = `
import type * as metered from "metered-realtime";
declare global {
  const client: metered.SignallingClient;
  const MeteredRealtime: typeof metered;
  function fetchMissedMessages(): Promise<unknown[]>;
  function fetchToken(): Promise<string>;
  function show(...what: unknown[]): void;
}
`;

const COMPILER_OPTIONS = {
  allowJs: true,
  checkJs: true,
  strict: true,
  noImplicitAny: false,
  noEmit: true,
  skipLibCheck: true,
  target: "esnext",
  module: "esnext",
  moduleResolution: "bundler",
  moduleDetection: "force",
  lib: ["esnext", "dom", "dom.iterable"],
  types: ["node"],
  typeRoots: [join(here, "../node_modules/@types")],
};

/** The key pair in the configuration of the server. */
const SECRET_KEY = "sk_id_local:sk_secret_for_local_experiments_only";
const CONFIGURATION = join(here, "../../../dev-server/metered-realtime-server.example.toml");

let server;

before(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  server = await startServer(["--relaxed", "--log", "off", "--config", CONFIGURATION]);
});

after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.stop();
});

test("every block names its language: rustdoc takes one without for Rust", () => {
  assert.deepEqual(
    blocks.filter(({ language }) => language === "").map(({ name }) => name),
    [],
  );
});

test("every block compiles against the package's types", async () => {
  const html = blocks.filter(({ language }) => language === "html").flatMap(scriptsOf);
  const scripts = [...blocks.filter(({ language }) => ["js", "ts"].includes(language)), ...html];
  assert.ok(scripts.length > 10, "the blocks were found");
  const files = scripts.map((block) => [fileName(block), block.code]);
  files.push(["surroundings.d.ts", SURROUNDINGS]);
  for (const [name, code] of files) writeFileSync(join(folder, name), code);
  const project = { compilerOptions: COMPILER_OPTIONS, files: files.map(([name]) => name) };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
  const { code, output } = await run([join(here, "../node_modules/typescript/bin/tsc"), "--project", folder]);
  assert.equal(code, 0, output);
});

for (const block of blocks.filter(isProgram)) {
  test(`${block.name} runs and prints what it says`, async () => {
    const file = join(folder, `run-${fileName(block)}`);
    writeFileSync(file, toLocal(block.code));
    const { code, output } = await run([file], { METERED_REALTIME_SECRET_KEY: SECRET_KEY });
    assert.equal(code, 0, output);
    for (const [, said] of block.code.matchAll(/\/\/ -> (.+)$/gm)) {
      assert.ok(output.split("\n").includes(said), `it should print "${said}", but printed:\n${output}`);
    }
  });
}

test("every link leads to a file that exists, and to a heading in it", () => {
  for (const page of pages()) {
    for (const [, target] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path, anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      assert.ok(existsSync(join(root, file)), `${page} links to ${target}, which does not exist`);
      if (anchor) assert.ok(anchorsOf(read(file)).has(anchor), `${page} links to ${target}, which is no heading`);
    }
  }
});

/** Replaces the addresses in a program by that of the test's server, and ends a program that does not close. */
function toLocal(code) {
  const local = code
    .replaceAll("ws://127.0.0.1:8080", server.url)
    .replaceAll("http://127.0.0.1:8080", server.url.replace("ws:", "http:"))
    .replaceAll('apiKey: "pk_live_..."', `apiKey: "pk_live_local", url: "${server.url}"`);
  return code.includes("client.close(") ? local : `${local}\nprocess.exit(0);\n`;
}

function fileName({ name, language }) {
  return `${name.replaceAll(/\W+/g, "-")}.${language === "ts" ? "mts" : "mjs"}`;
}

function run(args, env = {}) {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 60_000, env: { ...process.env, ...env } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? 1) : 0, output: stdout + stderr });
    });
  });
}

/** Headings as GitHub links to them. */
function anchorsOf(text) {
  const headings = text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, title]) => title.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")));
}
