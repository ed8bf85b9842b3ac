// The example's call page in a real Chromium: real peer connections, against the local server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../support/server.mjs";
import { Caller, CALL_FLAGS } from "./caller.mjs";
import { startSite } from "./site.mjs";
import { startBrowser } from "./visitor.mjs";

let server;
let site;
let browser;

before(async () => {
  server = await startServer();
  site = await startSite();
  browser = await startBrowser(CALL_FLAGS);
});

after(async () => {
  await browser?.close();
  await site?.stop();
  await server?.stop();
});

const join = (room, look) => Caller.join(browser, site, server, room, look);

/** Two windows in one room that see each other. */
async function pair(room, look) {
  const anna = await join(room, look);
  const ben = await join(room, look);
  await anna.watches(anna.others);
  await ben.watches(ben.others);
  return { anna, ben };
}

test("two pages see each other move, and how they are connected", async () => {
  const { anna, ben } = await pair("see");
  const annas = ben.tile(await anna.id());
  await annas.getByText(/^direct, \d+ ms, [1-9]\d* kbit\/s$/).waitFor();
  assert.equal(await annas.getAttribute("data-state"), "connected");
  await anna.tile(await ben.id()).getByText(/kbit\/s$/).waitFor();
  await anna.watches(anna.self);

  const carl = await join("see");
  await carl.watches(carl.tile(await anna.id()));
  await carl.watches(carl.tile(await ben.id()));
  await anna.watches(anna.tile(await carl.id()));
  for (const caller of [carl, ben, anna]) await caller.leave();
});

test("the chat goes from page to page, and not through the server", async () => {
  const { anna, ben } = await pair("chat");
  await anna.says("Good morning, Ben");
  await ben.sees("Good morning, Ben");
  await ben.says('<img src="x" onerror="alert(1)">');
  await anna.sees('<img src="x" onerror="alert(1)">');
  assert.equal(await anna.messages.locator("img:not([role])").count(), 0);
  for (const { sent } of [anna, ben]) {
    assert.ok(sent.length > 0, "what goes to the server is seen here");
    assert.ok(!sent.some((frame) => /morning|onerror/.test(frame)), sent.join("\n"));
  }
  await anna.leave();
  await ben.leave();
});

test("a page whose link is dropped is in the room again, and picture and chat go on", async () => {
  const { anna, ben } = await pair("drop");
  const oldId = await ben.id();
  await ben.button("Drop the link").click();
  await ben.logs("joined → reconnecting");
  await ben.logs("reconnecting → joined");
  const newId = await ben.id();
  assert.notEqual(newId, oldId);
  await anna.watches(anna.tile(newId));
  await ben.watches(ben.others);
  assert.equal(await anna.tile(oldId).count(), 0);
  await anna.logs(`open to ${newId}`);
  await anna.says("Welcome back");
  await ben.sees("Welcome back");
  await ben.says("Was I away?");
  await anna.sees("Was I away?");
  await ben.keepPicture("call-recovered");
  await anna.leave();
  await ben.leave();
});

test("camera and screen are sent beside each other and taken back, and mute is silence", async () => {
  const anna = await Caller.open(browser, site, { server: server.url, key: "pk_live_local", room: "camera" });
  await anna.button("Join").click();
  await anna.joined("camera");
  const ben = await join("camera");
  const annasId = await anna.id();
  assert.equal(await anna.button("Mute").isDisabled(), true);
  await anna.button("Camera").click();
  await ben.watches(ben.tile(annasId));
  assert.ok((await ben.loudness(annasId)) > 0.01, "the microphone is heard");
  await anna.button("Mute").click();
  await anna.page.waitForTimeout(500);
  assert.ok((await ben.loudness(annasId)) < 0.001, "nothing is heard");
  await anna.button("Mute").click();
  assert.ok((await ben.loudness(annasId)) > 0.01, "the microphone is heard again");

  await anna.button("Share screen").click();
  await ben.watches(ben.tile(annasId), 2);
  await ben.tile(annasId).getByLabel("screen").waitFor();
  await ben.keepPicture("call-camera-and-screen");
  await anna.button("Share screen").click();
  await ben.watches(ben.tile(annasId), 1);
  await anna.button("Camera").click();
  await ben.watches(ben.tile(annasId), 0);
  await ben.tile(annasId).getByText("no picture").waitFor();
  await anna.leave();
  await ben.leave();
});

test("a sharing that the browser ends is taken back", async () => {
  const { anna, ben } = await pair("ended");
  await anna.button("Share screen").click();
  await ben.watches(ben.others, 2);
  // What the browser's own button does.
  await anna.self.getByLabel("screen").evaluate(({ srcObject }) => srcObject.getVideoTracks()[0].dispatchEvent(new Event("ended")));
  await ben.watches(ben.others, 1);
  assert.equal(await anna.button("Share screen").getAttribute("aria-pressed"), "false");
  await anna.leave();
  await ben.leave();
});

