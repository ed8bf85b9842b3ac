// What the core calls in JavaScript, for one room. Its names are those of crates/wasm/src/peer/surface.rs.
//
// It keeps what must be closed and rejected even when the core is broken: connections and pending calls.

import { dependants, enter, guard } from "../guard.js";
import { hasFakeTimers } from "../platform.js";
import { INSIDE } from "../wrapped.js";
import { WebRtcUnavailableError } from "./unavailable.js";
import { RemotePeer } from "./remote-peer.js";

export class RoomSurface {
  #room;
  #held = null;
  #connections = new Set();
  #calls = new Map();
  /** From join() until it is closed. */
  #live = false;
  #remotes = new Map();
  /** Why the options were refused. */
  refusal = null;

  constructor(room) {
    this.#room = new WeakRef(room);
    dependants.add(this);
  }

  get #inside() {
    return this.#held ?? this.#room.deref();
  }

  /** An idle room that nobody holds is collected; one that is joined, or waited for, lives. */
  #hold(live) {
    this.#held = live || this.#calls.size > 0 ? this.#inside : null;
  }

  refuse(error) {
    this.refusal = { error };
    dependants.delete(this);
  }

  /** The room in the core is gone. */
  freed() {
    dependants.delete(this);
  }

  /** The core is broken: nothing may be left waiting or open. */
  die(error) {
    dependants.delete(this);
    for (const connection of this.#connections) closeQuietly(connection);
    this.#connections.clear();
    for (const call of [...this.#calls.keys()]) this.reject(call, error);
    this.#inside?.die();
    this.#held = null;
  }

  // ---- callbacks and timers ----

  guard(callback) {
    return guard(callback);
  }

  mute(guarded) {
    guarded.callback = null;
  }

  timerFired(timer) {
    const core = this.#inside?.core;
    if (core) enter(() => core.timerFired(timer));
  }

  hasFakeTimers() {
    return hasFakeTimers();
  }

  makeConnection(configuration) {
    const { factory } = this.#inside;
    if (!factory && typeof globalThis.RTCPeerConnection !== "function") throw new WebRtcUnavailableError();
    const connection = factory ? factory(configuration) : new globalThis.RTCPeerConnection(configuration);
    this.#connections.add(connection);
    return connection;
  }

  forgetConnection(connection) {
    this.#connections.delete(connection);
  }

  // ---- pending calls, the logger ----

  keep(call, resolve, reject) {
    this.#calls.set(call, { resolve, reject });
    this.#held = this.#inside;
  }

  resolve(call) {
    this.#take(call)?.resolve();
  }

  reject(call, error) {
    this.#take(call)?.reject(error);
  }

  #take(call) {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    this.#hold(this.#live);
    return waiting;
  }

  log(level, message, details) {
    this.#inside.log(level, message, details);
  }

  // ---- events of the room ----

  stateChange(from, to) {
    this.#live = !["idle", "closed"].includes(to);
    this.#hold(this.#live);
    this.#emit("state-change", { from, to });
  }

  joined(peerId, channel) {
    this.#emit("joined", { peerId, channel });
  }

  left(peerId = null, channel = null, reason) {
    this.#emit("left", reason === undefined ? { peerId, channel } : { peerId, channel, reason });
  }

  peerJoined(id) {
    this.#emit("peer-joined", { peer: this.remote(id) });
  }

  peerLeft(id) {
    const peer = this.remote(id);
    this.#remotes.delete(id);
    this.#emit("peer-left", { peer });
  }

  forgetRemote(id) {
    this.remote(id)[INSIDE]().forget();
  }

  data(senderPeerId, data, direct, senderMetadata) {
    const payload = { senderPeerId, data, kind: direct ? "direct" : "broadcast" };
    if (senderMetadata !== undefined) payload.senderMetadata = senderMetadata;
    this.#emit("data", payload);
  }

  error(err) {
    this.#emit("error", { err });
  }

  #emit(event, payload) {
    this.#inside.emitter.emit(event, payload);
  }

  // ---- events of a remote ----

  /** The object of a remote: the same one for as long as it is in the room. */
  remote(id) {
    let remote = this.#remotes.get(id);
    if (!remote) {
      remote = new RemotePeer({ room: this.#inside, id });
      this.#remotes.set(id, remote);
    }
    return remote;
  }

  remoteStateChange(id, from, to) {
    this.#emitOf(id, "state-change", { from, to });
  }

  track(id, track, streams, metadata) {
    this.#emitOf(id, "track", metadata === undefined ? { track, streams } : { track, streams, metadata });
  }

  streamAdded(id, stream, metadata) {
    this.#emitOf(id, "stream-added", metadata === undefined ? { stream } : { stream, metadata });
  }

  streamRemoved(id, stream) {
    this.#emitOf(id, "stream-removed", { stream });
  }

  dataChannel(id, channel) {
    this.#emitOf(id, "data-channel", { channel });
  }

  negotiationError(id, err) {
    this.#emitOf(id, "negotiation-error", { err });
  }

  candidateError(id, err) {
    this.#emitOf(id, "ice-candidate-error", { err });
  }

  connectionReset(id) {
    this.#emitOf(id, "connection-reset", {});
  }

  #emitOf(id, event, payload) {
    this.remote(id)[INSIDE]().emitter.emit(event, payload);
  }
}

function closeQuietly(connection) {
  try {
    connection.close();
  } catch {
    // The connection may be of the user's factory.
  }
}
