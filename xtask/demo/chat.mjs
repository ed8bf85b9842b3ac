// Two Node clients talk through a local server; what each of them sees is printed.
//
// `cargo xtask demo` runs it in a folder where the built package is installed, so the import below
// is the one that a user of the package writes.

import { parseArgs } from "node:util";
import { SignallingClient } from "metered-realtime";

const { values: options } = parseArgs({
  options: { server: { type: "string" }, key: { type: "string" } },
});

const CHANNEL = "demo/room";
const PATIENCE_MS = 20_000;
const began = Date.now();

function say(who, what) {
  const at = ((Date.now() - began) / 1000).toFixed(2).padStart(6);
  console.log(`  ${at} s  ${who.padEnd(6)} ${what}`);
}

/** A client that prints all that it sees. */
function newClient(name) {
  const client = new SignallingClient({ apiKey: options.key, url: options.server });
  const peers = (list) => list.map((peer) => peer.peerId.slice(0, 8)).join(", ");
  client.on("state-change", ({ from, to }) => say(name, `state: ${from} -> ${to}`));
  client.on("connected", ({ peerId }) => say(name, `connected as peer ${peerId.slice(0, 8)}`));
  client.on("disconnected", ({ code, willReconnect }) =>
    say(name, `disconnected with code ${code}, ${willReconnect ? "will" : "will not"} reconnect`),
  );
  client.on("presence", ({ channel, joined, left }) => {
    if (joined.length > 0) say(name, `presence in ${channel}: ${peers(joined)} joined`);
    if (left.length > 0) say(name, `presence in ${channel}: ${peers(left)} left`);
  });
  client.on("message", ({ channel, data }) => say(name, `message in ${channel}: "${data.text}"`));
  client.on("direct", ({ data }) => say(name, `direct message: "${data.text}"`));
  return client;
}

/** The next matching event. The listener is added before this returns. */
function next(client, event, what, fits = () => true) {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      client.off(event, listener);
      reject(new Error(`nobody saw ${what} within ${PATIENCE_MS / 1000} s`));
    };
    const timer = setTimeout(giveUp, PATIENCE_MS);
    const listener = (payload) => {
      if (!fits(payload)) return;
      clearTimeout(timer);
      client.off(event, listener);
      resolve(payload);
    };
    client.on(event, listener);
  });
}

/** Cuts a peer's connection without a close frame, as a lost network does. */
async function cutConnection(peer) {
  const response = await fetch(`${options.server.replace(/^ws/, "http")}/_dev/faults`, {
    method: "POST",
    body: JSON.stringify({ fault: "drop", peer }),
  });
  const answer = await response.json();
  if (!response.ok || answer.affected !== 1) {
    throw new Error(`the server did not cut the connection: ${JSON.stringify(answer)}`);
  }
}

async function meet(anna, ben) {
  const welcomes = [anna, ben].map((client) => next(client, "connected", "a welcome"));
  await Promise.all([anna.connect(), ben.connect()]);
  const [{ peerId: annasId }, { peerId: bensId }] = await Promise.all(welcomes);
  await anna.subscribe(CHANNEL);
  say("anna", `subscribed to ${CHANNEL}`);
  const joined = next(anna, "presence", "ben join", (p) => isJoin(p, bensId));
  await ben.subscribe(CHANNEL);
  say("ben", `subscribed to ${CHANNEL}`);
  await joined;
  return { annasId, bensId };
}

function isJoin(presence, peerId) {
  return presence.joined.some((peer) => peer.peerId === peerId);
}

async function publish(from, fromName, to, text) {
  const seen = next(to, "message", `"${text}"`, ({ data }) => data.text === text);
  const asked = performance.now();
  await from.publish(CHANNEL, { text });
  say(fromName, `published, acknowledged in ${(performance.now() - asked).toFixed(1)} ms`);
  await seen;
}

async function talk(anna, ben, annasId) {
  await publish(anna, "anna", ben, "Hello, room!");
  const seen = next(anna, "direct", "a direct message");
  await ben.send(annasId, { text: "Just between us." });
  say("ben", "direct message acknowledged");
  await seen;
}

async function loseAndRecover(anna, ben, bensId) {
  say("server", "cuts ben's connection");
  const back = next(ben, "connected", "ben reconnect");
  const rejoined = next(anna, "presence", "ben rejoin", ({ joined }) => joined.length > 0);
  await cutConnection(bensId);
  await back;
  await rejoined;
  say("ben", "is subscribed again without asking");
  await publish(anna, "anna", ben, "Welcome back!");
}

const anna = newClient("anna");
const ben = newClient("ben");
try {
  const { annasId, bensId } = await meet(anna, ben);
  await talk(anna, ben, annasId);
  await loseAndRecover(anna, ben, bensId);
} finally {
  await Promise.all([anna.close(), ben.close()]);
}
