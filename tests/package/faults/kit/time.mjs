// Waiting.

import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

/** Waits until a condition holds. */
export async function until(condition, patienceMs = 10_000, what = condition) {
  const end = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so after ${patienceMs} ms: ${what}`);
    await sleep(2);
  }
}

/** Random numbers from a seed (mulberry32), from 0 to below 1. */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
