// Uses the packed tarball in every environment that it promises to work in; `cargo xtask consumers` runs this.
//
//   node run.mjs [--quick] [--only NAME]... [--list] [--force] [--write] [--engine firefox|webkit]
//
// With another engine than Chromium: only the pages that need no build tool.
// Set by `cargo xtask consumers`: METERED_TARBALL, METERED_SERVER_BIN, METERED_CHROMIUM. By `cargo xtask browsers` also
// METERED_FIREFOX and METERED_GECKODRIVER, METERED_WEBKIT_DRIVER.

import { parseArgs } from "node:util";
import { startServer } from "../support/server.mjs";
import bundlers from "./environments/bundlers.mjs";
import edge from "./environments/edge.mjs";
import engines from "./environments/engines.mjs";
import examples from "./environments/examples.mjs";
import frameworks from "./environments/frameworks.mjs";
import pages from "./environments/pages.mjs";
import proxies from "./environments/proxies.mjs";
import runners from "./environments/runners.mjs";
import runtimes from "./environments/runtimes.mjs";
import types from "./environments/types.mjs";
import { choose, closeEngine } from "./harness/engines.mjs";
import { Lab } from "./harness/lab.mjs";
import { installedVersion, settle, sourcesOf, tools } from "./harness/place.mjs";
import { endAll } from "./harness/process.mjs";
import { keep, keyOf, passed } from "./harness/results.mjs";
import { print, write } from "./harness/table.mjs";
import { versionsOf } from "./harness/versions.mjs";

const { values: args } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    force: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    engine: { type: "string", default: "chromium" },
  },
});

choose(args.engine);
const inChromium = args.engine === "chromium";
const ALL = inChromium
  ? [...pages, ...bundlers, ...frameworks, ...runtimes, ...edge, ...proxies, ...runners, ...types, ...examples]
  : [...pages, ...engines].map((environment) => ({ ...environment, name: `${args.engine}-${environment.name}` }));
const wanted = ALL.filter(({ name, quick }) => (args.only.length > 0 ? args.only.some((part) => name.startsWith(part)) : quick || !args.quick));

if (args.list) {
  for (const { name, title, quick } of ALL) console.log(`${name.padEnd(20)} ${quick ? "quick" : "     "}  ${title}`);
} else if (wanted.length === 0) {
  console.error(`no environment is called ${args.only.join(" or ")}; --list names them`);
  process.exitCode = 1;
} else {
  process.on("exit", endAll);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
  process.exitCode = await runAll();
}

async function runAll() {
  // Relaxed, as these are more connections from one address than the service allows.
  const server = await startServer(["--log", "warn", "--relaxed"]);
  const rows = [];
  try {
    for (const environment of wanted) rows.push(await judge(environment, server));
  } finally {
    await Promise.all([server.stop(), closeEngine()]);
  }
  return conclude(rows);
}

/** The environment's result: of an earlier run, or of one now. */
async function judge(environment, server) {
  const versions = await versionsOf(environment);
  const key = keyOf(environment, versions);
  const earlier = args.force ? undefined : passed(environment.name, key);
  if (earlier) return { environment, result: earlier, again: true };
  process.stderr.write(`${environment.name} ... `);
  const began = performance.now();
  const failure = await attempt(environment, server);
  const seconds = (performance.now() - began) / 1000;
  const result = { ok: failure === undefined, key, versions, seconds, date: new Date().toISOString().slice(0, 10) };
  keep(environment.name, result);
  process.stderr.write(`${failure ? `FAILED\n${indent(failure.stack)}\n` : "ok"} (${seconds.toFixed(1)} s)\n`);
  return { environment, result };
}

/** What went wrong, if anything did. */
async function attempt({ name, tools: group, test, ...environment }, server) {
  let lab;
  try {
    const folder = await settle(name, group, sourcesOf(environment));
    lab = new Lab({ name, folder, tools: group && (await tools(group)), server });
    await test(lab);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    lab?.clean();
  }
}

function conclude(rows) {
  const failed = rows.filter(({ result }) => !result.ok);
  print(rows);
  if (args.write) write(inChromium ? "consumers" : args.engine, rows, installedVersion());
  // In the format of Node's test runner, which `cargo xtask` counts.
  console.log(`\n# tests ${rows.length}\n# pass ${rows.length - failed.length}\n# fail ${failed.length}`);
  return failed.length > 0 ? 1 : 0;
}

function indent(text) {
  return text.replace(/^/gm, "    ");
}
