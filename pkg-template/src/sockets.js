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
const nodesOwn = globalThis.WebSocket;

export function setWebSocketLoader(load) {
  loadWebSocket = load;
}

export class Sockets {
  /** Sockets with their ids and listeners; without a socket while it is on its way. Few: the current one, and perhaps one that goes. */
  #entries = [];
  #factory;
  #news;

  /** `news`: takes `opened(id)`, `message(id, data)`, `closed(id, code, reason, cause)` and `unavailable(id)`. */
  constructor(factory, news) {
    this.#factory = factory;
    this.#news = news;
  }

  #entry(id) {
    for (const entry of this.#entries) if (entry.id === id) return entry;
    return undefined;
  }

  open(id, address) {
    this.#entries.push({ id, socket: null, listeners: null });
    const factory = this.#factory;
    const { WebSocket } = globalThis;
    if (factory) this.#adopt(id, () => factory(address));
    else if (loadWebSocket && WebSocket === nodesOwn) this.#openLater(id, address);
    else this.#openWith(WebSocket, id, address);
  }

  #openWith(WebSocket, id, address) {
    if (typeof WebSocket === "function") this.#adopt(id, () => new WebSocket(address));
    else this.#unavailable(id);
  }

  #unavailable(id) {
    this.#forget(id);
    this.#news.unavailable(id);
  }

  async #openLater(id, address) {
    let WebSocket = nodesOwn;
    try {
      WebSocket = await loadWebSocket();
    } catch {
      // `ws` is not installed, or not in the bundle.
    }
    if (this.#isWanted(id)) this.#openWith(WebSocket, id, address);
  }

  #isWanted(id) {
    return this.#entry(id)?.socket === null;
  }

  #adopt(id, make) {
    let socket;
    try {
      socket = make();
      if (typeof socket !== "object" || socket === null) throw new TypeError("webSocketFactory did not return a socket");
    } catch (error) {
      this.#failed(id, messageOf(error));
      return;
    }
    if (!this.#isWanted(id)) {
      // The factory closed the client.
      hangUp(socket, 1000, "", false);
      return;
    }
    // A socket of the user's may not have it.
    attempt(() => (socket.binaryType = "arraybuffer"));
    const listeners = this.#listeners(id, socket);
    const listens = attempt(() => {
      for (const type in listeners) socket.addEventListener(type, listeners[type]);
    });
    if (listens && this.#isWanted(id)) {
      Object.assign(this.#entry(id), { socket, listeners });
      return;
    }
    detach({ socket, listeners });
    if (!listens) this.#failed(id);
  }

  #listeners(id, socket) {
    const news = this.#news;
    return {
      open: () => news.opened(id),
      message: (event) => news.message(id, read(event, "data")),
      close: (event) => this.#closed(id, event),
      // The close that follows tells all there is to know. A Node before 24 has none for a handshake that failed, and its socket
      // goes on to say that it is connecting.
      error: () => {
        if (read(socket, "readyState") === CONNECTING) this.#closed(id);
      },
    };
  }

  #failed(id, cause) {
    if (!this.#isWanted(id)) return;
    this.#forget(id);
    this.#news.closed(id, 1006, "websocket construction failed", cause);
  }

  #closed(id, event) {
    const code = read(event, "code");
    const reason = read(event, "reason");
    this.#forget(id);
    this.#news.closed(id, code > 0 && code < 65_536 ? code : 1006, typeof reason === "string" ? reason : "");
  }

  /** Removes the socket's listeners too. */
  #forget(id) {
    const entry = this.#entry(id);
    this.#entries = this.#entries.filter((other) => other !== entry);
    if (entry?.socket) detach(entry);
  }

  /** `false`: the socket is not open, or refused. */
  send(id, text) {
    const socket = this.#entry(id)?.socket;
    return read(socket, "readyState") === OPEN && attempt(() => socket.send(text));
  }

  /** `report`: its end is wanted; else it is detached at once. */
  close(id, code, reason, report) {
    const socket = this.#entry(id)?.socket;
    if (!report || !socket) this.#forget(id);
    if (socket) hangUp(socket, code, reason, report);
    else if (report) this.#news.closed(id, 1006, "");
  }

  closeAll() {
    for (const { id } of this.#entries) this.close(id, 1000, "", false);
  }
}

function read(object, name) {
  try {
    return object[name];
  } catch {
    return undefined;
  }
}

function detach({ socket, listeners }) {
  for (const type in listeners) attempt(() => socket.removeEventListener(type, listeners[type]));
}

function hangUp(socket, code, reason, gently) {
  // `ws` reports an error when it is closed while connecting, and an unheard error ends a Node process.
  if (!gently) attempt(() => socket.addEventListener("error", nothing));
  if (!attempt(() => socket.close(code, reason))) attempt(() => socket.close());
  // A peer that is gone never answers the closing handshake; `ws` would hold the process for half a minute.
  if (!gently && typeof socket.terminate === "function") attempt(() => socket.terminate());
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
