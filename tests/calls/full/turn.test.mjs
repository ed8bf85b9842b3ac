// ICE servers of the welcome, and a relay.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY } from "../../clients/kit/server.mjs";
import { stage } from "../kit/stage.mjs";
import { startTurn } from "../kit/turn.mjs";

const config = (iceServers) => ({ publishableKeys: [{ key: KEY, channelPatterns: ["**"], actions: ["publish", "subscribe", "presence", "send"], iceServers }] });

test("p067 the ICE servers of the welcome are in each configuration", async (t) => {
  const servers = [{ urls: ["stun:127.0.0.1:9"] }];
  const { room } = await stage(t, config(servers));
  const [anna, ben] = await room(2);
  await anna.until("ben", "(m, id) => Boolean(m.remote(id))", ben.id);
  assert.deepEqual(await anna.run("(m, id) => m.remote(id).pc.getConfiguration().iceServers.map(({ urls }) => [urls].flat())", ben.id), [["stun:127.0.0.1:9"]]);
});

test("p067 p007 a call by relay alone, with the credentials of the welcome", async (t) => {
  const turn = await startTurn(t);
  const { room } = await stage(t, config([turn]));
  const [anna, ben] = await room(2, { iceTransportPolicy: "relay" });
  await anna.addMedia("camera");
  await ben.sees(anna);
  const kinds = await ben.run(`async (m, id) => {
    const report = [...(await m.remote(id).getStats()).values()];
    const pair = report.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
    return report.filter(({ id }) => [pair.localCandidateId, pair.remoteCandidateId].includes(id)).map(({ candidateType }) => candidateType);
  }`, anna.id);
  assert.deepEqual(kinds, ["relay", "relay"]);
  for (const member of [anna, ben]) {
    const everything = JSON.stringify(await member.log()) + JSON.stringify(await member.run("(m) => m.peer"));
    assert.ok(!everything.includes("made-up"));
  }
});
