// Whether the guide is complete, as far as names can be counted.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as official from "@metered-ca/realtime";
import * as ours from "../installed/entry.mjs";
import { read } from "./blocks.mjs";

/** The WebRTC half, and its errors. */
const isOfWebRtc = (name) => /^(MeteredPeer|RemotePeer|DataChannel)/.test(name);

test("every export of the official package's client exists here", () => {
  const missing = Object.keys(official).filter((name) => !isOfWebRtc(name) && !(name in ours));
  assert.deepEqual(missing, []);
});

test("every method of the official client exists here", () => {
  const methods = Object.getOwnPropertyNames(official.SignallingClient.prototype);
  assert.deepEqual(methods.filter((name) => !(name in ours.SignallingClient.prototype)), []);
  assert.deepEqual(ours.WsCloseCode, { ...official.WsCloseCode });
});

test("every error class, close code and error code has its place in the guide", () => {
  const errors = read("docs/guide/errors.md");
  const classes = Object.keys(ours).filter((name) => name.endsWith("Error"));
  const codes = /^export type ErrorCode =([^;]+);/m.exec(read("pkg-template/types/index.d.ts"))[1].match(/\w+/g);
  const wanted = [...classes, ...Object.keys(ours.WsCloseCode), ...Object.values(ours.WsCloseCode), ...codes];
  assert.deepEqual(wanted.filter((name) => !errors.includes(String(name))), []);
});

test("every option, event and field of the types has its place in the guide", () => {
  const types = read("pkg-template/types/index.d.ts");
  const guide = ["options", "events"].map((page) => read(`docs/guide/${page}.md`)).join("\n");
  const interfaces = [...types.matchAll(/^export interface (\w+(?:Options|Event|EventMap|Message))\b[^{]*\{\n([\s\S]*?)^\}/gm)];
  assert.ok(interfaces.length > 10, "the interfaces were found");
  const fields = interfaces.flatMap(([, , body]) => [...body.matchAll(/^ {2}(?:readonly )?"?([\w-]+)"?\??:/gm)].map(([, field]) => field));
  assert.deepEqual([...new Set(fields)].filter((field) => !guide.includes(field)), []);
});
