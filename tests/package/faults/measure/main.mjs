// Measures how the package behaves under faults, next to the official client, and prints tables. Run by `cargo xtask bench faults`:
//
//   node main.mjs [--only <task>]... [--quick] [--seed <number>]

import { parseArgs } from "node:util";
import { versionOf } from "../kit/library.mjs";
import { reports } from "./reports.mjs";

/** How large each measurement is: in full, and with `--quick`. */
const SIZES = { "half-open": [5, 1], dials: [60, 60], faults: [1_000, 100], leaks: [10_000, 500], fleet: [10_000, 1_000] };

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, quick: { type: "boolean" }, seed: { type: "string", default: "1" } },
});
const tasks = values.only ?? Object.keys(SIZES);
const unknown = tasks.find((task) => !(task in SIZES));
if (unknown) {
  console.error(`there is no task "${unknown}"; the tasks are ${Object.keys(SIZES).join(", ")}`);
  process.exit(2);
}
console.log(`metered-realtime ${versionOf("ours")}, @metered-ca/realtime ${versionOf("official")}, Node ${process.version}, seed ${values.seed}`);
for (const task of tasks) {
  const { measure } = await import(`./${task}.mjs`);
  const [full, quick] = SIZES[task];
  const result = await measure({ seed: Number(values.seed), size: values.quick ? quick : full });
  console.log(`\n${reports[task](result)}`);
}
process.exit();
