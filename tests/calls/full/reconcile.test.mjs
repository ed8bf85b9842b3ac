// What a call survives: a lost link, a restarted server, a page that is loaded again under the same id.

import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet, stage } from "../kit/stage.mjs";

test("p145 a blip of the signalling link that the server did not notice interrupts no healthy media", async (t) => {
  const { open, server } = await stage(t);
  const anna = await (await open({ token: "anna", inactivityTimeoutMs: 1500 })).join("room");
  const ben = await (await open({ token: "ben" })).join("room");
  await anna.addMedia("camera");
  await ben.sees(anna);
  await server.fault(anna.id, "half_open");
  await anna.event("state-change", { to: "reconnecting" });
  await ben.sees(anna);
  await anna.until("joined again", "(m) => m.peer.state === 'joined'");
  await quiet(500);
  await ben.sees(anna);
  assert.equal(await anna.count("connection-reset"), 0);
  assert.deepEqual(await anna.page.evaluate("page.connections()"), { made: 1, open: 1 });
});

test("p133 p135 after a drop with a key, which gives new ids, media comes back", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera", { metadata: { role: "camera" } });
  await ben.addMedia("camera");
  await Promise.all([ben.sees(anna), anna.sees(ben)]);
  await server.fault(anna.id, "drop");
  await anna.event("state-change", { to: "reconnecting" });
  await anna.until("joined again", "(m) => m.peer.state === 'joined'");
  anna.id = await anna.run("(m) => m.peer.peerId");
  await ben.event("peer-joined", { peer: anna.id });
  await Promise.all([ben.sees(anna), anna.sees(ben)]);
  assert.equal(await anna.count("joined"), 1);
});

test("p142 this client's former id in the first snapshot after a drop is no remote", async (t) => {
  const { open, room, server } = await stage(t);
  const anna = await (await open({ inactivityTimeoutMs: 1500 })).join("room");
  const [ben] = await room(1);
  const former = anna.id;
  await server.fault(anna.id, "half_open");
  await anna.event("state-change", { to: "reconnecting" });
  await anna.until("joined again", "(m) => m.peer.state === 'joined'");
  await quiet(300);
  assert.equal(await anna.run("(m, id) => Boolean(m.remote(id))", former), false);
  assert.ok(await anna.run("(m, id) => Boolean(m.remote(id))", ben.id));
});

test("p144 a page that is loaded again under the same id, before the server noticed, has media again", async (t) => {
  const { open, server } = await stage(t);
  const anna = await (await open({ token: "anna" })).join("room");
  const ben = await (await open({ token: "ben" })).join("room");
  await anna.addMedia("camera", { audio: true });
  await ben.addMedia("camera");
  await Promise.all([ben.sees(anna), anna.sees(ben)]);
  await server.fault("anna", "half_open");
  await anna.page.goto("about:blank");
  const again = await open({ token: "anna" });
  await again.addMedia("screen");
  await again.join("room");
  await again.sees(ben);
  await ben.sees(again);
  assert.equal(await ben.count("peer-joined"), 1);
});

test("p143 an unnoticed drop with other media on both sides ends with media on both", async (t) => {
  const { open, server } = await stage(t);
  const options = { inactivityTimeoutMs: 1500 };
  const anna = await (await open({ token: "anna", ...options })).join("room");
  const ben = await (await open({ token: "ben" })).join("room");
  await anna.addMedia("camera", { audio: true });
  await ben.addMedia("camera");
  await Promise.all([ben.sees(anna), anna.sees(ben)]);
  await server.fault("anna", "half_open");
  await anna.event("state-change", { to: "reconnecting" });
  await anna.addMedia("screen");
  await anna.until("joined again", "(m) => m.peer.state === 'joined'");
  await Promise.all([ben.sees(anna), anna.sees(ben)]);
  await ben.until("the screen", "(m) => m.log.filter(({ event }) => event === 'stream-added').length >= 2");
});

test("p036 two tabs with one id: the one that offers last has the connection, without a flood of errors", async (t) => {
  const { open } = await stage(t);
  const ben = await (await open({ token: "ben" })).join("room");
  const first = await (await open({ token: "anna" })).join("room");
  const second = await (await open({ token: "anna" })).join("room");
  await first.addMedia("camera");
  await ben.sees(first);
  await second.addMedia("camera");
  await ben.until("the second tab's stream", "(m) => m.log.filter(({ event }) => event === 'stream-added').length === 2");
  await quiet(2000);
  assert.ok((await ben.count("negotiation-error")) <= 2);
});

test("p137 a drop in an empty room ends at the welcome", async (t) => {
  const { room, server } = await stage(t);
  const [anna] = await room(1);
  await server.fault(anna.id, "drop");
  await anna.event("state-change", { to: "reconnecting" });
  await anna.event("state-change", { from: "reconnecting", to: "joined" });
});

test("p138 a data channel that is made again in connection-reset opens and carries data", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.until("ben", "(m, id) => Boolean(m.remote(id))", ben.id);
  await anna.run("(m, id) => void (m.a = m.open(id, 'first'))", ben.id);
  await anna.run("(m, id) => void m.remote(id).on('connection-reset', () => (m.a = m.open(id, 'second')))", ben.id);
  await anna.until("open", "(m) => m.a.readyState === 'open'");
  await server.fault(anna.id, "drop");
  await anna.event("connection-reset", { peer: ben.id });
  await anna.until("open", "(m) => m.a.label === 'second' && m.a.readyState === 'open'");
  await anna.run("(m) => m.a.send('again')");
  await ben.event("message", { label: "second", data: "again" });
});

test("p153 an administrator's disconnect ends the call with its reason", async (t) => {
  const { room, server } = await stage(t);
  const [anna, ben] = await room(2);
  await anna.addMedia("camera");
  await ben.sees(anna);
  await server.fault(anna.id, "close", { code: 4020, reason: "kicked" });
  await anna.event("error", { error: "admin_disconnect" });
  await anna.event("left");
  assert.equal((await anna.page.evaluate("page.connections()")).open, 0);
});
