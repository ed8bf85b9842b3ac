// The libraries under test, ours and the official one, and where their files are.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const TESTS = join(HERE, "../..");

/** METERED_PKG, or what `npm test` has installed. */
const OURS = process.env.METERED_PKG ?? join(TESTS, "installed/node_modules/metered-realtime");
const OFFICIAL = join(TESTS, "node_modules/@metered-ca/realtime");

export const FOLDERS = { ours: OURS, official: OFFICIAL };
const NODE_ENTRY = { ours: "dist/node.mjs", official: "dist/index.mjs" };
const PAGE_ENTRY = { ours: "dist/index.mjs", official: "dist/index.mjs" };

/** Imports `ours` or `official` into this process, or `ws alone`, which only reconnects. */
export function load(library) {
  if (library === "ws alone") return import("./ws-alone.mjs");
  return import(pathToFileURL(join(FOLDERS[library], NODE_ENTRY[library])));
}

/** The path of a library's entry for pages, below its folder. */
export function pageEntry(library) {
  return PAGE_ENTRY[library];
}

export function versionOf(library) {
  return JSON.parse(readFileSync(join(FOLDERS[library], "package.json"), "utf8")).version;
}
