// Members of a call: each is a page of a real browser, with a real peer connection.

import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";
import { variable } from "../../clients/kit/variable.mjs";
import { LOCAL_CALLS } from "../../support/chromium.mjs";
import { LIBRARIES } from "./site.mjs";

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-dev-shm-usage",
  "--autoplay-policy=no-user-gesture-required",
  ...LOCAL_CALLS,
  // Pages that are not in front work on.
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--disable-background-timer-throttling",
];

/** What a page never answers, as another library may not, must not stop the other scenarios. */
const ANSWER_MS = 45_000;

const FIREFOX_PREFERENCES = {
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
};

export function startChromium() {
  return puppeteer.launch({ executablePath: variable("METERED_CHROMIUM"), args: CHROMIUM_FLAGS, protocolTimeout: ANSWER_MS });
}

export function startFirefox() {
  return puppeteer.launch({ browser: "firefox", executablePath: variable("METERED_FIREFOX"), extraPrefsFirefox: FIREFOX_PREFERENCES });
}

export class Member {
  /** What the page threw or complained of by itself. */
  trouble = [];

  /** A page with one MeteredPeer. `library`: "ours" or "official"; `before`: a function that runs in the page before all else. */
  static async open(browser, site, { library = "ours", before, ...options }) {
    const member = new Member();
    const page = await browser.newPage();
    if (before) await page.evaluateOnNewDocument(before);
    member.page = page;
    page.on("pageerror", (error) => member.trouble.push(`the page threw ${error.message}`));
    await page.goto(`${site.url}/kit/page.html?library=${LIBRARIES[library]}`);
    await page.waitForFunction(() => document.title === "ready");
    member.index = await page.evaluate((options) => globalThis.page.make(options), options);
    return member;
  }

  /** Runs a function in the page, with the member there and an argument. */
  run(body, argument) {
    return this.page.evaluate(`(${body})(page.members[${this.index}], ${JSON.stringify(argument ?? null)})`);
  }

  async join(channel, options) {
    await this.run("(m, [channel, options]) => m.peer.join(channel, options ?? undefined)", [channel, options]);
    this.id = await this.run("(m) => m.peer.peerId");
    return this;
  }

  /** Sends a picture that moves, under a name. */
  addMedia(name, { metadata, audio } = {}) {
    return this.run("(m, [name, metadata, audio]) => m.peer.addStream(m.media(name, { audio }), metadata ?? undefined)", [name, metadata, audio]);
  }

  log() {
    return this.run("(m) => m.log");
  }

  /** Waits until something in the page is as wanted, and gives it. */
  async until(what, body, argument, patience = PATIENCE_MS) {
    const end = Date.now() + patience;
    for (;;) {
      const value = await this.run(body, argument);
      if (value) return value;
      if (Date.now() > end) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const log = (await this.log()).map((entry) => `  ${JSON.stringify(entry)}`).join("\n");
    throw new assert.AssertionError({ message: `${what} did not happen within ${patience} ms. The log:\n${log}`, stackStartFn: this.until });
  }

  /** Waits for an event with these fields. */
  event(name, fields = {}, patience) {
    const body = `(m, [name, fields]) => m.log.find((entry) => entry.event === name && Object.entries(fields).every(([key, value]) => JSON.stringify(entry[key]) === JSON.stringify(value)))`;
    return this.until(`${name} ${JSON.stringify(fields)}`, body, [name, fields], patience);
  }

  async count(name, fields = {}) {
    const log = await this.log();
    return log.filter((entry) => entry.event === name && Object.entries(fields).every(([key, value]) => JSON.stringify(entry[key]) === JSON.stringify(value))).length;
  }

  /** Waits until video of a member arrives, frame after frame. */
  async sees(other, patience) {
    const before = await this.run("(m, id) => m.framesFrom(id)", other.id);
    return this.until(`video from ${other.id}`, "async (m, [id, before]) => (await m.framesFrom(id)) > before + 2", [other.id, before], patience);
  }

  connected(other, patience) {
    return this.until(`connected to ${other.id}`, `(m, id) => m.remote(id)?.state === "connected"`, other.id, patience);
  }

  close(reason) {
    return this.run("(m, reason) => m.peer.close(reason ?? undefined)", reason);
  }
}

/** Far more than anything here takes on a busy machine. */
const PATIENCE_MS = 30_000;
