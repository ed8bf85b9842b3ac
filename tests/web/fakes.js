// Fake sockets whose peer is the test, and a count of timers. The value of this script makes them.
// rust_api_stage.rs evaluates it instead of importing it, as browsers and Node need different kinds of modules.

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

/** A window and its document, whose events the test fires; in Node and in a browser. */
class Page {
  #listeners = [];
  #document = globalThis.document ?? {};
  #made = globalThis.document === undefined;

  constructor() {
    for (const target of [globalThis, this.#document]) {
      target.addEventListener = (type, listener) => this.#listeners.push([type, listener]);
      target.removeEventListener = (type, listener) => {
        this.#listeners = this.#listeners.filter((entry) => entry[0] !== type || entry[1] !== listener);
      };
    }
    Object.defineProperty(this.#document, "visibilityState", { configurable: true, writable: true, value: "visible" });
    if (this.#made) globalThis.document = this.#document;
  }

  get listeners() {
    return this.#listeners.length;
  }

  show(state) {
    this.#document.visibilityState = state;
  }

  fire(type, event) {
    for (const [of, listener] of [...this.#listeners]) if (of === type) listener(event);
  }

  restore() {
    for (const target of [globalThis, this.#document]) {
      delete target.addEventListener;
      delete target.removeEventListener;
    }
    delete this.#document.visibilityState;
    if (this.#made) delete globalThis.document;
  }
}

/** Takes the place of the global WebSocket, for clients that know no other. */
class Sockets {
  made = [];
  addresses = [];
  dialledAt = [];
  /** Whether the constructor throws. */
  refuses = false;
  /** Whether nobody may listen to the sockets. */
  deaf = false;
  #before = globalThis.WebSocket;

  constructor() {
    const sockets = this;
    globalThis.WebSocket = class extends FakeSocket {
      constructor(address) {
        super();
        sockets.addresses.push(address);
        sockets.dialledAt.push(Date.now());
        if (sockets.refuses) throw new Error(`cannot dial ${address}`);
        sockets.made.push(this);
      }

      addEventListener(type, listener) {
        if (sockets.deaf) throw new Error("no listeners, please");
        super.addEventListener(type, listener);
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

({ spy: () => new TimerSpy(), sockets: () => new Sockets(), page: () => new Page() });
