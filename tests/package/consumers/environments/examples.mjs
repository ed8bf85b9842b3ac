// The examples of the documentation, from examples-js. Only key and server are filled in.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { EXAMPLES } from "../harness/place.mjs";

const CHANNEL = "lobby";
const VITE = "vite/bin/vite.js";
const README = fileURLToPath(new URL("../../../../pkg-template/README.md", import.meta.url));
const VITE_ADDRESS = /(http:\/\/127\.0\.0\.1:\d+)/;

const quickStart = (suffix) => ({
  name: `example-quick-start-${suffix}`,
  title: `Example: quick-start.${suffix}`,
  example: `quick-start.${suffix}`,
  uses: ["node"],
  quick: true,
  test: async (lab) => {
    lab.fillIn();
    const peer = await lab.peer(CHANNEL);
    peer.once("message", () => peer.publish({ hello: "you" }));
    await lab.start(process.execPath, `quick-start.${suffix}`).until(/lobby \S+ { hello: 'you' }/);
    assert.deepEqual(peer.received[0].data, { hello: "world" });
  },
});

const nodeChat = {
  name: "example-node-chat",
  title: "Example: node-chat.mjs",
  example: "node-chat.mjs",
  uses: ["node"],
  test: async (lab) => {
    lab.fillIn();
    const peer = await lab.peer("terminal");
    const child = lab.start(process.execPath, "node-chat.mjs", "terminal");
    await child.until(/ is here/);
    peer.publish({ text: "Who is there?" });
    await child.until(/: Who is there\?/);
    child.stdin.write("Only me\n");
    await peer.until(({ received }) => received.length === 1);
    assert.deepEqual(peer.received[0].data, { text: "Only me" });
    child.stdin.end();
    assert.deepEqual(await child.exited, [0, null]);
    assert.match(child.output, /disconnected/);
  },
};

/** The file of the package behind the address of a CDN in an example; without a file name, the one that `jsdelivr` names. */
function fromCdn(lab) {
  const home = lab.path("node_modules/metered-realtime");
  const { jsdelivr } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const answer = (route) => {
    const { pathname } = new URL(route.request().url());
    const file = /^\/npm\/metered-realtime@[\d.]+(?:\/(.+))?$/.exec(pathname)?.[1] ?? jsdelivr;
    return route.fulfill({ path: join(home, file), headers: { "access-control-allow-origin": "*" }, contentType: "text/javascript" });
  };
  return ["https://cdn.jsdelivr.net/**", answer];
}

const cdn = (page) => ({
  name: `example-cdn-${page}`,
  title: `Example: cdn/${page}.html`,
  example: "cdn",
  uses: ["browser"],
  test: async (lab) => {
    lab.fillIn();
    const peer = await lab.peer(CHANNEL);
    peer.once("message", () => peer.publish({ text: "Hello, page" }));
    const read = (browserPage) => browserPage.getByText("Hello, page").waitFor();
    await lab.usePage(`${await lab.serve()}/${page}.html`, read, fromCdn(lab));
    assert.deepEqual(peer.received[0].data, { text: "Hello from a page" });
  },
});

/** StrictMode makes two connections. One is left, and nothing arrives twice. */
async function chatInReact(lab, site) {
  const peer = await lab.peer(CHANNEL);
  await lab.usePage(site, async (page) => {
    await page.getByRole("status").getByText("connected", { exact: true }).waitFor();
    await peer.until(({ others }) => others.size > 0);
    peer.publish({ text: "Hello, React" });
    await page.getByText("Hello, React").waitFor();
    await page.getByLabel("Message").fill("Hello from React");
    await page.getByRole("button", { name: "Send" }).click();
    await peer.until(({ received }) => received.length === 1);
    assert.deepEqual(peer.received[0].data, { text: "Hello from React" });
    assert.equal(await page.getByRole("listitem").count(), 1);
    assert.equal(peer.others.size, 1);
  });
  await peer.until(({ others }) => others.size === 0);
  peer.leave();
}

/** StrictMode makes two peers in each window. One is left; two windows see each other's camera. */
async function callInReact(lab, site) {
  const watcher = await lab.peer(CHANNEL);
  const sees = async (page) => {
    await page.getByRole("listitem").getByText("connected", { exact: true }).waitFor();
    await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5);
  };
  await lab.usePage(site, (anna) =>
    lab.usePage(site, async (ben) => {
      await sees(anna);
      await sees(ben);
      assert.equal(watcher.others.size, 2);
      await ben.close();
      await anna.getByRole("listitem").getByText("connected").waitFor({ state: "detached" });
    }),
  );
  await watcher.until(({ others }) => others.size === 0);
  watcher.leave();
}

/** A page that sends a message by itself and shows the answer. */
async function saysHello(lab, site, text) {
  const peer = await lab.peer(CHANNEL);
  peer.once("message", () => peer.publish({ text: "Good to see you" }));
  await lab.usePage(site, (page) => page.getByText("Good to see you").waitFor());
  assert.deepEqual(peer.received[0].data, { text });
  peer.leave();
}

const withVite = (folder, title, use) => ({
  name: `example-${folder}`,
  title: `Example: ${title}, Vite dev and build`,
  tools: "web",
  example: folder,
  uses: ["vite", ...(folder.startsWith("react") ? ["react"] : []), "browser"],
  test: async (lab) => {
    lab.fillIn();
    await use(lab, await lab.serveWith(VITE_ADDRESS, VITE, "--host", "127.0.0.1", "--port", "0"));
    await lab.tool(VITE, "build");
    await use(lab, await lab.serve("dist"));
  },
});

/** A comment above each snippet names its example, and the snippet is exactly that example. */
const snippets = {
  name: "example-snippets",
  title: "Snippets of the README are examples that are run",
  uses: ["node"],
  quick: true,
  reads: [README, EXAMPLES],
  test: () => {
    const readme = readFileSync(README, "utf8");
    const fences = [...readme.matchAll(/(?:<!-- examples-js\/(\S+) -->\n)?```(js|jsx|html)\n([\s\S]*?)```/g)];
    assert.ok(fences.length >= 5, "the README has snippets");
    for (const [, file, , text] of fences) {
      assert.ok(file && existsSync(join(EXAMPLES, file)), `no example is named above this snippet:\n${text}`);
      assert.equal(text, readFileSync(join(EXAMPLES, file), "utf8"), `the snippet differs from examples-js/${file}`);
    }
  },
};

export default [
  quickStart("mjs"),
  quickStart("cjs"),
  nodeChat,
  cdn("script"),
  cdn("module"),
  withVite("react", "React with StrictMode", chatInReact),
  withVite("react-call", "a call in React with StrictMode", callInReact),
  withVite("worker", "module worker", (lab, site) => saysHello(lab, site, "Hello from a worker")),
  withVite("slim", "slim with the core as a file", (lab, site) => saysHello(lab, site, "Hello from slim")),
  snippets,
];
