// The example's behaviour: one client of the package, and what the page does with its events.
//
// Query parameters: ?server=ws://127.0.0.1:PORT&key=pk_live_local&channel=lobby&autoconnect=1

import { ConsoleLogger, SignallingClient, SignallingConnectError, WsCloseCode } from "../pkg/dist/index.mjs";
import { cutLink, faultsAddress } from "./drop.js";
import { clip, Journal, Messages, People, shortId, showState } from "./view.js";
import { CloseWords } from "./words.js";

const DEFAULT_SERVER = "wss://rms.metered.ca";
const DEFAULT_CHANNEL = "lobby";

const $ = (id) => document.getElementById(id);
const journal = new Journal($("journal"), $("journal-box"));
const messages = new Messages($("messages"), $("messages-box"), $("messages-empty"));
const people = new People($("people"), $("count"), $("people-empty"), writeTo);
const closes = new CloseWords(WsCloseCode);

/** The client of the current connection, from Connect to Disconnect. */
let client = null;
let me = null;
let connects = 0;
/** The channel that is joined, or being joined. */
let joined = null;
let snapshotDue = false;

// ---- connect and disconnect ----

async function connect() {
  $("problem").textContent = "";
  connects = 0;
  try {
    client = newClient();
  } catch (error) {
    // A TypeError names the option and its rule, but never the key.
    return complain(error.message);
  }
  const mine = client;
  try {
    await mine.connect();
  } catch (error) {
    if (mine !== client) return;
    client = null;
    show("closed");
    complain(error instanceof SignallingConnectError ? `Could not connect: ${closes.whyNot(error)}` : error.message);
  }
}

function newClient() {
  const created = new SignallingClient({ url: field("server"), apiKey: field("key"), logger: ConsoleLoggerForDebugging });
  created.on("state-change", ({ from, to }) => {
    journal.add("state", `${from} → ${to}`);
    show(to);
  });
  created.on("connected", onConnected);
  created.on("disconnected", onDisconnected);
  created.on("presence", onPresence);
  created.on("message", ({ channel, from, data }) => {
    if (channel === joined) messages.add({ from: people.name(from), id: from, text: textOf(data) });
  });
  created.on("direct", ({ from, data }) => {
    people.remember(from);
    messages.add({ from: people.name(from), id: from, text: textOf(data), to: "you" });
  });
  created.on("server-error", ({ code, message }) => journal.add("error", `${code}${message ? `: ${message}` : ""}`));
  created.on("going-away", ({ retryAfterMs }) => {
    journal.add("server", `restarts; it suggests to come back in ${retryAfterMs} ms`);
  });
  return created;
}

/** Logs nothing, unless the address has ?debug. */
const ConsoleLoggerForDebugging = new URLSearchParams(location.search).has("debug") ? ConsoleLogger : undefined;

async function disconnect() {
  const leaving = client;
  client = null;
  await leaving.close();
  forgetConnection();
  show("closed");
}

function onConnected({ peerId, maxMessageSize, isReconnect }) {
  me = peerId;
  connects += 1;
  people.clear(me);
  snapshotDue = joined !== null;
  const size = `messages up to ${Math.floor(maxMessageSize / 1024)} KB`;
  journal.add("welcome", `${isReconnect ? "back" : "connected"} as ${shortId(peerId)}, ${size}`);
  showFacts();
  if (!isReconnect) join(field("channel") || DEFAULT_CHANNEL);
}

function onDisconnected({ code, reason, willReconnect }) {
  const words = reason ? `, “${clip(reason, 120)}”` : "";
  journal.add("lost", `${code} ${closes.of(code)}${words}; ${willReconnect ? "reconnecting" : "not reconnecting"}`);
  people.clear(null);
  if (willReconnect || client === null) return;
  complain(`The connection ended: ${code} ${closes.of(code)}.`);
  client = null;
  forgetConnection();
}

function forgetConnection() {
  me = null;
  joined = null;
  people.clear(null);
  showFacts();
  showChannel();
}

// ---- channel ----

async function join(channel) {
  if (client === null) return connect();
  const mine = client;
  const before = joined;
  if (before === channel) return leave();
  joined = channel;
  people.clear(me);
  snapshotDue = true;
  showChannel();
  try {
    if (before !== null) await mine.unsubscribe(before);
    await mine.subscribe(channel);
    journal.add("channel", `joined ${channel}`);
    messages.note(`You joined ${channel}.`);
  } catch (error) {
    if (mine !== client || joined !== channel) return;
    journal.add("error", `join ${clip(channel, 60)}: ${error.name}`);
    // The link broke before the answer: the client subscribes again by itself.
    if (error.outcome === "unknown") return;
    joined = null;
    complain(`Could not join ${clip(channel, 60)}: ${error.message}`);
  }
  showChannel();
}

