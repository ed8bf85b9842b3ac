// What every file of these tests has: a browser, a site with the pages of members, and a local server for each test.

import { after, before } from "node:test";
import { KEY, startServer } from "../../clients/kit/server.mjs";
import { Member, startChromium, startFirefox } from "./members.mjs";
import { startSite } from "./site.mjs";

/** Whose MeteredPeer is tested: ours, or the official one for a comparison. */
export const LIBRARY = process.env.METERED_CALLS_LIBRARY ?? "ours";

const START = { chromium: startChromium, firefox: startFirefox };
const browsers = new Map();
let site;

before(async () => {
  site = await startSite();
});

after(async () => {
  for (const browser of browsers.values()) await (await browser).close();
  await site?.stop();
});

/** One browser of each engine for a file, started with the first member that needs it. */
function browserOf(engine) {
  if (!browsers.has(engine)) browsers.set(engine, START[engine]());
  return browsers.get(engine);
}

/** A server that is ended with the test, and members on it. */
export async function stage(t, config) {
  const server = await startServer({ t, config });
  const members = [];
  t.after(() => Promise.all(members.map((member) => member.page.close())));
  const open = async (options = {}) => {
    const { token: peerId, engine = "chromium", ...rest } = options;
    const credential = peerId ? { token: await server.token(peerId) } : { apiKey: KEY };
    const member = await Member.open(await browserOf(engine), site, { library: LIBRARY, url: server.url, ...credential, ...rest });
    members.push(member);
    return member;
  };
  /** Members that are in a room already. */
  const room = async (count, options = {}) => {
    const opened = [];
    for (let i = 0; i < count; i += 1) opened.push(await (await open(options)).join("room"));
    return opened;
  };
  return { server, open, room };
}

/** A pause that a test cannot do without: something must not happen in it. */
export const quiet = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
