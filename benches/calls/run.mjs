// Compares our MeteredPeer with the official one: members are pages of a real Chromium, with real peer connections, on the local
// server. Prints medians of several rounds, in which the two take turns.
//
//   node run.mjs [--rounds N]
//
// Set by `cargo xtask bench calls`: METERED_SERVER_BIN, METERED_PACKAGE, METERED_CHROMIUM.

import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { KEY, startServer } from "../../tests/clients/kit/server.mjs";
import { Member, startChromium } from "../../tests/calls/kit/members.mjs";
import { startSite } from "../../tests/calls/kit/site.mjs";
import { stranger } from "../../tests/calls/kit/stranger.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const CONTENDERS = {
  ours: { library: "ours" },
  "ours, rebuild": { library: "ours", reconcile: "rebuild" },
  official: { library: "official" },
};
const CROWD = 30;

const site = await startSite();

/** What ends with a measurement. */
class Stage {
  #ends = [];
  after = (end) => this.#ends.unshift(end);

  static async with(contender, measure, config) {
    const stage = new Stage();
    try {
      stage.server = await startServer({ t: stage, config });
      stage.browser = await startChromium();
      stage.after(() => stage.browser.close());
      stage.contender = contender;
      return await measure(stage);
    } finally {
      for (const end of stage.#ends) await end();
    }
  }

  /** A page with a member under a name that stays. */
  async member(name, options = {}) {
    const credential = name ? { token: await this.server.token(name) } : { apiKey: KEY };
    return Member.open(this.browser, site, { url: this.server.url, ...credential, ...this.contender, ...options });
  }
}

/** Counts what a page sends to the server. */
async function countFrames(member) {
  const count = { frames: 0 };
  const session = await member.page.createCDPSession();
  await session.send("Network.enable");
  session.on("Network.webSocketFrameSent", () => (count.frames += 1));
  return count;
}

/** Somebody with camera and microphone joins somebody with the same. */
async function join(stage) {
  const ben = await stage.member("ben");
  const anna = await stage.member("anna");
  const counts = [await countFrames(ben), await countFrames(anna)];
  for (const member of [ben, anna]) await member.addMedia("camera", { audio: true });
  await ben.join("room");
  await sleep(500);
  for (const count of counts) count.frames = 0;
  const ms = await anna.run(`async (m) => {
    const start = performance.now();
    await m.peer.join("room");
    while ((await m.framesFrom("ben")) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    return performance.now() - start;
  }`);
  await sleep(2_000);
  return { "join to the first picture, ms": ms, "frames to the server, both sides": counts.reduce((sum, { frames }) => sum + frames, 0) };
}

/** The longest time without a new picture while the signalling link is replaced. */
async function blip(stage, fault) {
  const anna = await (await stage.member("anna", { inactivityTimeoutMs: 1500 })).join("room");
  const ben = await (await stage.member("ben")).join("room");
  await anna.addMedia("camera");
  await ben.sees(anna);
  const gap = ben.run(`async (m) => {
    let last = performance.now(), longest = 0, before = 0;
    for (const end = last + 8000; performance.now() < end; ) {
      const frames = await m.framesFrom("anna");
      const now = performance.now();
      longest = Math.max(longest, now - last);
      if (frames !== before) last = now;
      before = frames;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return longest;
  }`);
  await stage.server.fault("anna", fault);
  return gap;
}

/** One with a camera, and something to say of it, meets thirty who say nothing, at the ordinary rates. */
async function crowd(stage) {
  const others = await Promise.all(Array.from({ length: CROWD }, () => stranger(stage, stage.server, { channel: "room" })));
  const anna = await stage.member();
  await anna.addMedia("camera", { audio: true, metadata: { of: "anna" } });
  await anna.join("room");
  await sleep(10_000);
  return {
    [`meeting ${CROWD}: closed for its rate (4011)`]: await anna.count("state-change", { to: "reconnecting" }),
    [`meeting ${CROWD}: signals sent`]: others.reduce((sum, { received }) => sum + received.length, 0),
  };
}

/** What a page's heap holds for a member with whom there is no connection yet. */
async function heap(stage) {
  const anna = await (await stage.member()).join("room");
  const session = await anna.page.createCDPSession();
  const used = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  await stranger(stage, stage.server, { channel: "room" });
  await sleep(500);
  const before = await used();
  await Promise.all(Array.from({ length: CROWD }, () => stranger(stage, stage.server, { channel: "room" })));
  await sleep(1_000);
  return { "heap of each remote, bytes": ((await used()) - before) / CROWD };
}

const MEASUREMENTS = {
  join,
  "half-open link": async (stage) => ({ "longest gap while a half-open link is replaced, ms": await blip(stage, "half_open") }),
  "lost link": async (stage) => ({ "longest gap while a lost link is replaced, ms": await blip(stage, "drop") }),
  crowd,
  heap,
};

const results = {};
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [task, measure] of Object.entries(MEASUREMENTS)) {
    for (const [name, contender] of Object.entries(CONTENDERS)) {
      if (name === "ours, rebuild" && !task.includes("link")) continue;
      console.error(`round ${round + 1}: ${task}, ${name}`);
      for (const [figure, value] of Object.entries(await Stage.with(contender, measure))) {
        ((results[figure] ??= {})[name] ??= []).push(value);
      }
    }
  }
}
await site.stop();

const median = (list) => list?.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const row = (...cells) => console.log(cells.map((cell, index) => (index ? String(cell).padStart(16) : cell.padEnd(52))).join("").trimEnd());
row("median", ...Object.keys(CONTENDERS));
for (const [figure, by] of Object.entries(results)) {
  row(figure, ...Object.keys(CONTENDERS).map((name) => (by[name] ? Math.round(median(by[name])) : "")));
}
