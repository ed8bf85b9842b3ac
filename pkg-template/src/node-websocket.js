// The WebSocket for Node: that of the package `ws`. It can let go of a peer that is gone, and it tells why a connection failed;
// Node's own, from 22 on, does neither.

import { setWebSocketLoader } from "./dial.js";

/** A text may have 1,048,576 UTF-16 units, so this many bytes at most. `ws` does not read on where a frame has more. */
const MAX_TEXT_BYTES = 3 * 1_048_576;

/** Has sockets made by `ws`. `load` gives it and Node's `https`; it is called when the first socket is needed. */
export function dialWithWs(load) {
  let loading = null;
  setWebSocketLoader(() => (loading ??= withoutAddon(load).then(([WebSocket, https]) => nodeWebSocket(WebSocket, https))));
}

/**
 * Loads `ws` without the optional addon `bufferutil`. Some bundlers put an empty module in its place, and `ws` would fail with every longer
 * frame that it sends.
 */
async function withoutAddon(load) {
  const { env } = process;
  const before = env.WS_NO_BUFFER_UTIL;
  env.WS_NO_BUFFER_UTIL = "1";
  try {
    return await load();
  } finally {
    if (before === undefined) delete env.WS_NO_BUFFER_UTIL;
    else env.WS_NO_BUFFER_UTIL = before;
  }
}

/**
 * The class that the driver constructs. `https`: the object that `require("node:https")` gives, because a program may put another
 * `globalAgent` there at any time.
 */
function nodeWebSocket(WebSocket, https) {
  return class NodeWebSocket extends WebSocket {
    constructor(address) {
      super(address, {
        // The agent knows the proxy that Node is configured to use. `ws:` is for local servers, which no proxy reaches.
        agent: address.startsWith("wss:") ? https.globalAgent : undefined,
        perMessageDeflate: false,
        maxPayload: MAX_TEXT_BYTES,
      });
      // An `error` event without a listener ends the process. Whoever breaks the rules of the protocol is not waited for.
      this.on("error", this.terminate);
      this.on("unexpected-response", refused);
    }
  };
}

/** The server answered, but not with a WebSocket. The `error` that tells so comes before any other. */
function refused(_request, { statusCode, headers }) {
  const error = new Error(`the server answered with the HTTP status ${statusCode}`);
  error.httpStatus = statusCode;
  error.retryAfterMs = milliseconds(headers["retry-after"]);
  this.emit("error", error);
}

/** The header `Retry-After`, which is a number of seconds or a date. */
function milliseconds(retryAfter = "") {
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return ms >= 0 ? ms : undefined;
}
