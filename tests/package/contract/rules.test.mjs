// The rules that the package has in JavaScript, held to the lists that those in Rust are held to.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readFrame } from "../../../pkg-template/src/frames.js";
import { originOf } from "../../../pkg-template/src/rules.js";
import { scrub } from "../../../pkg-template/src/scrub.js";

const list = (name) => JSON.parse(readFileSync(new URL(`../../frames/${name}.json`, import.meta.url), "utf8"));

const WHY = ["not JSON", "no type", "unknown type", "missing or wrong field"];

test("frames are what the corpus says", () => {
  const corpus = list("corpus");
  assert.ok(corpus.length > 100);
  for (const { text, expect } of corpus) assert.deepEqual(described(text), parsed(expect), text);
});

test("addresses are read as the list of them says", () => {
  const addresses = list("addresses");
  assert.ok(addresses.length > 70);
  for (const [address, { origin, rule }] of addresses) {
    if (origin) assert.equal(originOf(address), origin);
    else assert.throws(() => originOf(address), { name: "TypeError", message: `url ${rule}` }, address);
  }
});

test("credentials in texts are hidden, and nothing else", () => {
  const texts = list("scrub");
  assert.ok(texts.length > 20);
  for (const [text, hidden] of texts) {
    assert.equal(scrub(text), hidden);
    assert.equal(scrub(hidden), hidden);
  }
});

test("scrubbing long texts ends: nothing goes back again and again", () => {
  for (const part of ['"', "key", "key=", "a@", "://", "eyJ", "eyJ.", "bearer ", "%3F", "api_key \t", "sk_", "\\"]) {
    assert.ok(scrub(part.repeat(100_000)).length > 0);
  }
});

/** As in the corpus, with application data parsed. */
function described(text) {
  let frame;
  try {
    frame = JSON.parse(text);
  } catch {
    return { is: "malformed", why: WHY[0] };
  }
  const [type, detail] = readFrame(frame);
  if (typeof type === "number") return { is: "malformed", why: WHY[type] };
  const fields = { is: type, ...detail };
  delete fields.isReconnect;
  return nullable(fields);
}

/** What is absent here is null in the corpus. */
function nullable(fields) {
  const optional = {
    message: ["fromMetadata"],
    direct: ["fromMetadata"],
    error: ["requestId", "message"],
    welcome: ["iceServers"],
  };
  for (const name of optional[fields.is] ?? []) fields[name] ??= null;
  for (const peer of [...(fields.joined ?? []), ...(fields.left ?? [])]) peer.metadata ??= null;
  for (const server of fields.iceServers ?? []) {
    server.username ??= null;
    server.credential ??= null;
  }
  return fields;
}

/** Application data is JSON text in the corpus. */
function parsed(expect) {
  const value = (text) => (typeof text === "string" ? JSON.parse(text) : text);
  const result = { ...expect };
  for (const name of ["data", "fromMetadata"]) if (name in result) result[name] = value(result[name]);
  for (const side of ["joined", "left"]) result[side] = result[side]?.map((peer) => ({ ...peer, metadata: value(peer.metadata) }));
  for (const side of ["joined", "left"]) if (result[side] === undefined) delete result[side];
  return result;
}
