// A host that notes what the driver asks for, with sockets that a test plays. The value of this script is what makes them.
// It is evaluated (fakes.rs) rather than imported: browsers and Node would each want another kind of module.

const STATES = ["idle", "connecting", "connected", "reconnecting", "closed"];
const KINDS = [
  "wrong-state", "connect", "unavailable", "token", "aborted", "not-connected", "refused", "ack-timeout", "disconnected", "oversized",
];
const PATIENCE_MS = 10_000;
/** Not one that a test watches. */
const setTimeout = globalThis.setTimeout.unwatched ?? globalThis.setTimeout;
const OUTCOMES = ["notSent", "rejected", "unknown"];

/** Behaves as a browser's WebSocket; the test is the peer. */
class FakeSocket {
  readyState = 0;
  sent = [];
  closes = [];
  sendThrows = false;
  #listeners = [];

  addEventListener(type, listener) {
    this.#listeners.push([type, listener]);
  }

  removeEventListener(type, listener) {
    this.#listeners = this.#listeners.filter((entry) => entry[0] !== type || entry[1] !== listener);
  }

  get listeners() {
    return this.#listeners.length;
  }

  fire(type, event) {
    for (const [of, listener] of [...this.#listeners]) if (of === type) listener(event);
  }

  send(text) {
    if (this.sendThrows || this.readyState !== 1) throw new Error("cannot send");
    this.sent.push(text);
  }

  close(code, reason) {
    this.closes.push(`${code} ${reason}`);
    if (this.readyState < 2) this.readyState = 2;
  }

  // ---- the peer's side ----

  open() {
    this.readyState = 1;
    this.fire("open", {});
  }

  receive(text) {
    this.fire("message", { data: text });
  }

  welcome() {
    this.open();
    this.receive('{"type":"welcome","peerId":"me","expiresAt":null,"serverTime":1,"maxMessageSize":1000}');
  }

  /** Ends; the event is as the test wants it, right or wrong. */
  end(event) {
    this.readyState = 3;
    this.fire("close", event);
  }
}

class Host {
  handle = null;
  /** What `open` gives: fake, deaf, real, later, unavailable, refuses or throws. */
  makes = "fake";
  sockets = [];
  addresses = [];
  dialledAt = [];
  events = [];
  logs = [];
  /** Called inside of an event whose line begins with the first. */
  inside = [];
  /** Of what the host was asked for last and may give later: a socket, or a token. */
  askedId = 0;
  #waiting = [];

  note(line) {
    this.events.push(line);
    for (const [prefix, act] of this.inside) if (line.startsWith(prefix)) act(this);
    this.#waiting = this.#waiting.filter(([prefix, resolve]) => !line.startsWith(prefix) || resolve());
  }

  /** Resolves as soon as a line with that beginning is noted, or at once if one was. */
  seen(prefix) {
    if (this.events.some((line) => line.startsWith(prefix))) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new Error(`nobody noted "${prefix}", but: ${this.events.join("; ")}`));
      const timer = setTimeout(giveUp, PATIENCE_MS);
      this.#waiting.push([prefix, () => resolve(clearTimeout(timer))]);
    });
  }

  take() {
    return this.events.splice(0);
  }

  socket(index) {
    return this.sockets.at(index);
  }

  act(prefix, act) {
    this.inside.push([prefix, act]);
  }

  // ---- what the driver calls ----

  open(id, address) {
    this.askedId = id;
    this.addresses.push(address);
    this.dialledAt.push(Date.now());
    this.note(`dial ${this.addresses.length}`);
    switch (this.makes) {
      case "throws":
        throw new Error("the host itself broke");
      case "refuses":
        return "the factory threw";
      case "unavailable":
        return false;
      case "later":
        return undefined;
      case "real":
        return new WebSocket(address);
      default: {
        const socket = new FakeSocket();
        if (this.makes === "deaf") {
          socket.addEventListener = () => {
            throw new Error("no listeners, please");
          };
        }
        this.sockets.push(socket);
        return socket;
      }
    }
  }

  newSocket() {
    this.sockets.push(new FakeSocket());
    return this.sockets.at(-1);
  }

  listener(id) {
    return ({ data }) => {
      let frame;
      try {
        frame = JSON.parse(data);
      } catch {
        return this.handle.not_json(id);
      }
      return this.handle.frame(id, frame);
    };
  }

  hang_up(socket, code, reason) {
    socket.close(code, reason);
  }

  fetch_token(request) {
    this.askedId = request;
    this.note("fetch token");
  }

  forget_token() {}

  drain_handlers() {
    queueMicrotask(() => this.handle.drained());
  }

  resolve(call) {
    this.note(`resolved ${call}`);
  }

  reject(call, kind, outcome, number, a) {
    this.note(`rejected ${call}: ${KINDS[kind]} ${OUTCOMES[outcome]} ${number} ${a ?? ""}`.trim());
  }

  on_state(from, to) {
    this.note(`state ${STATES[from]} > ${STATES[to]}`);
  }

  on_connected(peerId, serverTime, expiresAt, isReconnect) {
    this.note(`connected as ${peerId}${isReconnect ? " again" : ""}`);
  }

  on_disconnected(code, reason, willReconnect) {
    this.note(`disconnected ${code} "${reason}" ${willReconnect ? "for now" : "for good"}`);
  }

  on_message(channel, from, data) {
    this.note(`message ${channel} ${JSON.stringify(data)}`);
  }

  on_direct(from, data) {
    this.note(`direct ${JSON.stringify(data)}`);
  }

  on_presence(channel, joined, left) {
    this.note(`presence ${channel} +${joined.length} -${left.length}`);
  }

  on_server_error(code) {
    this.note(`server-error ${code}`);
  }

  on_going_away(retryAfterMs) {
    this.note(`going-away ${retryAfterMs}`);
  }

  on_token_provider_error(failures) {
    this.note(`token-provider-error ${failures}`);
  }

  peer(peerId) {
    return { peerId };
  }

  ice_server(urls) {
    return { urls };
  }

  forget_listeners() {
    this.note("listeners forgotten");
  }

  end_streams() {}

  log(level, message) {
    this.logs.push(message);
  }
}

