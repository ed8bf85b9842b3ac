import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import "./consumer.js";
import * as metered from "metered-realtime";

test("a conversation", async () => {
  const outcome = await globalThis.consumer.outcome(metered);
  writeFileSync("outcome.json", JSON.stringify(outcome));
  expect(outcome.error).toBe(undefined);
});
