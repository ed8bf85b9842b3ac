// Compares the results of calls with what arrived at the other side.

import { median } from "../kit/statistics.mjs";

/** Both libraries wait 15 s for an answer. */
export const LOST_AFTER_MS = 16_000;
/** A frame that is on its way when a call fails may still arrive. */
export const ON_ITS_WAY_MS = 1000;

/** The outcome that an error claims. */
export function claimOf(error) {
  if (error.outcome !== undefined) return error.outcome;
  // The official client's errors have no outcome, so their names decide.
  if (error.name === "NotConnectedError" || error.name === "OversizedPayloadError" || error instanceof TypeError) return "notSent";
  if (error.name === "backend_error") return "rejected";
  return "unknown";
}

/** Needs of each actor: its calls, the channels that it wants, and its connection. */
export function judge(actors, recorder) {
  const calls = actors.flatMap((actor) => actor.calls);
  const writes = calls.filter(({ id }) => id !== undefined);
  const isLost = ({ at, settledAt }) => settledAt === undefined || settledAt - at > LOST_AFTER_MS;
  const lies = { doneButNeverArrived: 0, notSentButArrived: 0, rejectedButDone: 0, arrivedAfterRejection: 0, arrivedTwice: 0 };
  for (const { id, claim, settledAt } of writes) {
    const arrivals = recorder.arrivals(id);
    const done = arrivals.some(({ refused }) => !refused);
    if (claim === "done" && !done) lies.doneButNeverArrived += 1;
    if (claim === "notSent" && arrivals.length > 0) lies.notSentButArrived += 1;
    if (claim === "rejected" && done) lies.rejectedButDone += 1;
    if (claim !== "done" && settledAt && arrivals.some(({ at }) => at > settledAt + ON_ITS_WAY_MS)) lies.arrivedAfterRejection += 1;
    if (arrivals.length > 1) lies.arrivedTwice += 1;
  }
  let deaf = 0;
  let ghosts = 0;
  for (const { wanted, session } of actors) {
    for (const [channel, wants] of wanted) {
      const has = session?.channels.has(channel) ?? false;
      if (wants && !has) deaf += 1;
      if (!wants && has) ghosts += 1;
    }
  }
  const recoveries = actors.flatMap((actor) => actor.recoveries);
  const failures = calls.filter(({ settledAt, claim }) => settledAt && claim !== "done").map(({ at, settledAt }) => settledAt - at);
  const claims = {};
  for (const { claim } of calls) claims[claim ?? "none"] = (claims[claim ?? "none"] ?? 0) + 1;
  return {
    calls: calls.length,
    claims,
    lost: calls.filter(isLost).length,
    lying: Object.values(lies).reduce((sum, count) => sum + count, 0),
    lies,
    notRecovered: actors.filter(({ recovered }) => !recovered).length,
    deafSubscriptions: deaf,
    ghostSubscriptions: ghosts,
    recoveryMs: { median: median(recoveries), worst: Math.max(...recoveries) },
    failureToldAfterMs: { median: median(failures), worst: Math.max(...failures) },
    unnamedErrors: calls.filter(({ error }) => error === "Error").length,
  };
}
