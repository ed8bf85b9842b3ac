// The tools for the test of an environment: its folder, its programs, and the ways to run the conversation in it.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPage } from "./chromium.mjs";
import { converse } from "./conversation.mjs";
import { driven, outcomeOfPage } from "./engines.mjs";
import { KEY, Peer } from "./peer.mjs";
import { run, start } from "./process.mjs";
import { startSite } from "./site.mjs";

export class Lab {
  #server;
  #cleanup = [];
  #channels = 0;

  constructor({ name, folder, tools, server }) {
    /** The consumer's own folder. */
    this.folder = folder;
    /** Where its tools are installed, if it has any. */
    this.tools = tools;
    this.name = name;
    this.#server = server;
  }

  /** A path in the consumer's folder. */
  path(...parts) {
    return join(this.folder, ...parts);
  }

  /** A program that the tools brought along. */
  program(name) {
    return join(this.tools, "node_modules/.bin", name);
  }

  /** Runs a script of the tools with Node. */
  tool(script, ...args) {
    return run(process.execPath, [join(this.tools, "node_modules", script), ...args], { cwd: this.folder });
  }

  /** Runs any program in the consumer's folder. */
  run(program, ...args) {
    return run(program, args, { cwd: this.folder });
  }

  /** Starts a tool that serves pages; the pattern's first group is the address that it writes. */
  async serveWith(pattern, script, ...args) {
    const child = this.start(process.execPath, join(this.tools, "node_modules", script), ...args);
    const [, address] = await child.until(pattern);
    return address.replace(/\/$/, "");
  }

  /** Serves a part of the consumer's folder as plain files. */
  async serve(part = ".", headers = {}) {
    const site = await startSite(join(this.folder, part), headers);
    this.#cleanup.push(() => site.stop());
    return site.url;
  }

  /** Opens a page in the browser. It must have the conversation, without errors or warnings. */
  converseInPage(address, extra = {}) {
    return this.#converse(async (query) => {
      const { outcome, trouble } = await outcomeOfPage(`${address}?${new URLSearchParams({ ...query, ...extra })}`);
      if (trouble.length > 0) throw new Error([...trouble, JSON.stringify(outcome)].join("\n"));
      return outcome;
    });
  }

  /** Sends a request to a web server, which has the conversation and answers with its outcome. */
  converseInAnswer(address) {
    return this.#converse(async (query) => (await fetch(`${address}?${new URLSearchParams(query)}`)).json());
  }

  /** Runs a program that has the conversation and prints its outcome as the last line. */
  converseInProcess(program, args, more = {}) {
    return this.#converse(async ({ url, channel }) => {
      const env = { METERED_URL: url, METERED_CHANNEL: channel, ...more };
      const output = await run(program, args, { cwd: this.folder, env, limit: 60_000 });
      return JSON.parse(output.trimEnd().split("\n").at(-1));
    });
  }

  /** Runs a test runner. Its tests have the conversation and write the outcome to outcome.json. */
  converseInTests(script, ...args) {
    return this.#converse(async ({ url, channel }) => {
      const env = { METERED_URL: url, METERED_CHANNEL: channel };
      await run(process.execPath, [join(this.tools, "node_modules", script), ...args], { cwd: this.folder, env });
      return JSON.parse(readFileSync(this.path("outcome.json"), "utf8"));
    });
  }

  /** Runs a test runner of the tools, whose tests have the local server. */
  runTests(script, ...args) {
    return run(process.execPath, [join(this.tools, "node_modules", script), ...args], { cwd: this.folder, env: { METERED_URL: this.server } });
  }

  /** The outcome of a page without a conversation. The caller judges errors and warnings. */
  visit(address) {
    return outcomeOfPage(address);
  }

  /** A peer, for tests that talk with it in another way. */
  async peer(channel) {
    const peer = await Peer.join(this.#server.url, channel);
    this.#cleanup.push(() => peer.leave());
    return peer;
  }

  /** Opens a page for the caller to work with. Its errors and warnings fail the test when it is closed. */
  async usePage(address, use, route) {
    const { page, trouble } = await openPage(address, route);
    try {
      await use(page);
    } catch (error) {
      throw new Error([error.stack, ...trouble, await page.locator("body").innerHTML()].join("\n"));
    } finally {
      await page.close();
    }
    if (trouble.length > 0) throw new Error(trouble.join("\n"));
  }

  /** Starts a program that the test talks with. */
  start(program, ...args) {
    const child = start(program, args, { cwd: this.folder });
    this.#cleanup.push(() => child.end());
    return child;
  }

  /** The session of the engine that WebDriver drives. */
  driven() {
    return driven();
  }

  /** The address of the local server. */
  get server() {
    return this.#server.url;
  }

  /** Asserts that files for browsers do not contain `ws`. */
  assertWithoutWs(part) {
    for (const name of readdirSync(this.path(part), { recursive: true })) {
      if (!/\.m?js$/.test(name)) continue;
      const text = readFileSync(this.path(part, name), "utf8");
      if (/permessage-deflate|sec-websocket-key/i.test(text)) throw new Error(`${part}/${name} contains ws`);
    }
  }

  /** Runs something when the test is over. */
  onEnd(work) {
    this.#cleanup.push(work);
  }

  /** Puts the address and the key of the local server into an example. */
  fillIn() {
    const filled = readdirSync(this.folder).filter((name) => {
      if (name === "node_modules" || !statSync(this.path(name)).isFile()) return false;
      const text = readFileSync(this.path(name), "utf8");
      writeFileSync(this.path(name), text.replaceAll('"pk_live_..."', `"${KEY}", url: "${this.#server.url}"`));
      return text.includes('"pk_live_..."');
    });
    if (filled.length === 0) throw new Error('no example has "pk_live_..." to fill in');
  }

  #converse(have) {
    this.#channels += 1;
    return converse(this.#server.url, `consumers/${this.name}/${this.#channels}`, have);
  }

  clean() {
    for (const work of this.#cleanup) work();
  }
}