/** Notes the timers that are set while it watches. */
class TimerSpy {
  delays = [];
  live = new Set();
  #set = globalThis.setTimeout;
  #clear = globalThis.clearTimeout;

  constructor() {
    globalThis.setTimeout = (run, delay, ...rest) => {
      this.delays.push(delay);
      const id = this.#set.call(globalThis, () => {
        this.live.delete(id);
        run(...rest);
      }, delay);
      this.live.add(id);
      return id;
    };
    globalThis.setTimeout.unwatched = this.#set;
    globalThis.clearTimeout = (id) => {
      this.live.delete(id);
      this.#clear.call(globalThis, id);
    };
  }

  get liveCount() {
    return this.live.size;
  }

  stop() {
    globalThis.setTimeout = this.#set;
    globalThis.clearTimeout = this.#clear;
  }
}

/** Takes the place of the global WebSocket, for clients that know no other. */
class Sockets {
  made = [];
  addresses = [];
  /** Whether the constructor throws. */
  refuses = false;
  #before = globalThis.WebSocket;

  constructor() {
    const sockets = this;
    globalThis.WebSocket = class extends FakeSocket {
      constructor(address) {
        super();
        sockets.addresses.push(address);
        if (sockets.refuses) throw new Error(`cannot dial ${address}`);
        sockets.made.push(this);
      }
    };
  }

  socket(index) {
    return this.made.at(index);
  }

  remove() {
    delete globalThis.WebSocket;
  }

  restore() {
    if (this.#before === undefined) this.remove();
    else globalThis.WebSocket = this.#before;
  }
}

({ host: () => new Host(), spy: () => new TimerSpy(), sockets: () => new Sockets() });
