// The example page in a real Chromium, against the local server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SignallingClient } from "../installed/entry.mjs";
import { startServer } from "../support/server.mjs";
import { startSite } from "./site.mjs";
import { startBrowser, Visitor } from "./visitor.mjs";

let server;
let site;
let browser;

before(async () => {
  server = await startServer();
  site = await startSite();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await site?.stop();
  await server?.stop();
});

/** Two windows in one channel. */
async function pair(channel, look) {
  const anna = await Visitor.join(browser, site, server, channel, look);
  const ben = await Visitor.join(browser, site, server, channel, look);
  return { anna, ben };
}

test("two pages see each other and chat", async () => {
  const { anna, ben } = await pair("chat");
  const [annasId, bensId] = [await anna.id(), await ben.id()];
  await anna.people.getByRole("button", { name: `Write to ${bensId}` }).waitFor();
  await ben.people.getByRole("button", { name: `Write to ${annasId}` }).waitFor();
  assert.equal(await ben.people.getByRole("listitem").count(), 2);

  await anna.says("Good morning, Ben");
  await ben.sees("Good morning, Ben");
  await ben.says("Good morning, Anna");
  await anna.sees("Good morning, Anna");
  assert.equal(await anna.messages.getByText("Good morning, Anna").count(), 1);

  await anna.leave();
  await ben.logs(`${annasId} left`);
  assert.equal(await ben.people.getByRole("listitem").count(), 1);
  await ben.leave();
});

test("a direct message reaches the chosen peer alone", async () => {
  const { anna, ben } = await pair("direct");
  const carl = await Visitor.join(browser, site, server, "direct");
  await anna.people.getByRole("button", { name: `Write to ${await ben.id()}` }).click();
  await anna.says("For Ben only");
  await ben.sees("For Ben only");
  const received = ben.messages.getByRole("listitem").filter({ hasText: "For Ben only" });
  assert.match(await received.textContent(), /to you, directly/);

  await anna.page.getByLabel("To", { exact: true }).selectOption({ label: "Everyone in direct" });
  await anna.says("For everyone");
  await carl.sees("For everyone");
  assert.equal(await carl.messages.getByText("For Ben only").count(), 0);
  for (const visitor of [anna, ben, carl]) await visitor.leave();
});

test("a page whose link is dropped comes back, subscribed, and the chat goes on", async () => {
  const { anna, ben } = await pair("drop");
  const oldId = await ben.id();
  await ben.button("Drop the link").click();
  await ben.logs("1006 link lost; reconnecting");
  await ben.logs("connected → reconnecting");
  await ben.logs("reconnecting → connected");
  await ben.logs("2 in drop");
  await anna.logs(`${oldId} left`);
  await anna.people.getByRole("button", { name: `Write to ${await ben.id()}` }).waitFor();
  await ben.page.getByText("2, recovered 1×").waitFor();

  await anna.says("Welcome back");
  await ben.sees("Welcome back");
  await ben.says("Was I away?");
  await anna.sees("Was I away?");
  await ben.keepPicture("recovered");
  await anna.leave();
  await ben.leave();
});

test("a message to a peer that has gone fails, is not lost, and never goes to everyone instead", async () => {
  const { anna, ben } = await pair("gone");
  const bensId = await ben.id();
  await anna.people.getByRole("button", { name: `Write to ${bensId}` }).click();
  await ben.leave();
  await anna.logs(`${bensId} left`);
  assert.match(await anna.page.locator("#to option:checked").textContent(), /who has left/);
  await anna.box.fill("Too late");
  await anna.box.press("Enter");
  await anna.sees("not sent:");
  assert.equal(await anna.box.inputValue(), "Too late");
  await anna.leave();
});

test("disconnecting, connecting again, leaving and changing the channel work", async () => {
  const anna = await Visitor.join(browser, site, server, "first");
  await anna.button("Disconnect").click();
  await anna.logs("1000 normal closure");
  assert.equal(await anna.people.getByRole("listitem").count(), 0);
  await anna.button("Connect").click();
  await anna.page.getByRole("heading", { name: "Chat in first" }).waitFor();

  const ben = await Visitor.join(browser, site, server, "second");
  await anna.page.getByLabel("Channel").fill("second");
  await anna.button("Join").click();
  await anna.joined("second");
  await ben.says("You found the place");
  await anna.sees("You found the place");
  await anna.button("Leave").click();
  await anna.sees("You left second.");
  await ben.logs("left");
  await anna.leave();
  await ben.leave();
});