async function leave() {
  const channel = joined;
  joined = null;
  people.clear(me);
  showChannel();
  try {
    await client.unsubscribe(channel);
  } catch {
    // Without a connection there is nothing to leave, and the client has forgotten the channel.
  }
  journal.add("channel", `left ${channel}`);
  messages.note(`You left ${channel}.`);
}

/** The first presence after each subscribe lists who is there; those after it are changes. */
function onPresence({ channel, joined: arrived, left }) {
  if (channel !== joined) return;
  people.add(arrived);
  people.remove(left);
  if (snapshotDue) {
    snapshotDue = false;
    // The server decides whether this client is in its own list.
    if (!people.has(me)) people.add([{ peerId: me }]);
    journal.add("presence", `${people.size} in ${channel}`);
    return;
  }
  for (const { peerId } of arrived) journal.add("presence", `${people.name(peerId)} joined`);
  for (const { peerId } of left) journal.add("presence", `${people.name(peerId)} left`);
}

// ---- messages ----

async function send(text) {
  const to = $("to").value;
  if (client === null || (to === "" && joined === null)) {
    complain(client === null ? "Connect first, then send." : "Join a channel first, then send.");
    return;
  }
  $("problem").textContent = "";
  $("text").value = "";
  const shown = messages.add({ from: "You", id: me, own: true, text, to: to && people.name(to) });
  try {
    if (to === "") await client.publish(joined, { text });
    else await client.send(to, { text });
    shown.delivered();
  } catch (error) {
    shown.failed(error.outcome === "unknown" ? "perhaps not sent" : "not sent", error.message);
    // Nobody got the message, so its text goes back into the text box.
    if (error.outcome !== "unknown" && $("text").value === "") $("text").value = text;
  }
}

/** What a peer sent may be anything. */
function textOf(data) {
  const text = typeof data?.text === "string" ? data.text : JSON.stringify(data);
  return clip(text, 4000);
}

function writeTo(id) {
  $("to").value = id;
  $("text").focus();
}

// ---- the button that drops the link ----

function dropLink() {
  const address = faultsAddress(field("server"));
  if (address === null || me === null) return journal.add("drop", $("drop-hint").textContent);
  return cutLink(address, me, journal);
}

function showDrop() {
  let hint = "The server cuts this connection, as a lost network would. Watch it come back.";
  const address = faultsAddress(field("server"));
  if (address === null) hint = "Only a local server (cargo xtask demo) cuts links on request.";
  else if (me === null) hint = "Connect first; then this cuts the connection, as a lost network would.";
  const able = me !== null && address !== null && client?.state === "connected";
  $("drop").setAttribute("aria-disabled", String(!able));
  $("drop-hint").textContent = hint;
}

// ---- what the page shows ----

function show(state) {
  showState($("state"), $("state-text"), state);
  const busy = client !== null && state !== "idle" && state !== "closed";
  const welcomed = busy && state !== "connecting";
  $("connect").textContent = busy ? "Disconnect" : "Connect";
  $("connect").classList.toggle("primary", !busy);
  // Hiding the focused field would leave keyboard users without focus.
  if (welcomed && $("fields").contains(document.activeElement)) $("connect").focus();
  $("fields").hidden = welcomed;
  $("facts").hidden = !welcomed;
  $("server").readOnly = busy;
  $("key").readOnly = busy;
  showDrop();
  showChannel();
}

function showFacts() {
  $("where").textContent = field("server");
  $("me").textContent = me === null ? "" : shortId(me);
  $("me").title = me ?? "";
  $("connects").textContent = connects === 1 ? "1, without a break" : `${connects}, recovered ${connects - 1}×`;
  showDrop();
}

function showChannel() {
  const same = joined !== null && joined === field("channel");
  $("join").textContent = same ? "Leave" : "Join";
  $("chat-title").textContent = joined === null ? "Chat" : `Chat in ${joined}`;
  people.offerIn($("to"), joined);
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
  const settings = { server: field("server"), key: field("key"), channel: field("channel"), autoconnect: "1" };
  $("twin").href = `?${new URLSearchParams(settings)}`;
}

function start() {
  const asked = new URLSearchParams(location.search);
  $("server").value = asked.get("server") ?? DEFAULT_SERVER;
  $("key").value = asked.get("key") ?? "";
  $("channel").value = asked.get("channel") ?? DEFAULT_CHANNEL;
  submits("connection", () => (client === null ? connect() : disconnect()));
  submits("channel-form", () => join(field("channel")));
  submits("composer", () => {
    const text = field("text");
    if (text !== "") send(text);
  });
  for (const id of ["server", "key", "channel"]) $(id).addEventListener("input", linkTwin);
  $("server").addEventListener("input", showDrop);
  $("channel").addEventListener("input", showChannel);
  $("drop").addEventListener("click", dropLink);
  $("clear").addEventListener("click", () => journal.clear());
  linkTwin();
  show("idle");
  $("not-loaded").hidden = true;
  if (asked.get("autoconnect") === "1") connect();
}

start();
