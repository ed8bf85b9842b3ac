// Takes one measurement of both libraries and prints it as JSON on the last line. Run by `cargo xtask scorecard`:
//
//   node main.mjs --task <name> [--seed <n>] [--size <n>]

import { parseArgs } from "node:util";
import { versionOf } from "../kit/library.mjs";

const TASKS = ["half-open", "dials", "faults", "leaks", "fleet"];
const { values } = parseArgs({ options: { task: { type: "string" }, seed: { type: "string" }, size: { type: "string" } } });
if (!TASKS.includes(values.task)) {
  console.error(`usage: node main.mjs --task <${TASKS.join(" | ")}> [--seed <n>] [--size <n>]`);
  process.exit(2);
}
const { measure } = await import(`./${values.task}.mjs`);
const result = await measure({ seed: Number(values.seed ?? 1), size: Number(values.size ?? 0) });
const versions = { ours: versionOf("ours"), official: versionOf("official"), node: process.version };
console.log(JSON.stringify({ task: values.task, versions, ...result }));
process.exit();