test("the keyboard alone is enough", async () => {
  const ben = await Visitor.join(browser, site, server, "keys");
  const anna = await Visitor.open(browser, site, { server: server.url, channel: "keys" });
  const { keyboard } = anna.page;
  await anna.tabTo("textbox", "Publishable key");
  await keyboard.type("pk_live_local");
  await keyboard.press("Enter");
  await anna.joined("keys");
  await anna.assertFocusIsSeen();
  await anna.tabTo("textbox", "Message");
  await keyboard.type("Typed without a mouse");
  await keyboard.press("Enter");
  await ben.sees("Typed without a mouse");

  await anna.tabTo("button", `Write to ${await ben.id()}`);
  await keyboard.press("Enter");
  await keyboard.type("And this only to you");
  await keyboard.press("Enter");
  await ben.sees("And this only to you");
  await ben.sees("to you, directly");

  await anna.tabTo("button", "Drop the link");
  await keyboard.press("Space");
  await anna.logs("reconnecting → connected");
  await anna.tabTo("button", "Leave");
  await keyboard.press("Enter");
  await anna.sees("You left keys.");
  await anna.tabTo("button", "Disconnect");
  await keyboard.press("Enter");
  await anna.logs("connected → closed");
  await anna.leave();
  await ben.leave();
});

test("what peers send is shown as text, whatever it is", async () => {
  const anna = await Visitor.join(browser, site, server, "hostile");
  const peer = new SignallingClient({ apiKey: "pk_live_local", url: server.url });
  await peer.connect();
  await peer.subscribe("hostile");
  const markup = '<img src="x" onerror="alert(1)"><script>alert(2)</script>';
  const payloads = [{ text: markup }, markup, null, 7, [], { deep: { er: true } }, { text: 5 }, { text: "x".repeat(50_000) }];
  for (const data of payloads) await peer.publish("hostile", data);
  await peer.publish("hostile", { text: "the last one" });
  await anna.sees("the last one");
  assert.equal(await anna.messages.locator("img:not([role]), script").count(), 0);
  assert.equal(await anna.messages.getByText(markup).count(), 1);
  await anna.messages.getByText('{"deep":{"er":true}}').waitFor();
  await anna.assertNothingIsCutOff();
  await peer.close();
  await anna.leave();
});

test("wrong settings are explained, without the key", async () => {
  const anna = await Visitor.open(browser, site, { server: "http://127.0.0.1", key: "pk_live_secret", autoconnect: "1" });
  const alert = anna.page.getByRole("alert");
  await alert.getByText(/^url /).waitFor();
  assert.doesNotMatch(await anna.page.locator("main").textContent(), /secret/);
  await anna.page.getByLabel("Server", { exact: true }).fill(server.url);
  await anna.button("Connect").click();
  await alert.getByText(/^Could not connect: /).waitFor();
  assert.match(await alert.textContent(), /key/);
  assert.doesNotMatch(await anna.page.locator("main").textContent(), /secret/);
  await anna.page.getByLabel("Publishable key").fill("pk_live_local");
  await anna.button("Connect").click();
  await anna.joined("lobby");
  assert.equal(await alert.textContent(), "");
  // The browser itself reports the refused handshake, if that is how the server refused.
  anna.trouble = anna.trouble.filter((line) => !/WebSocket connection to .* failed/.test(line));
  await anna.leave();
});

test("the button that drops the link explains itself where it cannot work", async () => {
  const anna = await Visitor.open(browser, site, { server: "wss://rms.metered.ca", key: "pk_live_x" });
  await anna.assertDropExplainsItself(server, "Connect first; then this cuts the connection");
  await anna.leave();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 400]) {
    test(`the page is accessible and whole, ${colorScheme}, ${width} px wide`, async () => {
      const look = { viewport: { width, height: 860 }, colorScheme };
      const fresh = await Visitor.open(browser, site, { channel: "looks" }, look);
      await fresh.assertAccessible();
      await fresh.assertNothingIsCutOff();
      await fresh.leave();

      const { anna, ben } = await pair(`looks-${colorScheme}-${width}`, look);
      await ben.says("How does it look?");
      await anna.says("averylongwordwithoutaspace".repeat(20));
      await anna.people.getByRole("button", { name: /^Write to/ }).click();
      await anna.says("Between you and me: quite good.");
      await ben.sees("Between you and me");
      await ben.button("Drop the link").click();
      await ben.logs("reconnecting → connected");
      await ben.logs(/^2 in /);
      await ben.assertAccessible();
      await ben.assertNothingIsCutOff();
      await ben.keepPicture(`${colorScheme}-${width}`);
      await anna.leave();
      await ben.leave();
    });
  }
}
