// Completes a set of options so that it works with either library in this process.

/** FAULTS_SOCKET: `global` for the global WebSocket. Without it, ours takes its own; the official client has none, and gets that of `ws`. */
export async function complete(options) {
  const { FAULTS_LIBRARY: library, FAULTS_SOCKET: kind } = process.env;
  if (kind === "global") return { ...options, webSocketFactory: (url) => new globalThis.WebSocket(url) };
  if (library === "ours") return options;
  const { WebSocket } = await import("ws");
  return { ...options, webSocketFactory: (url) => new WebSocket(url) };
}
