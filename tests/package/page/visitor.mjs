// A browser window with the example page, and what a person does in it.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ROOT } from "./site.mjs";

const require = createRequire(import.meta.url);
const AXE = require("axe-core").source;
const ARTIFACTS = join(ROOT, "artifacts", "page");
export const PATIENCE_MS = 20_000;

export async function startBrowser(flags = []) {
  const executablePath = process.env.METERED_CHROMIUM;
  if (!executablePath) throw new Error("METERED_CHROMIUM does not name a Chromium; run `cargo xtask test`, which finds one.");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage", ...flags],
  });
}

export class Visitor {
  /** The page of www-example. */
  static file = "index.html";
  /** The page's own errors and warnings. */
  trouble = [];

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.trouble.push(`the page threw ${error.message}`));
    page.on("requestfailed", (request) => this.trouble.push(`could not load ${request.url()}`));
    page.on("dialog", (dialog) => {
      this.trouble.push(`the page opened a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.trouble.push(`console: ${message.text()}`);
    });
  }

  /** Opens the page with the given query parameters. */
  static async open(browser, site, query, look = {}) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...look });
    const visitor = new this(page);
    await page.goto(`${site.url}/www-example/${this.file}?${new URLSearchParams(query)}`);
    return visitor;
  }

  /** Opens the page so that it connects and joins by itself. */
  static async join(browser, site, server, channel, look) {
    const query = { server: server.url, key: "pk_live_local", channel, autoconnect: "1" };
    const visitor = await this.open(browser, site, query, look);
    await visitor.joined(channel);
    return visitor;
  }

  joined(channel) {
    return this.sees(`You joined ${channel}.`);
  }

  /** The page's own short peer id. */
  async id() {
    return (await this.page.locator("#me").textContent()).trim();
  }

  get messages() {
    return this.page.getByRole("log", { name: "Messages" });
  }

  get log() {
    return this.page.getByRole("log", { name: "Connection log" });
  }

  get people() {
    return this.page.getByRole("region", { name: /^Who is here/ });
  }

  get box() {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  button(name) {
    return this.page.getByRole("button", { name });
  }

  /** Waits until a text is among the messages. */
  async sees(text) {
    await this.messages.getByText(text).last().waitFor();
  }

  async logs(text) {
    await this.log.getByText(text).last().waitFor();
  }

  async says(text) {
    await this.box.fill(text);
    await this.box.press("Enter");
    await this.delivered(text);
  }

  async delivered(text) {
    const message = this.messages.getByRole("listitem").filter({ hasText: text });
    await message.getByRole("img", { name: "delivered" }).waitFor();
  }

  /** Presses Tab until the element of that role and name has the focus, as someone without a mouse does. */
  async tabTo(role, name) {
    const wanted = this.page.getByRole(role, { name });
    for (let presses = 0; presses < 40; presses += 1) {
      await this.page.keyboard.press("Tab");
      if (await wanted.evaluateAll((found) => found.includes(document.activeElement))) return this.assertFocusIsSeen();
    }
    throw new Error(`Tab never reached the ${role} ${name}`);
  }

  async assertFocusIsSeen() {
    const outline = await this.page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return `${outlineStyle} ${outlineWidth}`;
    });
    assert.match(outline, /^solid [2-9]/, "the focused element has a visible outline");
  }

  /** Tries to drop the link while the server is the service, and then with a local one that is not connected. */
  async assertDropExplainsItself(local, hint) {
    const drop = this.button("Drop the link");
    assert.equal(await drop.getAttribute("aria-disabled"), "true");
    await drop.click({ force: true });
    await this.logs("Only a local server (cargo xtask demo) cuts links on request.");
    await this.page.getByLabel("Server", { exact: true }).fill(local.url);
    await this.page.getByText(hint).waitFor();
  }

  async assertAccessible() {
    await this.page.evaluate(AXE);
    const violations = await this.page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const result = await globalThis.axe.run(document, { runOnly: tags });
      return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
    });
    assert.deepEqual(violations, []);
  }

  async assertNothingIsCutOff() {
    const { content, window } = await this.page.evaluate(() => ({
      content: document.documentElement.scrollWidth,
      window: document.documentElement.clientWidth,
    }));
    assert.ok(content <= window, `the page is ${content} px wide in a window of ${window} px`);
  }

  async keepPicture(name) {
    await mkdir(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: true });
  }

  /** Closes the window. Errors and warnings of the page fail the test. */
  async leave() {
    await this.page.close();
    assert.deepEqual(this.trouble, []);
  }
}
