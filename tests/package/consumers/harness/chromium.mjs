// A headless Chromium for all pages of a run, started when the first page needs it.

import { chromium } from "playwright-core";
import { FAKE_CAMERA, LOCAL_CALLS } from "../../../support/chromium.mjs";

const PATIENCE_MS = 60_000;
let running;

export function browser() {
  const executablePath = process.env.METERED_CHROMIUM;
  if (!executablePath) throw new Error("METERED_CHROMIUM does not name a Chromium; run `cargo xtask consumers`, which finds one.");
  const alone = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"];
  const args = [...alone, ...LOCAL_CALLS, ...FAKE_CAMERA];
  running ??= chromium.launch({ executablePath, args });
  return running;
}

export async function browserVersion() {
  return (await browser()).version();
}

export async function closeBrowser() {
  if (running) await (await running).close();
}

/** Opens a page and keeps its errors and warnings. `route` may answer requests instead of the network. */
export async function openPage(address, route) {
  const page = await (await browser()).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(`the page threw ${error.stack ?? error.message}`));
  page.on("requestfailed", (request) => trouble.push(`could not load ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400 && !isIcon(response.url())) trouble.push(`${response.status()} for ${response.url()}`);
  });
  page.on("console", (message) => {
    const matters = ["error", "warning"].includes(message.type()) && !isIcon(message.location().url);
    if (matters) trouble.push(`console: ${message.text()}`);
  });
  if (route) await page.route(...route);
  await page.goto(address);
  return { page, trouble };
}

/** Browsers request this file by themselves. */
function isIcon(address) {
  return address.endsWith("/favicon.ico");
}

/** Opens the page. Returns its `globalThis.outcome` and its errors and warnings. */
export async function outcomeOfPage(address) {
  const { page, trouble } = await openPage(address);
  try {
    const outcome = await page.waitForFunction(() => globalThis.outcome);
    return { outcome: await outcome.jsonValue(), trouble };
  } catch (error) {
    throw new Error([`${address}: ${error.message}`, ...trouble].join("\n"));
  } finally {
    await page.close();
  }
}
