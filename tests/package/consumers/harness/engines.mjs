// The browsers that pages are opened in: Chromium by Playwright, Firefox and WebKitGTK by their WebDriver servers.

import { freePort } from "../../../support/ports.mjs";
import * as chromium from "./chromium.mjs";
import { start } from "./process.mjs";
import { Session } from "./webdriver.mjs";

/** Started by WebDriver; each program is named by an environment variable. */
const DRIVEN = {
  firefox: {
    driver: "METERED_GECKODRIVER",
    flags: (port) => ["--port", port, "--log", "warn"],
    wanted: () => ({ "moz:firefoxOptions": { binary: process.env.METERED_FIREFOX, args: ["-headless"] } }),
  },
  webkit: {
    driver: "METERED_WEBKIT_DRIVER",
    flags: (port) => [`--port=${port}`],
    // The driver starts its own MiniBrowser, which has no headless mode.
    wanted: () => ({}),
    needsDisplay: true,
  },
};

export const ENGINES = ["chromium", ...Object.keys(DRIVEN)];
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

let chosen = "chromium";
let session;
const started = [];

export function choose(engine) {
  if (!ENGINES.includes(engine)) throw new Error(`there is no engine ${engine}, only ${ENGINES.join(", ")}`);
  chosen = engine;
}

/** The version that the engine reports. */
export async function engineVersion() {
  if (chosen === "chromium") return `Chromium ${await chromium.browserVersion()}`;
  const { name, version } = await driven();
  return `${chosen === "webkit" ? "WebKitGTK" : `${name[0].toUpperCase()}${name.slice(1)}`} ${version}`;
}

/** Opens the page. Returns its `globalThis.outcome`, and its errors and warnings where the engine tells them. */
export async function outcomeOfPage(address) {
  if (chosen === "chromium") return chromium.outcomeOfPage(address);
  const browser = await driven();
  await browser.go(address);
  return { outcome: await browser.until("return globalThis.outcome"), trouble: [] };
}

/** The WebDriver session of this run. */
export function driven() {
  session ??= drive(DRIVEN[chosen]);
  return session;
}

export async function closeEngine() {
  await chromium.closeBrowser();
  if (session) await session.then((browser) => browser.close()).catch(() => {});
  for (const child of started.reverse()) child.end();
}

async function drive({ driver, flags, wanted, needsDisplay }) {
  const program = process.env[driver];
  if (!program) throw new Error(`${driver} names no program; run \`cargo xtask browsers\`, which finds it.`);
  const port = await freePort();
  const env = needsDisplay ? { DISPLAY: await virtualDisplay() } : {};
  const child = start(program, flags(String(port)), { env });
  started.push(child);
  await untilItAnswers(`http://127.0.0.1:${port}/status`).catch(() => {
    throw new Error(`${child.shown} does not answer:\n${child.output}`);
  });
  return Session.open(`http://127.0.0.1:${port}`, wanted());
}

async function virtualDisplay() {
  if (process.env.DISPLAY) return process.env.DISPLAY;
  const display = start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
  started.push(display);
  const [, number] = await display.until(/^(\d+)$/m);
  return `:${number}`;
}

async function untilItAnswers(address) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await fetch(address);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
