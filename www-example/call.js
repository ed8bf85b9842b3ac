// The example's call: one MeteredPeer of the package, and what the page does with its events.
//
// Query parameters: ?server=ws://127.0.0.1:PORT&key=pk_live_local&room=lobby&autojoin=1&send=drawing

import { ConsoleLogger, DataChannel, MeteredPeer, WsCloseCode } from "../pkg/dist/peer.mjs";
import { cutLink, faultsAddress } from "./drop.js";
import * as media from "./media.js";
import { Tiles } from "./tiles.js";
import { clip, Journal, Messages, shortId } from "./view.js";
import { CloseWords } from "./words.js";

const DEFAULT_SERVER = "wss://rms.metered.ca";
const DEFAULT_ROOM = "lobby";
const CHAT = "chat";
const STATE_WORDS = {
  idle: "Not in a room",
  joining: "Joining…",
  joined: "In the room",
  reconnecting: "Reconnecting…",
  leaving: "Leaving…",
  closed: "Left",
};

const $ = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const journal = new Journal($("journal"), $("journal-box"));
const messages = new Messages($("messages"), $("messages-box"), $("messages-empty"));
const tiles = new Tiles($("tiles"), $("silent"));
const closes = new CloseWords(WsCloseCode);

/** The call, from Join to Leave. */
let peer = null;
/** What is sent: `{ picture, screen }`, each a stream. */
const sent = {};
let muted = false;
/** The chat's channel to each member. */
const channels = new Map();

// ---- join and leave ----

async function join() {
  $("problem").textContent = "";
  let mine;
  try {
    mine = newPeer();
  } catch (error) {
    return complain(error.message);
  }
  peer = mine;
  for (const [kind, stream] of Object.entries(sent)) mine.addStream(stream, { label: kind });
  try {
    await mine.join(field("room"));
  } catch (error) {
    if (mine !== peer) return;
    peer = null;
    complain(`Could not join: ${closes.whyNot(error)}`);
    // A room that refuses leaves its connection open.
    await mine.close();
    if (peer === null) show("idle");
  }
}

function newPeer() {
  const logger = asked.has("debug") ? ConsoleLogger : undefined;
  const made = new MeteredPeer({ url: field("server"), apiKey: field("key"), logger });
  made.on("state-change", ({ from, to }) => {
    journal.add("state", `${from} → ${to}`);
    tiles.knownAs(made.peerId);
    show(to);
  });
  made.on("joined", ({ peerId, channel }) => {
    journal.add("joined", `${channel} as ${shortId(peerId)}`);
    messages.note(`You joined ${channel}.`);
  });
  made.on("peer-joined", ({ peer: remote }) => welcome(remote));
  made.on("peer-left", ({ peer: remote }) => {
    journal.add("left", shortId(remote.id));
    tiles.remove(remote.id);
    channels.delete(remote.id);
  });
  made.on("left", ({ reason }) => {
    journal.add("over", reason ?? "the call is over");
    if (made === peer) peer = null;
    channels.clear();
    for (const id of made.remotePeers.map(({ id }) => id)) tiles.remove(id);
    show("closed");
  });
  made.on("error", ({ err }) => complain(`${err.name}: ${err.message}`));
  return made;
}

async function leave() {
  await peer?.close("left the page's call");
}

function welcome(remote) {
  const name = shortId(remote.id);
  journal.add("here", `${name} is in the room`);
  tiles.add(remote);
  remote.on("state-change", ({ from, to }) => journal.add("peer", `${name}: ${from} → ${to}`));
  remote.on("connection-reset", () => {
    journal.add("peer", `${name}: a new connection`);
    openChat(remote);
  });
  remote.on("negotiation-error", ({ err }) => journal.add("error", `${name}: ${err.name}: ${clip(err.message, 120)}`));
  remote.on("data-channel", ({ channel }) => {
    if (channel.label === CHAT) listen(remote, channel);
  });
  openChat(remote);
}

// ---- chat ----

/** One of the two opens the channel: the one that does not give way. */
function openChat(remote) {
  if (!remote.polite) listen(remote, remote.pc.createDataChannel(CHAT));
}

function listen(remote, raw) {
  const channel = new DataChannel(raw);
  channels.set(remote.id, channel);
  channel.on("open", () => journal.add("chat", `open to ${shortId(remote.id)}`));
  channel.on("message", ({ data }) => {
    if (typeof data === "string") messages.add({ from: shortId(remote.id), id: remote.id, text: clip(data, 4000) });
  });
  channel.on("error", ({ err }) => journal.add("error", `chat to ${shortId(remote.id)}: ${err.message}`));
}

