// Limits of the engine and of the service.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIBRARY, quiet, stage } from "../kit/stage.mjs";
import { stranger } from "../kit/stranger.mjs";
import { until } from "../kit/until.mjs";

test("p157 a page that has no connection left gets a typed error at the remote, and nothing is thrown", async (t) => {
  const { room } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.event("peer-joined", { peer: ben.id });
  const made = await anna.page.evaluate(() => {
    const many = [];
    globalThis.many = many;
    try {
      while (many.length < 600) many.push(new RTCPeerConnection());
    } catch {
      // There are as many as the engine takes.
    }
    return many.length;
  });
  assert.ok(made < 600, `${made} connections`);
  await anna.addMedia("camera");
  await anna.event("negotiation-error", { peer: ben.id, error: "UnknownError" });
  assert.equal(await anna.run("(m) => m.peer.state"), "joined");
  assert.deepEqual(anna.trouble, []);
});

/** Thirty members who say nothing, and one with camera and microphone who meets them. The server has its ordinary rates. */
async function crowd(t) {
  const { open, server } = await stage(t);
  const others = await Promise.all(Array.from({ length: 30 }, () => stranger(t, server, { channel: "room" })));
  const anna = await open();
  await anna.addMedia("camera", { audio: true, metadata: { of: "anna" } });
  const offers = () => others.filter(({ received }) => received.some(({ data }) => data.description?.type === "offer")).length;
  return { anna, server, others, offers };
}

test("p087 one who meets thirty others stays within the rate, and every offer is out within three seconds", async (t) => {
  const { anna, others, offers } = await crowd(t);
  const start = Date.now();
  await anna.join("room");
  await until("an offer for each", () => offers() === 30, 15_000).catch(() => {});
  const took = Date.now() - start;
  await quiet(6_000);
  const frames = others.reduce((sum, { received }) => sum + received.length, 0);
  const drops = await anna.count("state-change", { to: "reconnecting" });
  t.diagnostic(`${LIBRARY}: ${offers()} offers in ${took} ms, ${frames} signals, ${drops} drops`);
  assert.equal(drops, 0);
  assert.equal(offers(), 30);
  assert.ok(took < 3_000, `${took} ms`);
});

test("p148 one who comes back to thirty others stays within the rate", async (t) => {
  const { anna, server, others } = await crowd(t);
  await anna.join("room");
  await quiet(4_000);
  for (const { received } of others) received.length = 0;
  await server.fault(anna.id, "drop");
  await anna.until("back", "(m) => m.log.filter(({ event, to }) => event === 'state-change' && to === 'joined').length === 2");
  await quiet(6_000);
  assert.equal(await anna.count("state-change", { to: "reconnecting" }), 1);
});
