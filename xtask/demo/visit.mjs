// Visits the example pages once with a headless Chromium. Succeeds only if a Node client and the chat page have read a
// message of each other, and two windows of the call page show a picture of each other.
//
// What it relies on in the chat page: it joins the channel of its address by itself, shows the text of
// messages ({ text }), and has a text box named "Message" that sends on Enter.

import { parseArgs } from "node:util";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { SignallingClient } from "metered-realtime";

const { values: options } = parseArgs({
  options: {
    server: { type: "string" },
    key: { type: "string" },
    chat: { type: "string" },
    call: { type: "string" },
    chromium: { type: "string" },
    playwright: { type: "string" },
    screenshot: { type: "string" },
  },
});

const PATIENCE_MS = 30_000;
const channel = new URL(options.chat).searchParams.get("channel");
const { chromium } = await import(pathToFileURL(join(options.playwright, "index.mjs")));

const say = (text) => console.log(`  ${text}`);

/** The next matching event of the Node client. */
function next(client, event, what, fits) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the Node client never saw ${what}`)),
      PATIENCE_MS,
    );
    client.on(event, (payload) => {
      if (!fits(payload)) return;
      clearTimeout(timer);
      resolve(payload);
    });
  });
}

async function open(browser, address) {
  const page = await browser.newPage();
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(`the page threw: ${error.message}`));
  page.on("requestfailed", (request) => trouble.push(`could not load ${request.url()}`));
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(`the page's console: ${message.text()}`);
  });
  await page.goto(address);
  return { page, trouble };
}

async function exchange(node, page, arrived) {
  const { joined } = await arrived;
  say(`the page is in ${channel} as peer ${joined.at(-1).peerId.slice(0, 8)}`);

  const fromNode = `node says ${Math.random().toString(36).slice(2)}`;
  await node.publish(channel, { text: fromNode });
  await page.getByText(fromNode).first().waitFor({ timeout: PATIENCE_MS });
  say("the page shows the message of the Node client");

  const fromPage = `page says ${Math.random().toString(36).slice(2)}`;
  const received = next(node, "message", "the message of the page", (message) =>
    JSON.stringify(message.data).includes(fromPage),
  );
  const box = page.getByRole("textbox", { name: /^message/i }).first();
  await box.fill(fromPage, { timeout: PATIENCE_MS });
  await box.press("Enter");
  await received;
  say("the Node client got the message of the page");
}

async function call(browser) {
  const windows = [await open(browser, options.call), await open(browser, options.call)];
  for (const { page, trouble } of windows) {
    const others = page.locator('[data-state="connected"] video');
    await others.waitFor({ timeout: PATIENCE_MS });
    await page.waitForFunction((video) => video.currentTime > 0, await others.elementHandle(), { timeout: PATIENCE_MS });
    if (trouble.length > 0) throw new Error(trouble.join("\n"));
  }
  say("two windows of the call page see each other");
}

const node = new SignallingClient({ apiKey: options.key, url: options.server });
const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    // Calls within this machine.
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
  ],
});
let visited;
try {
  let ownId;
  node.on("connected", ({ peerId }) => (ownId = peerId));
  await node.connect();
  await node.subscribe(channel);
  const arrived = next(node, "presence", "the page join", ({ joined }) =>
    joined.some(({ peerId }) => peerId !== ownId),
  );
  arrived.catch(() => {});
  visited = await open(browser, options.chat);
  await exchange(node, visited.page, arrived);
  if (visited.trouble.length > 0) throw new Error("the page is not clean");
  await call(browser);
} catch (error) {
  visited?.trouble.forEach((line) => console.error(`  ${line}`));
  throw error;
} finally {
  if (visited && options.screenshot) {
    await mkdir(dirname(options.screenshot), { recursive: true });
    await visited.page.screenshot({ path: options.screenshot, fullPage: true });
    say(`screenshot: ${options.screenshot}`);
  }
  await browser.close();
  await node.close();
}
