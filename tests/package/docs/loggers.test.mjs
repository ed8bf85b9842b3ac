// The loggers of docs/guide/loggers.md get the text and the details of each line.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "../support/server.mjs";
import { blocksOf, isProgram } from "./blocks.mjs";

const folder = fileURLToPath(new URL("../installed/", import.meta.url));
let server;
before(async () => {
  server = await startServer(["--relaxed", "--log", "off"]);
});
after(() => server?.stop());

/** How each of them writes a line: where the text is, and what its highest level is called. */
const LIBRARIES = {
  pino: { text: ({ msg }) => msg, error: 50 },
  winston: { text: ({ message }) => message, error: "error" },
};

for (const [name, { text, error }] of Object.entries(LIBRARIES)) {
  test(`${name} gets levels, texts and details`, async () => {
    const [program] = blocksOf("docs/guide/loggers.md").filter((block) => isProgram(block) && block.code.includes(`from "${name}"`));
    const file = `${folder}logger-${name}.mjs`;
    writeFileSync(file, program.code.replace("ws://127.0.0.1:8080", server.url));
    const lines = linesOf(await run(file));
    assert.ok(lines.length > 1, "there are lines");
    for (const line of lines) assert.equal(typeof text(line), "string");
    const failure = lines.find((line) => text(line) === "an event handler failed");
    assert.deepEqual([failure.level, failure.event, failure.error], [error, "connected", "Error: shown in the log"]);
  });
}

function linesOf(output) {
  return output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

function run(file) {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env: { ...process.env, LOG_LEVEL: "debug" } };
    execFile(process.execPath, [file], options, (error, stdout, stderr) => (error ? reject(new Error(stdout + stderr)) : resolve(stdout)));
  });
}
