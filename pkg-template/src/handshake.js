// The opening handshake of a WebSocket (RFC 6455, section 4), by the HTTP client of Node.

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const nothing = () => {};

/**
 * Asks for a WebSocket, without extensions and protocols. Calls `opened(socket, head)`, where `head` is what has come behind the
 * answer, or else `failed()`. Gives what can be destroyed meanwhile.
 */
export function shakeHands({ http, https, crypto }, address, opened, failed) {
  const url = new URL(address);
  const { request } = url.protocol === "wss:" ? https : http;
  url.protocol = url.protocol.replace("ws", "http");
  const key = crypto.randomBytes(16).toString("base64");
  const asked = request(url, {
    // The connection is never given back, and has no time limit of a pool's.
    agent: false,
    headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": 13 },
  });
  let agreed = false;
  asked.on("upgrade", ({ headers }, socket, head) => {
    const accept = crypto.createHash("sha1").update(key + GUID).digest("base64");
    agreed = isAgreed(headers, accept);
    if (agreed) opened(socket, head);
    else socket.destroy();
  });
  // Anything but the upgrade: a refusal, or a redirection, which browsers do not follow either.
  asked.on("response", () => asked.destroy());
  asked.on("error", nothing);
  asked.on("close", () => agreed || failed());
  asked.end();
  return asked;
}

function isAgreed(headers, accept) {
  return (
    headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-accept"] === accept &&
    // None was asked for.
    headers["sec-websocket-extensions"] === undefined &&
    headers["sec-websocket-protocol"] === undefined
  );
}
