/* global test, expect */
const { writeFileSync } = require("node:fs");
require("./consumer.js");
const metered = require("metered-realtime");

test("a conversation", async () => {
  const outcome = await globalThis.consumer.outcome(metered);
  writeFileSync("outcome.json", JSON.stringify(outcome));
  expect(outcome.error).toBe(undefined);
});
