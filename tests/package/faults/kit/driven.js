// A client under remote control, which keeps its events with times. Runs in Node, in a child process and in a page, with any
// library that has the documented methods and events.

const EVENTS = ["connected", "disconnected", "state-change", "message", "direct", "presence", "server-error", "going-away"];

export class Driven {
  log = [];

  constructor(SignallingClient, options) {
    this.client = new SignallingClient(options);
    for (const name of EVENTS) this.client.on(name, (payload) => this.log.push({ name, payload, at: Date.now() }));
  }

  /** Calls a method and returns its result or error as plain data. */
  async call(method, ...args) {
    const began = Date.now();
    try {
      await this.client[method](...args);
      return { ok: true, ms: Date.now() - began, at: Date.now() };
    } catch (error) {
      const { name, message, outcome, closeCode, code } = error;
      return { ok: false, ms: Date.now() - began, at: Date.now(), error: { name, message, outcome, closeCode, code } };
    }
  }

  state() {
    return this.client.state;
  }

  /** The notes from a position on. */
  notes(from = 0) {
    return this.log.slice(from);
  }
}
