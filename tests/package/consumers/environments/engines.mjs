// Visits the example page in the engines that WebDriver drives, in addition to the plain pages.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { KEY } from "../harness/peer.mjs";

const CHANNEL = "engines";

/** The example page with the package next to it, as `cargo xtask demo` serves them. */
async function serveExample(lab) {
  process.env.METERED_PKG = lab.path("node_modules/metered-realtime");
  const { startSite } = await import("../../page/site.mjs");
  const site = await startSite();
  lab.onEnd(() => void site.stop());
  return site.url;
}

const examplePage = {
  name: "example-page",
  title: "Example page: chat, presence, drop and recovery",
  uses: ["browser"],
  reads: [fileURLToPath(new URL("../../../../www-example", import.meta.url))],
  test: async (lab) => {
    const peer = await lab.peer(CHANNEL);
    const page = await lab.driven();
    const query = new URLSearchParams({ server: lab.server, key: KEY, channel: CHANNEL, autoconnect: "1" });
    await page.go(`${await serveExample(lab)}/www-example/index.html?${query}`);
    await page.sees(`You joined ${CHANNEL}.`);
    await peer.until(({ others }) => others.size === 1);

    peer.publish({ text: "Good morning, page" });
    await page.sees("Good morning, page");
    await page.type("#text", "Good morning, peer");
    await page.click("#send");
    await peer.until(({ received }) => received.length === 1);
    assert.deepEqual(peer.received[0].data, { text: "Good morning, peer" });

    const [before] = peer.others;
    await page.click("#drop");
    await page.sees("reconnecting → connected");
    await peer.until(({ others }) => others.size === 1 && !others.has(before));
    peer.publish({ text: "Welcome back" });
    await page.sees("Welcome back");
    await page.go("about:blank");
  },
};

export default [examplePage];
