// The table environment → result, on the terminal and in docs/PLATFORMS.md.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DOCUMENT = fileURLToPath(new URL("../../../../docs/PLATFORMS.md", import.meta.url));

export function print(rows) {
  const width = Math.max(...rows.map(({ environment }) => environment.name.length));
  for (const { environment, result, again } of rows) {
    const time = again ? "earlier" : `${result.seconds.toFixed(1)} s`;
    const word = result.ok ? "ok" : "FAILED";
    console.log(`${environment.name.padEnd(width)}  ${word.padEnd(6)}  ${time.padStart(8)}  ${result.versions.join(", ")}`);
  }
}

/** Replaces one of the tables in docs/PLATFORMS.md. */
export function write(name, rows, packageVersion) {
  const text = readFileSync(DOCUMENT, "utf8");
  const [begin, end] = [`<!-- table: ${name} -->\n`, "<!-- end of table -->"];
  const from = text.indexOf(begin);
  if (from < 0) throw new Error(`docs/PLATFORMS.md has lost the line ${begin}`);
  const dates = rows.map(({ result }) => result.date).sort();
  const lines = rows.map(({ environment, result }) => {
    return `| ${environment.title} | ${result.versions.join(", ")} | ${result.ok ? "works" : "FAILS"} | ${result.seconds.toFixed(1)} s |`;
  });
  const table = [
    `metered-realtime ${packageVersion}, ${dates.at(-1)}, ${process.platform} ${process.arch}.`,
    "",
    "| environment | versions | result | took |",
    "|---|---|---|---:|",
    ...lines,
  ];
  writeFileSync(DOCUMENT, `${text.slice(0, from)}${begin}\n${table.join("\n")}\n\n${text.slice(text.indexOf(end, from))}`);
}
