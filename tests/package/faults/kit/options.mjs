// What an option set needs to work with a library.

/** The official client knows no `ws`, so a Node without a global WebSocket has to bring it. */
export async function complete(options, library = process.env.FAULTS_LIBRARY) {
  if (library !== "official" || typeof globalThis.WebSocket === "function") return options;
  const { WebSocket } = await import("ws");
  return { ...options, webSocketFactory: (url) => new WebSocket(url) };
}