async function send(text) {
  if (peer === null) return complain("Join a room first, then write.");
  const open = [...channels.values()].filter(({ readyState }) => readyState === "open");
  if (open.length === 0) return complain("Nobody is connected yet.");
  $("problem").textContent = "";
  $("text").value = "";
  const shown = messages.add({ from: "You", id: peer.peerId, own: true, text });
  const results = await Promise.allSettled(open.map((channel) => channel.send(text)));
  const failed = results.find(({ status }) => status === "rejected");
  if (failed) shown.failed("not sent to everybody", failed.reason.message);
  else shown.delivered();
}

// ---- what is sent ----

async function toggle(kind, open) {
  if (sent[kind]) return stopSending(kind);
  try {
    const stream = await open();
    sent[kind] = stream;
    for (const track of stream.getAudioTracks()) track.enabled = !muted;
    tiles.addStream("self", stream, kind);
    peer?.addStream(stream, { label: kind });
  } catch (error) {
    complain(`${kind}: ${error.message}`);
  }
  showControls();
}

function stopSending(kind) {
  const stream = sent[kind];
  delete sent[kind];
  peer?.removeStream(stream);
  media.stop(stream);
  tiles.removeStream("self", stream);
  showControls();
}

function mute() {
  muted = !muted;
  for (const stream of Object.values(sent)) for (const track of stream.getAudioTracks()) track.enabled = !muted;
  showControls();
}

function showControls() {
  for (const kind of ["camera", "drawing", "screen"]) $(kind).setAttribute("aria-pressed", String(Boolean(sent[kind])));
  $("mute").disabled = !Object.values(sent).some((stream) => stream.getAudioTracks().length > 0);
  $("mute").setAttribute("aria-pressed", String(muted));
}

// ---- the button that drops the link ----

function dropLink() {
  const address = faultsAddress(field("server"));
  if (address === null || !peer?.peerId) return journal.add("drop", $("drop-hint").textContent);
  return cutLink(address, peer.peerId, journal);
}

// ---- what the page shows ----

function show(state) {
  $("state").dataset.state = state;
  $("state-text").textContent = STATE_WORDS[state];
  const inside = peer !== null && !["idle", "closed"].includes(state);
  $("join").textContent = inside ? "Leave" : "Join";
  $("join").classList.toggle("primary", !inside);
  for (const id of ["server", "key", "room"]) $(id).readOnly = inside;
  showDrop();
}

function showDrop() {
  const local = faultsAddress(field("server")) !== null;
  const able = local && peer?.state === "joined";
  let hint = able ? "The server cuts the signalling link. Watch it come back." : "Join first.";
  if (!local) hint = "Only a local server (cargo xtask demo) cuts links on request.";
  $("drop").setAttribute("aria-disabled", String(!able));
  $("drop-hint").textContent = hint;
}

function complain(text) {
  $("problem").textContent = text;
  journal.add("error", text);
}

function field(id) {
  return $(id).value.trim();
}

// ---- start ----

function submits(form, action) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    action();
  });
}

function linkTwin() {
  const settings = { server: field("server"), key: field("key"), room: field("room"), autojoin: "1", send: "drawing" };
  $("twin").href = `call.html?${new URLSearchParams(settings)}`;
}

async function start() {
  $("server").value = asked.get("server") ?? DEFAULT_SERVER;
  $("key").value = asked.get("key") ?? "";
  $("room").value = asked.get("room") ?? DEFAULT_ROOM;
  tiles.showSelf("You");
  submits("room-form", () => (peer === null ? join() : leave()));
  submits("composer", () => {
    const text = field("text");
    if (text !== "") send(text);
  });
  $("camera").addEventListener("click", () => toggle("camera", media.camera));
  $("drawing").addEventListener("click", () => toggle("drawing", async () => media.drawing("drawn by the page")));
  $("screen").addEventListener("click", () => toggle("screen", () => media.screen(() => sent.screen && stopSending("screen"))));
  $("mute").addEventListener("click", mute);
  $("drop").addEventListener("click", dropLink);
  $("clear").addEventListener("click", () => journal.clear());
  for (const id of ["server", "key", "room"]) $(id).addEventListener("input", linkTwin);
  $("server").addEventListener("input", showDrop);
  linkTwin();
  show("idle");
  $("not-loaded").hidden = true;
  if (asked.get("send") === "drawing") await toggle("drawing", async () => media.drawing("drawn by the page"));
  if (asked.get("autojoin") === "1") join();
}

start();
