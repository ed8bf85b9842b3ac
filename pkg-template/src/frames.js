// The rules of the server's frames (spec A.3, B.13), for what JSON.parse made of them, and the text of ours. The rules are those of
// crates/proto/src/wire/frame.rs and ice.rs, which as wasm would be three times as large; tests/frames/corpus.json holds both to the same.

import { BAD_FIELD, NO_TYPE, UNKNOWN_TYPE } from "./calls.js";

const MAX_SERVERS = 16;
const MAX_URL = 512;
const MAX_TEXT = 1024;

/** The types of our own frames, by the kinds of src/web/said.rs. */
const TYPES = ["", "ping", "unsubscribe", "subscribe", "subscribe"];
const WITH_METADATA = 4;

/** The text of a frame of ours; that of kind 0 is there already. */
export function frameText(call, kind, text) {
  if (kind === 0) return text;
  // What is undefined is left out.
  return JSON.stringify({
    type: TYPES[kind],
    channel: text,
    includeSenderMetadata: kind === WITH_METADATA || undefined,
    requestId: call ? String(call) : undefined,
  });
}

/** The type of a frame and what it says, or the number of a reason why it is none. */
export function readFrame(frame) {
  const type = object(frame)?.type;
  if (!isText(type)) return [NO_TYPE, {}];
  const read = READERS[type];
  if (!read) return [UNKNOWN_TYPE, {}];
  const detail = read(frame);
  return detail ? [type, detail] : [BAD_FIELD, {}];
}

/** Of each type: what users are told of it, or what the core is; nothing if a field is missing or wrong. */
const READERS = {
  __proto__: null,

  message({ channel, from, data, fromMetadata }) {
    if (!isText(channel) || !isText(from) || data === undefined) return;
    return object(fromMetadata) ? { channel, from, data, fromMetadata } : { channel, from, data };
  },

  direct({ from, data, fromMetadata }) {
    if (!isText(from) || data === undefined) return;
    return object(fromMetadata) ? { from, data, fromMetadata } : { from, data };
  },

  presence({ channel, joined, left }) {
    joined = each(joined, peer);
    left = each(left, peer);
    if (isText(channel) && joined && left) return { channel, joined, left };
  },

  ack({ requestId }) {
    if (isText(requestId)) return { requestId };
  },

  /** An empty id counts as none. */
  error({ code, requestId, message }) {
    if (text(code)) return { code, requestId: text(requestId) || undefined, message: text(message) };
  },

  pong: () => ({}),

  going_away: ({ retryAfterMs }) => ({ retryAfterMs: isAboveZero(retryAfterMs) ? retryAfterMs : 1000 }),

  welcome({ peerId, serverTime, expiresAt = null, maxMessageSize, metadata }) {
    if (!isText(peerId) || !Number.isFinite(serverTime) || !isAboveZero(maxMessageSize)) return;
    if (expiresAt !== null && !Number.isFinite(expiresAt)) return;
    return present({ peerId, serverTime, expiresAt, isReconnect: false, maxMessageSize, iceServers: iceServers(object(metadata)?.iceServers) });
  },
};

function peer(entry) {
  const { peerId, metadata } = object(entry) ?? {};
  if (isText(peerId)) return present({ peerId, metadata: object(metadata) });
}

/** One broken rule, and there are none at all. */
function iceServers(list) {
  if (!(list?.length > MAX_SERVERS)) return each(list, iceServer);
}

function iceServer(entry) {
  if (!object(entry)) return;
  const urls = isText(entry.urls) ? iceUrl(entry.urls) : each(entry.urls, iceUrl);
  const [username, credential] = [text(entry.username), text(entry.credential)];
  if (urls?.length > 0 && !(username?.length > MAX_TEXT) && !(credential?.length > MAX_TEXT)) return present({ urls, username, credential });
}

function iceUrl(url) {
  if (isText(url) && url.length <= MAX_URL && /^(stun|turn)s?:/i.test(url)) return url;
}

/** What becomes of each element; nothing if this is no list, or if one of them becomes nothing. */
function each(list, make) {
  if (!Array.isArray(list)) return;
  const made = list.map(make);
  if (!made.includes(undefined)) return made;
}

/** The fields that are there. */
export function present(fields) {
  for (const name in fields) if (fields[name] === undefined) delete fields[name];
  return fields;
}

function object(value) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
}

function text(value) {
  if (isText(value)) return value;
}

function isText(value) {
  return typeof value === "string";
}

function isAboveZero(value) {
  return Number.isFinite(value) && value > 0;
}
