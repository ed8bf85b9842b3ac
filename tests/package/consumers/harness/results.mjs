// The result of each environment's last run. What passed with exactly this package and this test is not run again.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, HERE, SCRATCH, sourcesOf, tarball } from "./place.mjs";

const FILE = join(SCRATCH, "results.json");
const HARNESS = hashOf(join(HERE, "harness"), join(HERE, "apps/consumer.js"));

function read() {
  try {
    return JSON.parse(readFileSync(FILE, "utf8"));
  } catch {
    return {};
  }
}

/** A key for the package, the test and its tools. */
export function keyOf(environment, versions) {
  const tools = environment.tools ? hashOf(join(HERE, "tools", environment.tools)) : "";
  const sources = [...sourcesOf(environment), ...(environment.reads ?? [])];
  return [hashOf(tarball()), HARNESS, tools, hashOf(...sources), environment.test.toString(), ...versions].join(" ");
}

/** The result of an environment that passed with this key before. */
export function passed(name, key) {
  const result = read()[name];
  return result?.ok && result.key === key ? result : undefined;
}

export function keep(name, result) {
  mkdirSync(SCRATCH, { recursive: true });
  writeFileSync(FILE, JSON.stringify({ ...read(), [name]: result }, null, 1));
}
