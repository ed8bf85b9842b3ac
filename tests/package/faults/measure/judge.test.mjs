// The judge must see each kind of wrong answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { claimOf, judge } from "./judge.mjs";

/** The verdict on calls, given what arrived. */
function verdict(calls, arrivals = {}, rest = {}) {
  const actor = { calls, wanted: new Map(), session: undefined, recoveries: [1], recovered: true, ...rest };
  return judge([actor], { arrivals: (id) => arrivals[id] ?? [] });
}

const call = (claim, more = {}) => ({ id: 1, kind: "publish", at: 0, settledAt: 100, claim, ...more });

test("right answers are not counted as wrong", () => {
  assert.equal(verdict([call("done")], { 1: [{ at: 50 }] }).lying, 0);
  assert.equal(verdict([call("notSent")]).lying, 0);
  assert.equal(verdict([call("rejected")], { 1: [{ at: 50, refused: true }] }).lying, 0);
  for (const arrivals of [{}, { 1: [{ at: 50 }] }]) assert.equal(verdict([call("unknown")], arrivals).lying, 0);
});

test("each kind of wrong answer is counted", () => {
  assert.equal(verdict([call("done")]).lies.doneButNeverArrived, 1);
  assert.equal(verdict([call("done")], { 1: [{ at: 50, refused: true }] }).lies.doneButNeverArrived, 1);
  assert.equal(verdict([call("notSent")], { 1: [{ at: 50 }] }).lies.notSentButArrived, 1);
  assert.equal(verdict([call("rejected")], { 1: [{ at: 50 }] }).lies.rejectedButDone, 1);
  assert.equal(verdict([call("unknown")], { 1: [{ at: 5000 }] }).lies.arrivedAfterRejection, 1);
  assert.equal(verdict([call("done")], { 1: [{ at: 50 }, { at: 60 }] }).lies.arrivedTwice, 1);
});

test("calls that are answered too late or never are lost", () => {
  assert.equal(verdict([call(undefined, { settledAt: undefined })]).lost, 1);
  assert.equal(verdict([call("unknown", { settledAt: 20_000 })]).lost, 1);
  assert.equal(verdict([call("unknown", { settledAt: 15_000 })]).lost, 0);
});

test("deaf and ghostly subscriptions are counted", () => {
  const wanted = new Map([
    ["a", true],
    ["b", true],
    ["c", false],
  ]);
  const session = { channels: new Set(["a", "c"]) };
  const { deafSubscriptions, ghostSubscriptions } = verdict([], {}, { wanted, session });
  assert.deepEqual([deafSubscriptions, ghostSubscriptions], [1, 1]);
});

test("what an error says about its request is read from its outcome, or else from its name", () => {
  assert.equal(claimOf({ outcome: "rejected", name: "NotConnectedError" }), "rejected");
  assert.equal(claimOf({ name: "NotConnectedError" }), "notSent");
  assert.equal(claimOf(new TypeError("x")), "notSent");
  assert.equal(claimOf({ name: "backend_error" }), "rejected");
  assert.equal(claimOf(new Error("ack timeout")), "unknown");
});
