// The measurements as text: a heading, how it was measured, a table.

export const reports = { "half-open": halfOpen, dials, faults, leaks, fleet };

function halfOpen({ timeoutMs, patienceMs, rows }) {
  return [
    "A half-open link: TCP lives, and nothing is answered, not even a close.",
    `inactivityTimeoutMs: ${timeoutMs}, otherwise the defaults. Median (worst) of the runs; "never": not within ${patienceMs / 1000} s.`,
    table(
      ["runtime", "client", "noticed after", "replaced after"],
      rows.map(({ runtime, library, noticedMs, replacedMs }) => [runtime, library, spread(noticedMs), spread(replacedMs)]),
    ),
  ].join("\n");
}

function dials({ seconds, rows }) {
  return [
    `A server that welcomes and drops. Default options, ${seconds} s.`,
    table(["client", "dials a minute"], rows.map(({ library, perMinute }) => [library, perMinute.toFixed(0)])),
  ].join("\n");
}

function faults({ faults: count, clients, timeoutMs, rows }) {
  const times = ({ median, worst }) => `${median} ms (${worst} ms)`;
  const lines = {
    calls: (row) => row.calls,
    "calls lost: not answered within 16 s": (row) => row.lost,
    "calls that lied": (row) => row.lying,
    "  confirmed and never arrived": (row) => row.lies.doneButNeverArrived,
    "  said not to be sent, and arrived": (row) => row.lies.notSentButArrived,
    "  refused, and carried out": (row) => row.lies.rejectedButDone,
    "  failed, and sent after that": (row) => row.lies.arrivedAfterRejection,
    "subscriptions that are deaf at the end": (row) => row.deafSubscriptions,
    "subscriptions that came back though cancelled": (row) => row.ghostSubscriptions,
    "back after a break, median (worst)": (row) => times(row.recoveryMs),
    "a call fails after, median (worst)": (row) => times(row.failureToldAfterMs),
    'calls with the outcome "unknown"': (row) => `${row.claims.unknown} (${((100 * row.claims.unknown) / row.calls).toFixed(0)} %)`,
    "time that it took": (row) => `${row.seconds} s`,
  };
  return [
    `${count} random faults on real sockets. ${clients} clients in Node publish, send, subscribe and unsubscribe, and their links`,
    "are reset, swallowed, cut inside of a frame, closed with every code or silenced; acks are lost, late, doubled or refused.",
    `A recorder on the other side knows what arrived. inactivityTimeoutMs: ${timeoutMs}, quick retries, no dial budget.`,
    table(["", ...rows.map(({ library }) => library)], Object.entries(lines).map(([what, cell]) => [what, ...rows.map(cell)])),
  ].join("\n");
}

function leaks({ count, rows, clients, alive }) {
  const left = ({ before, after } = {}) => {
    if (before === undefined) return "-";
    const same = JSON.stringify(before) === JSON.stringify(after);
    return same ? "as before" : `${JSON.stringify(before)} before, ${JSON.stringify(after)} after`;
  };
  const collected = alive.length === 1 && alive[0] === "connected";
  return [
    `Memory: a server welcomes, and drops at the first request; the client reconnects and subscribes again, ${count} times in Node and`,
    "a quarter of that in Chromium. Bytes of heap and external memory for each reconnect, after a warm-up. The floor is what",
    "reconnecting with ws alone leaves.",
    table(
      ["runtime", "client", "reconnects", "bytes each", "wasm growth", "sockets and timers after"],
      rows.map((row) => [row.runtime, row.library, row.reconnects, row.bytesPerReconnect.toFixed(0), row.wasmGrowth ?? "-", left(row.resources)]),
    ),
    `Bytes that a client leaves which connected and was closed, of 1,000: ${clients.map((row) => `${row.bytesPerClient.toFixed(0)} (${row.library})`).join(", ")}`,
    `Closed clients are collected, a connected one that nobody holds works on: ${collected ? "yes" : "NO"}`,
  ].join("\n");
}

function fleet({ clients, windowMs, rows }) {
  return [
    `A restart under ${clients} clients: all lose the server at the same moment (close 1001), and it is back at once.`,
    `The largest share of them that dials within the same ${windowMs} ms. The packed clients, on played sockets and a played clock.`,
    table(
      ["client", "options", "peak share", "first dial", "last dial"],
      rows.map((row) => [row.library, row.name, `${(row.peakShare * 100).toFixed(1)} %`, `${row.firstMs} ms`, `${row.lastMs} ms`]),
    ),
  ].join("\n");
}

/** Columns as wide as their widest cell. */
function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}

/** Median and worst of a list of milliseconds, in which `null` is a run that took for ever. */
function spread(list) {
  const sorted = list.map((ms) => ms ?? Infinity).sort((a, b) => a - b);
  const show = (ms) => (ms === Infinity ? "never" : `${(ms / 1000).toFixed(2)} s`);
  return `${show(sorted[Math.floor(sorted.length / 2)])} (${show(sorted.at(-1))})`;
}
