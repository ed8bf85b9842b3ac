// How a socket is made: by the user's factory, with the page's WebSocket, or in Node with that of `ws`.

/**
 * How Node gets its WebSocket; set by the entry. Node's own class (from 22 on) cannot be made to let go of a peer that is gone, and
 * tells nothing of why a connection failed. One that took its place is the user's wish.
 */
let loadWebSocket = null;
let nodesOwn;

export function setWebSocketLoader(load) {
  loadWebSocket = load;
  nodesOwn = globalThis.WebSocket;
}

/** A socket; `undefined` where there is no WebSocket; or `null`, and `later` gets a function that gives the same. */
export function dial(factory, address, later) {
  if (factory) return object(factory(address));
  const { WebSocket } = globalThis;
  if (!loadWebSocket || WebSocket !== nodesOwn) return construct(WebSocket, address);
  const load = (WebSocket) => later(() => construct(WebSocket, address));
  // What says that it is Node may not have all of Node.
  loadWebSocket().then(load, () => load(nodesOwn));
  return null;
}

function construct(WebSocket, address) {
  return typeof WebSocket === "function" ? new WebSocket(address) : undefined;
}

function object(socket) {
  if (typeof socket !== "object" || socket === null) throw new TypeError("webSocketFactory did not return a socket");
  return socket;
}

/** Nobody listens to this socket any more. `ws` reports an error when it is closed while connecting, and an unheard one ends a Node process. */
export function ignoreErrors(socket) {
  attempt(() => socket.addEventListener("error", () => {}));
}

/** Closes a socket without the core. */
export function abandon(socket) {
  ignoreErrors(socket);
  attempt(() => socket.close());
  attempt(() => socket.terminate());
}

export function attempt(action) {
  try {
    action();
  } catch {
    // It is the user's, and there is nothing to be done about it.
  }
}
