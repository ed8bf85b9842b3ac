// Installs the packed tarball, as a user would, into `installed/`. Runs before the tests (`npm test`).

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../installed");
const tarball = process.env.METERED_TARBALL;
if (!tarball || !existsSync(tarball)) {
  console.error("METERED_TARBALL does not name the packed tarball; run `cargo xtask test`, which builds and names it.");
  process.exit(1);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
writeFileSync(join(folder, "package.json"), '{ "name": "a-user", "private": true }\n');
// Tests import these, and these find the package as any user's file does.
writeFileSync(join(folder, "entry.mjs"), 'export * from "metered-realtime";\n');
writeFileSync(join(folder, "entry.cjs"), 'module.exports = require("metered-realtime");\n');
// Programs of users, for the tests of whole processes.
cpSync(join(folder, "../process/scripts"), folder, { recursive: true });
execFileSync(
  process.platform === "win32" ? "npm.cmd" : "npm",
  ["install", "--no-save", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", resolve(tarball)],
  { cwd: folder, stdio: "inherit" },
);
