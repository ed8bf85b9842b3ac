// The official Python client in a room with ours in Chromium.

import { test } from "node:test";
import { until } from "../kit/until.mjs";
import { pythonMember } from "../kit/python-member.mjs";
import { stage } from "../kit/stage.mjs";

test("p086 p121 a data channel that Python opens carries data to Chromium", async (t) => {
  const { room, server } = await stage(t);
  const [ben] = await room(1);
  await pythonMember(t, server, "open");
  await ben.event("message", { label: "from-python", data: "hello from Python" });
});

test("p086 p055 a data channel that Chromium opens carries data to Python and back", async (t) => {
  const { room, server } = await stage(t);
  const [ben] = await room(1);
  const python = await pythonMember(t, server, "answer");
  await ben.until("Python", "(m, id) => Boolean(m.remote(id))", python.id);
  await ben.run("(m, id) => void (m.channel = m.open(id, 'chat'))", python.id);
  await ben.until("open", "(m) => m.channel.readyState === 'open'");
  await ben.run("(m) => m.channel.send('hello')");
  await ben.event("message", { label: "chat", data: "echo hello" });
});

test("p076 p102 media goes both ways between Python and Chromium, with the metadata of both", async (t) => {
  const { room, server } = await stage(t);
  const [ben] = await room(1);
  await ben.addMedia("camera", { metadata: { from: "Chromium" } });
  const python = await pythonMember(t, server, "media");
  await ben.event("track", { peer: python.id, metadata: { from: "Python" } });
  await until("Chromium's track", () => python.log.some(({ event, metadata }) => event === "track" && metadata?.from === "Chromium"));
});