test("sound that the browser holds back is announced, and starts with the first click", async () => {
  const anna = await join("silent");
  await anna.button("Camera").click();
  const ben = await Caller.open(browser, site, { server: server.url, key: "pk_live_local", room: "silent", autojoin: "1" });
  // Nothing may be asked of the page until it plays: a question counts as a gesture.
  await anna.others.getByText("direct").waitFor();
  await anna.page.waitForTimeout(1000);
  const notice = ben.page.getByText("holds the sound back");
  const silent = await ben.others.locator("video").evaluateAll((videos) => videos.map(({ muted, paused }) => ({ muted, paused })));
  assert.deepEqual(silent, [{ muted: true, paused: false }, { muted: true, paused: false }]);
  assert.equal(await notice.isVisible(), true);
  await ben.page.getByRole("heading", { name: "Who is here" }).click();
  assert.equal(await notice.isVisible(), false);
  assert.deepEqual(await ben.others.locator("video").evaluateAll((videos) => videos.filter(({ muted }) => muted)), []);
  await anna.leave();
  await ben.leave();
});

test("who leaves is gone at the others, and can join another room", async () => {
  const { anna, ben } = await pair("first");
  const bensId = await ben.id();
  await ben.button("Leave").click();
  await ben.logs("over left");
  await anna.logs(`left ${bensId}`);
  assert.equal(await anna.others.count(), 0);
  assert.equal(await ben.others.count(), 0);
  await ben.page.getByRole("textbox", { name: "Room" }).fill("second");
  await ben.button("Join").click();
  await ben.joined("second");
  const carl = await join("second");
  await carl.watches(carl.others);
  await anna.box.fill("Anybody there?");
  await anna.box.press("Enter");
  await anna.page.getByRole("alert").getByText("Nobody is connected yet.").waitFor();
  assert.equal(await anna.box.inputValue(), "Anybody there?");
  for (const caller of [anna, ben, carl]) await caller.leave();
});

test("wrong settings are explained, without the key, and can be put right", async () => {
  const wrong = async (query, words) => {
    const caller = await Caller.open(browser, site, { server: server.url, key: "pk_live_local", room: "wrong", autojoin: "1", ...query });
    await caller.page.getByRole("alert").getByText(words).waitFor();
    assert.doesNotMatch(await caller.page.locator("main").textContent(), /secret/);
    assert.equal(await caller.page.getByText("Not in a room").isVisible(), true);
    return caller;
  };
  await (await wrong({ room: "" }, "channel must not be empty")).leave();
  await (await wrong({ room: "_metered/room" }, "a prefix that the service keeps for itself")).leave();
  await (await wrong({ server: "http://127.0.0.1" }, "url must start with wss://")).leave();
  const away = await wrong({ server: "ws://127.0.0.1:1024" }, "Could not join: 1006 link lost. Is the server running, and the key right?");
  // The browser itself reports that nobody answers there.
  away.trouble = away.trouble.filter((line) => !/WebSocket connection to .* failed/.test(line));
  await away.leave();

  const anna = await wrong({ key: "pk_live_secret" }, /Could not join: 4001/);
  await anna.page.getByLabel("Publishable key").fill("pk_live_local");
  await anna.button("Join").click();
  await anna.joined("wrong");
  assert.equal(await anna.page.getByRole("alert").textContent(), "");
  await anna.leave();
});

test("a camera that is refused is explained, and the call goes on", async () => {
  const { anna, ben } = await pair("refused");
  await ben.page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
  });
  await ben.button("Camera").click();
  await ben.page.getByRole("alert").getByText("camera: Permission denied").waitFor();
  assert.equal(await ben.button("Camera").getAttribute("aria-pressed"), "false");
  await anna.watches(anna.others);
  await anna.leave();
  await ben.leave();
});

test("the button that drops the link explains itself where it cannot work", async () => {
  const anna = await Caller.open(browser, site, { server: "wss://rms.metered.ca", key: "pk_live_x" });
  await anna.assertDropExplainsItself(server, "Join first.");
  await anna.leave();
});

test("the keyboard alone is enough", async () => {
  const ben = await join("keys");
  const anna = await Caller.open(browser, site, { server: server.url, room: "keys" });
  const { keyboard } = anna.page;
  await anna.tabTo("textbox", "Publishable key");
  await keyboard.type("pk_live_local");
  await keyboard.press("Enter");
  await anna.joined("keys");
  await anna.tabTo("button", "Drawn picture");
  await keyboard.press("Space");
  await ben.watches(ben.others);
  await anna.tabTo("textbox", "Message");
  await keyboard.type("Typed without a mouse");
  await keyboard.press("Enter");
  await ben.sees("Typed without a mouse");
  await anna.tabTo("button", "Leave");
  await keyboard.press("Enter");
  await anna.logs("over left");
  await anna.leave();
  await ben.leave();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 400]) {
    test(`the call page is accessible and whole, ${colorScheme}, ${width} px wide`, async () => {
      const look = { viewport: { width, height: 860 }, colorScheme };
      const fresh = await Caller.open(browser, site, {}, look);
      await fresh.assertAccessible();
      await fresh.assertNothingIsCutOff();
      await fresh.leave();

      const { anna, ben } = await pair(`looks-${colorScheme}-${width}`, look);
      await anna.button("Share screen").click();
      await ben.watches(ben.others, 2);
      await ben.says("How does it look?");
      await anna.says("averylongwordwithoutaspace".repeat(20));
      await ben.sees("averylongword");
      await ben.others.getByText(/kbit\/s$/).waitFor();
      await ben.assertAccessible();
      await ben.assertNothingIsCutOff();
      await ben.keepPicture(`call-${colorScheme}-${width}`);
      await anna.leave();
      await ben.leave();
    });
  }
}
