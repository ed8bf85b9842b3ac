// A window with the example's call page, and what a person does and sees in it.

import assert from "node:assert/strict";
import { FAKE_CAMERA, LOCAL_CALLS } from "../../support/chromium.mjs";
import { PATIENCE_MS, Visitor } from "./visitor.mjs";

/** Calls with a camera, and sound after a gesture only. */
export const CALL_FLAGS = [...LOCAL_CALLS, ...FAKE_CAMERA, "--autoplay-policy=document-user-activation-required"];

export class Caller extends Visitor {
  static file = "call.html";
  /** The frames that the page has sent to the server. */
  sent = [];

  constructor(page) {
    super(page);
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => this.sent.push(String(payload))));
  }

  /** Opens the page so that it draws a picture and joins by itself. */
  static async join(browser, site, server, room, look) {
    const query = { server: server.url, key: "pk_live_local", room, autojoin: "1", send: "drawing" };
    const caller = await this.open(browser, site, query, look);
    await caller.joined(room);
    return caller;
  }

  /** The page's own short id in the room. */
  async id() {
    return /seen as (\w+)/.exec(await this.self.textContent())[1];
  }

  get tiles() {
    return this.page.getByRole("region", { name: "Who is here" }).getByRole("listitem");
  }

  get self() {
    return this.tiles.filter({ hasText: "You" });
  }

  get others() {
    return this.tiles.filter({ hasNotText: "You" });
  }

  /** The tile of a member. */
  tile(id) {
    return this.others.filter({ hasText: id });
  }

  /** Waits until a tile has this many pictures and each of them moves. */
  async watches(tile, pictures = 1) {
    const videos = tile.locator("video");
    await this.until(`${pictures} pictures`, async () => (await videos.count()) === pictures);
    for (const video of await videos.all()) {
      const before = await video.evaluate(lookAt);
      await this.until("a picture that moves", async () => {
        const now = await video.evaluate(lookAt);
        return now.shown && now.pixels !== before.pixels;
      });
    }
  }

  /** How loud a member is: the loudest sample within a second and a half. */
  loudness(id) {
    return this.tile(id).locator("video").evaluate(listenTo);
  }

  async until(what, holds) {
    const end = Date.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (Date.now() > end) throw new assert.AssertionError({ message: `not seen within ${PATIENCE_MS} ms: ${what}`, stackStartFn: this.until });
      await this.page.waitForTimeout(50);
    }
  }
}

/** The pixels that a video shows now. Runs in the page. */
function lookAt(video) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 80, height: 60 });
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 80, 60);
  const { data } = context.getImageData(0, 0, 80, 60);
  return { pixels: data.join(), shown: !video.paused && data.some((byte, at) => at % 4 < 3 && byte > 40) };
}

/** Runs in the page. */
async function listenTo(video) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(video.srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (const end = performance.now() + 1500; performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples.map(Math.abs));
  }
  await context.close();
  return loudest;
}
