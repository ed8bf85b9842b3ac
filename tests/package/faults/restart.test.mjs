// A server that restarts under 200 clients: all come back, all receive what they subscribed to, no call is lost.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { load } from "./kit/library.mjs";
import { startServer } from "./kit/server.mjs";
import { sleep, until } from "./kit/time.mjs";

const CLIENTS = 200;
const { SignallingClient } = await load("ours");

/** To be ended after the running test. */
const open = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close?.() ?? thing.stop()));
});

function keep(thing) {
  open.push(thing);
  return thing;
}

/** Connects many clients, each in a channel of its own and in one that all share. */
async function gather(url) {
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const client = keep(new SignallingClient({ apiKey: "pk_live_local", url, reconnect: { initialDelayMs: 100, maxDelayMs: 500 } }));
    const received = new Set();
    client.on("message", ({ channel, data }) => received.add(`${channel} ${data}`));
    return { client, received, channel: `restart/${index}`, calls: [] };
  });
  await Promise.all(clients.map(({ client }) => client.connect()));
  await Promise.all(clients.flatMap(({ client, channel }) => [client.subscribe(channel), client.subscribe("restart/all")]));
  return clients;
}

/** Publishes until it is stopped, and keeps every answer. */
function chatter(clients) {
  const timer = setInterval(() => {
    for (const { client, calls } of clients) {
      const call = { settled: false, outcome: undefined };
      calls.push(call);
      client.publish("restart/noise", calls.length).then(
        () => Object.assign(call, { settled: true, outcome: "ok" }),
        (error) => Object.assign(call, { settled: true, outcome: error.outcome }),
      );
    }
  }, 50);
  return () => clearInterval(timer);
}

async function restart(signal) {
  const server = await startServer();
  const clients = await gather(server.url);
  const silence = chatter(clients);
  await sleep(200);
  await server.stop(signal);
  await until(() => clients.every(({ client }) => client.state === "reconnecting"));
  const again = keep(await server.again());
  await until(() => clients.every(({ client }) => client.state === "connected"));
  await sleep(200);
  silence();
  const speaker = keep(new SignallingClient({ apiKey: "pk_live_local", url: again.url }));
  await speaker.connect();
  const isBack = ({ received, channel }) => received.has(`${channel} hello`) && received.has("restart/all hello");
  await until(async () => {
    await speaker.publish("restart/all", "hello");
    await Promise.all(clients.filter((each) => !isBack(each)).map(({ channel }) => speaker.publish(channel, "hello")));
    return clients.every(isBack);
  });
  const calls = clients.flatMap((each) => each.calls);
  await until(() => calls.every(({ settled }) => settled));
  return calls.map(({ outcome }) => outcome);
}

test("200 clients outlive a server that says goodbye: all come back and receive, every call is answered", async () => {
  const outcomes = await restart("SIGTERM");
  assert.ok(outcomes.length > 2 * CLIENTS);
  assert.deepEqual(outcomes.filter((outcome) => !["ok", "notSent", "unknown"].includes(outcome)), []);
});

test("200 clients outlive a server that is killed: all come back and receive, every call is answered", async () => {
  const outcomes = await restart("SIGKILL");
  assert.deepEqual(outcomes.filter((outcome) => !["ok", "notSent", "unknown"].includes(outcome)), []);
});
