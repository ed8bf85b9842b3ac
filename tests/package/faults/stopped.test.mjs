// A process that is stopped and continued, as in sleep: its timers fire late, and what arrived meanwhile waits in the socket.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answer, startBare } from "./kit/bare.mjs";
import { inNode, PLAIN, WITH_GLOBAL } from "./kit/place.mjs";
import { sleep, until } from "./kit/time.mjs";

const TIMEOUT_MS = 1500;
const STOPPED_MS = 4000;

describe("a process that is stopped", { concurrency: true }, () => {
  describe("Node", { concurrency: true }, () => inOne(PLAIN));
  describe("Node with the global WebSocket", { concurrency: true }, () => inOne(WITH_GLOBAL));
});

function inOne(how) {
  /** A fresh process for each test, as the whole process is stopped. */
  async function stage(t, act) {
    const bare = await startBare({ act });
    const place = await inNode(how);
    t.after(async () => {
      await place.close();
      await bare.stop();
    });
    const options = { apiKey: "pk_test", url: bare.url, inactivityTimeoutMs: TIMEOUT_MS, reconnect: { initialDelayMs: 50 } };
    const client = await place.client(options);
    await client.connect();
    return { bare, place, client };
  }

  async function stopFor(place, ms) {
    process.kill(place.pid, "SIGSTOP");
    await sleep(ms);
    process.kill(place.pid, "SIGCONT");
  }

  // socket.io#5134, tldraw#9964: the timers fired late, but the link is as good as before.
  test("asks with a probe and keeps the connection", async (t) => {
    const { bare, place, client } = await stage(t);
    await stopFor(place, STOPPED_MS);
    const continued = Date.now();
    await until(() => bare.of("ping").some(({ at }) => at >= continued), 1000, "a probe within a second");
    await sleep(2 * TIMEOUT_MS);
    assert.deepEqual(await client.of("disconnected"), []);
    assert.equal(bare.dials.length, 1);
  });

  // centrifuge-js#417, #423: an answer that waits in the socket is read before the timeout counts.
  test("does not fail a call whose answer arrived while it was stopped", async (t) => {
    const act = (peer, frame) => {
      if (frame.type !== "publish") return answer(peer, frame);
      const { pid } = staged.place;
      process.kill(pid, "SIGSTOP");
      answer(peer, frame);
      setTimeout(() => process.kill(pid, "SIGCONT"), STOPPED_MS);
    };
    const staged = await stage(t, act);
    const result = await staged.client.call("publish", "c", 1, { timeoutMs: 500 });
    assert.deepEqual(result.error, undefined);
    assert.deepEqual(await staged.client.of("disconnected"), []);
  });

  // wire-webapp#21477, socket.io#5135: the socket is open, but the peer is gone.
  test("notices soon that the peer has gone meanwhile, and says so to who asked right after waking", async (t) => {
    const { bare, place, client } = await stage(t);
    process.kill(place.pid, "SIGSTOP");
    bare.act = () => {};
    const { socket } = bare.last();
    socket.pause();
    await sleep(STOPPED_MS);
    const continued = Date.now();
    const calling = client.call("publish", "c", 1);
    process.kill(place.pid, "SIGCONT");
    const lost = await client.nth("disconnected", 1);
    assert.equal(lost.payload.code, 4000);
    assert.equal((await calling).error.outcome, "unknown");
    assert.ok(lost.at - continued <= TIMEOUT_MS / 3 + 1000, `noticed after ${lost.at - continued} ms`);
    bare.act = answer;
    await client.nth("connected", 2);
  });

  test("says so when a reset came while it was stopped", async (t) => {
    const { bare, place, client } = await stage(t);
    process.kill(place.pid, "SIGSTOP");
    await sleep(100);
    bare.last().socket.terminate();
    await sleep(STOPPED_MS);
    const continued = Date.now();
    process.kill(place.pid, "SIGCONT");
    const lost = await client.nth("disconnected", 1);
    assert.equal(lost.payload.code, 1006);
    const back = await client.nth("connected", 2);
    assert.ok(back.at - continued <= 1000, `back after ${back.at - continued} ms`);
  });
}
