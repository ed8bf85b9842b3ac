// The scratch folder of the consumers. It holds the tools, installed from their lock files, and a folder for each consumer
// with its sources and the package, installed from the tarball.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./process.mjs";

export const HERE = fileURLToPath(new URL("..", import.meta.url));
export const EXAMPLES = fileURLToPath(new URL("../../../../examples-js", import.meta.url));
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";
const INSTALL_FLAGS = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/** The scratch folder; belongs to this checkout. */
export const SCRATCH = process.env.METERED_CONSUMERS_DIR ?? fileURLToPath(new URL("../../../../target/npm/consumers", import.meta.url));

/** The packed package. */
export function tarball() {
  const named = process.env.METERED_TARBALL;
  if (!named || !existsSync(named)) {
    throw new Error("METERED_TARBALL does not name the packed tarball; run `cargo xtask consumers`, which builds and names it.");
  }
  return resolve(named);
}

/** A hash of the contents of files and folders. */
export function hashOf(...paths) {
  const hash = createHash("sha256");
  const add = (path, name) => {
    if (statSync(path).isDirectory()) {
      for (const entry of readdirSync(path).sort()) if (entry !== "node_modules") add(join(path, entry), `${name}/${entry}`);
    } else {
      hash.update(`${name}\0`).update(readFileSync(path)).update("\0");
    }
  };
  paths.forEach((path, index) => add(path, String(index)));
  return hash.digest("hex");
}

/** Installs a group of tools from its lock file, once, and returns its folder. */
export async function tools(group) {
  const source = join(HERE, "tools", group);
  const home = join(SCRATCH, group);
  await once(home, hashOf(source), async () => {
    cpSync(source, home, { recursive: true });
    await run(NPM, ["ci", ...INSTALL_FLAGS], { cwd: home, limit: 900_000 });
  });
  return home;
}

/** Installs the tarball as a user would, once for each tarball, and returns the folder. */
async function installed() {
  const home = join(SCRATCH, "installed");
  await once(home, hashOf(tarball()), async () => {
    writeFileSync(join(home, "package.json"), '{ "name": "a-user", "private": true }\n');
    await run(NPM, ["install", ...INSTALL_FLAGS, tarball()], { cwd: home });
  });
  return home;
}

/** A fresh folder with the consumer's sources, what all consumers share, and the package. */
export async function settle(name, group, sources) {
  const home = join(group ? await tools(group) : SCRATCH, "apps", name);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  // Build tools look for configuration in the folders above. This file ends their search.
  writeFileSync(join(home, "package.json"), `${JSON.stringify({ name: `consumer-${name}`, private: true })}\n`);
  cpSync(join(await installed(), "node_modules"), join(home, "node_modules"), { recursive: true });
  cpSync(join(HERE, "apps/consumer.js"), join(home, "consumer.js"));
  for (const source of sources) {
    const target = statSync(source).isDirectory() ? home : join(home, basename(source));
    cpSync(source, target, { recursive: true });
  }
  return home;
}

/** The version of an installed package. */
export function versionOf(home, name) {
  return JSON.parse(readFileSync(join(home, "node_modules", name, "package.json"), "utf8")).version;
}

/** Does the work in an empty folder, unless the same was done there before. */
async function once(home, value, work) {
  const stamp = join(home, "node_modules", ".stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === value) return;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  await work();
  writeFileSync(stamp, value);
}

/** The sources of an environment's consumer: folders of `apps`, and files or folders of the documented examples. */
export function sourcesOf({ app = [], example = [] }) {
  return [...[app].flat().map((name) => join(HERE, "apps", name)), ...[example].flat().map((name) => join(EXAMPLES, name))];
}

/** The version of the package in the tarball. */
export function installedVersion() {
  return versionOf(join(SCRATCH, "installed"), "metered-realtime");
}
