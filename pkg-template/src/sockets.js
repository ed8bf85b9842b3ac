// The sockets of a client: making, listening, writing, closing. A socket may be the user's, so nothing about it is taken for
// granted: only `addEventListener`, `removeEventListener`, `send`, `close` and `readyState` are used, and all of it guarded.

const CONNECTING = 0;
const OPEN = 1;
const nothing = () => {};

/**
 * How a socket is made in Node where the user gives no factory; set by the entry. Node's own class (from 22 on) cannot be made to
 * let go of a peer that is gone, and would hold the process for a minute. One that took its place is the user's wish.
 */
let loadWebSocket = null;
let nodesOwn;

export function setWebSocketLoader(load) {
  loadWebSocket = load;
  nodesOwn = globalThis.WebSocket;
}

const EVENTS = ["open", "message", "close", "error"];

/** A socket and what it says; without a socket while that is on its way. */
class Entry {
  socket = null;
  /** The socket's welcome, and the presence that is told after it. */
  welcome = null;
  held = null;
  /** What its first error said; see `failureOf`. */
  failure = null;

  constructor(id, sockets) {
    this.id = id;
    this.sockets = sockets;
  }

  listen() {
    for (const event of EVENTS) this.socket.addEventListener(event, (this[event] = this[event].bind(this)));
  }

  leave() {
    for (const event of EVENTS) attempt(() => this.socket.removeEventListener(event, this[event]));
  }

  open() {
    this.sockets.news.opened(this.id);
  }

  message(event) {
    this.sockets.news.message(this, read(event, "data"));
  }

  close(event) {
    this.sockets.closed(this, event);
  }

  /**
   * The close that follows tells how it ended, and in Node this may tell why. A Node before 24 has no close for a handshake that
   * failed, and its socket goes on to say that it is connecting.
   */
  error(event) {
    this.failure ??= failureOf(event);
    if (read(this.socket, "readyState") === CONNECTING) this.close();
  }
}

export class Sockets {
  /** Few: the current one, and perhaps one that goes. */
  #entries = [];
  #factory;

  /** `news`: takes `opened(id)`, `message(entry, data)`, `closed(id, code, reason, failure)` and `unavailable(id)`. */
  constructor(factory, news) {
    this.#factory = factory;
    this.news = news;
  }

  entry(id) {
    return this.#entries.find((entry) => entry.id === id);
  }

  open(id, address) {
    const entry = new Entry(id, this);
    this.#entries = this.#entries.concat(entry);
    const factory = this.#factory;
    const { WebSocket } = globalThis;
    if (factory) this.#adopt(entry, () => factory(address));
    else if (loadWebSocket && WebSocket === nodesOwn) {
      const open = (WebSocket) => this.#isWanted(entry) && this.#openWith(WebSocket, entry, address);
      // What says that it is Node may not have all of Node.
      loadWebSocket().then(open, () => open(nodesOwn));
    } else this.#openWith(WebSocket, entry, address);
  }

  #openWith(WebSocket, entry, address) {
    if (typeof WebSocket === "function") this.#adopt(entry, () => new WebSocket(address));
    else this.news.unavailable(entry.id);
  }

  #isWanted(entry) {
    return this.#entries.includes(entry);
  }

  #adopt(entry, make) {
    let socket;
    try {
      socket = make();
      if (typeof socket !== "object" || socket === null) throw new TypeError("webSocketFactory did not return a socket");
    } catch (error) {
      this.#failed(entry, { message: messageOf(error) });
      return;
    }
    if (!this.#isWanted(entry)) {
      // The factory closed the client.
      hangUp(socket, 1000, "", false);
      return;
    }
    // A socket of the user's may not have it.
    attempt(() => (socket.binaryType = "arraybuffer"));
    entry.socket = socket;
    if (!attempt(() => entry.listen())) this.#failed(entry);
    // What it was told while it began to listen ended it.
    else if (!this.#isWanted(entry)) entry.leave();
  }

  #failed(entry, failure) {
    if (this.#isWanted(entry)) this.news.closed(entry.id, 1006, "websocket construction failed", failure);
  }

  closed(entry, event) {
    const code = read(event, "code");
    const reason = read(event, "reason");
    this.news.closed(entry.id, code > 0 && code < 65_536 ? code : 1006, typeof reason === "string" ? reason : "", entry.failure);
  }

  /** Removes the socket's listeners too. */
  forget(id) {
    this.entry(id)?.leave();
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  /** `false`: the socket is not open, or refused. */
  send(id, text) {
    const socket = this.entry(id)?.socket;
    return read(socket, "readyState") === OPEN && attempt(() => socket.send(text));
  }

  /** `report`: its end is wanted; else it is detached at once. */
  close(id, code, reason, report) {
    const entry = this.entry(id);
    const socket = entry?.socket;
    if (!report || !socket) this.forget(id);
    if (socket) hangUp(socket, code, reason, report);
    else if (report) this.news.closed(id, 1006, "");
  }

  closeAll() {
    for (const { id } of this.#entries) this.close(id, 1000, "", false);
  }
}

/**
 * Why a socket failed, as far as its `error` event tells: `{ message, code, httpStatus }`, or null. Browsers tell nothing, so that a
 * page cannot look around in its user's network.
 */
function failureOf(event) {
  const error = read(event, "error");
  // Where a name has several addresses, there is one error for each.
  const message = [error, read(read(error, "errors"), 0), event].map((from) => read(from, "message")).find((text) => text && typeof text === "string");
  const code = read(error, "code");
  const httpStatus = read(error, "httpStatus");
  if (!message) return null;
  return { message, code: typeof code === "string" ? code : undefined, httpStatus: Number.isInteger(httpStatus) ? httpStatus : undefined };
}

function read(object, name) {
  try {
    return object[name];
  } catch {
    return undefined;
  }
}

function hangUp(socket, code, reason, gently) {
  // `ws` reports an error when it is closed while connecting, and an unheard error ends a Node process.
  if (!gently) attempt(() => socket.addEventListener("error", nothing));
  if (!attempt(() => socket.close(code, reason))) attempt(() => socket.close());
  // A peer that is gone never answers the closing handshake; `ws` would hold the process for half a minute.
  if (!gently) attempt(() => socket.terminate());
}

function attempt(action) {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

export function nameOf(error) {
  try {
    return error instanceof Error && typeof error.name === "string" ? error.name : "Error";
  } catch {
    return "Error";
  }
}

export function messageOf(error) {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "(a value without a text)";
  }
}
