// What the core calls in JavaScript, for one client: the sockets that it may have to let go of, and the ways to
// listeners, streams, the logger and the token provider. Its names are those of crates/wasm/src/surface.rs.
//
// The core holds it, so everything that it holds lives as long. That is why it holds the client only while something may happen
// to it by itself: an idle client that nobody holds is collected.

import { abandon, dial, ignoreErrors } from "./dial.js";
import { dependants, enter, fatal, guard } from "./guard.js";
import { hasFakeTimers } from "./platform.js";
import { messageOf, nameOf } from "./thrown.js";

export class Surface {
  #inside;
  #held = null;
  #sockets = new Set();
  /** Why the options were refused. */
  refusal = null;

  constructor(inside) {
    this.#inside = globalThis.WeakRef ? new WeakRef(inside) : { deref: () => inside };
  }

  get #client() {
    return this.#held ?? this.#inside.deref();
  }

  /** Whether the client is to live without anybody who holds it. */
  hold(live) {
    this.#held = live ? this.#client : null;
  }

  refuse(error) {
    this.refusal = { error };
  }

  /** The client in the core is gone. */
  freed() {
    dependants.delete(this);
  }

  /** The core is broken: nothing may be left waiting or open, and nothing in it may run again, not even to free memory. */
  die(error) {
    const client = this.#client;
    dependants.delete(this);
    for (const socket of this.#sockets) abandon(socket);
    this.#sockets.clear();
    client?.die(error);
    this.#held = null;
  }

  // ---- sockets ----

  dial(id, address) {
    const { factory } = this.#client;
    const socket = this.#made(() => dial(factory, address, (make) => this.#dialLater(id, make)));
    return socket;
  }

  #dialLater(id, make) {
    const core = this.#client?.core;
    if (!core || fatal) return;
    enter(() => {
      if (!core.wants(id)) return;
      let socket;
      try {
        socket = this.#made(make);
      } catch (error) {
        core.dialFailed(id, error.message);
        return;
      }
      core.socketMade(id, socket);
    });
  }

  /** What the user's code throws is reduced to a text. */
  #made(make) {
    let socket;
    try {
      socket = make();
    } catch (error) {
      throw new Error(messageOf(error));
    }
    if (socket) this.#sockets.add(socket);
    return socket;
  }

  forgetSocket(socket, abandoned) {
    this.#sockets.delete(socket);
    if (abandoned) ignoreErrors(socket);
  }

  guard(callback) {
    return guard(callback);
  }

  mute(guarded) {
    guarded.callback = null;
  }

  // ---- timers ----

  timerFired(timer) {
    const core = this.#client?.core;
    if (core) enter(() => core.timerFired(timer));
  }

  hasFakeTimers() {
    return hasFakeTimers();
  }

  // ---- the token provider and handlers ----

  fetchToken(request) {
    const { core, provider } = this.#client;
    new Promise((resolve) => resolve(provider())).then(
      (token) => enter(() => core.tokenGiven(request, token)),
      (error = new Error("the token provider failed")) => enter(() => core.tokenFailed(request, nameOf(error), messageOf(error))),
    );
  }

  drainHandlers() {
    const { core, emitter } = this.#client;
    emitter.whenIdle(() => enter(() => core.handlersDrained()));
  }

  // ---- pending calls ----

  keep(call, resolve, reject, watch) {
    this.#client.keep(call, resolve, reject, watch);
  }

  resolve(call) {
    this.#client.settled((pending) => pending.resolve(call));
  }

  reject(call, error) {
    this.#client.settled((pending) => pending.reject(call, error));
  }

  rejectAborted(call, outcome) {
    this.#client.settled((pending) => pending.rejectAborted(call, outcome));
  }

  // ---- listeners, streams, the logger ----

  closing() {
    this.#client.emitter.beginEpoch();
  }

  forgetListeners() {
    this.#client.emitter.dropOld();
  }

  endStreams() {
    this.#client.endStreams();
  }

  log(level, message, details) {
    this.#client.log(level, message, details);
  }

  // ---- events ----

  stateChange(from, to) {
    this.#client.stateChanged(from, to);
  }

  message(channel, from, data, fromMetadata) {
    this.emit("message", fromMetadata === undefined ? { channel, from, data } : { channel, from, data, fromMetadata });
  }

  direct(from, data, fromMetadata) {
    this.emit("direct", fromMetadata === undefined ? { from, data } : { from, data, fromMetadata });
  }

  /** Any other event. */
  emit(event, payload) {
    this.#client.emitter.emit(event, payload);
  }
}
