// A remote member of a room, as users see it. What it says of itself is read off the core, until it is gone.

import { Emitter } from "../emitter.js";
import { INSIDE, putInside } from "../wrapped.js";
import { MeteredPeerSendError } from "./errors.js";

export class RemotePeer {
  static name = "RemotePeer";

  /** Only the package makes remotes. */
  constructor(made) {
    if (!made?.room) throw new TypeError("remotes are made by MeteredPeer; listen to its event 'peer-joined'");
    putInside(this, new Inside(this, made));
  }

  get id() {
    return this[INSIDE]().peerId;
  }

  get metadata() {
    return this[INSIDE]().metadata;
  }

  get state() {
    return this[INSIDE]().state;
  }

  get polite() {
    return this[INSIDE]().polite;
  }

  get pc() {
    return this[INSIDE]().pc;
  }

  send(data) {
    return this[INSIDE]().send(data);
  }

  /** What the engine measures of the connection. */
  getStats(selector) {
    return this.pc.getStats(selector);
  }

  on(event, handler) {
    this[INSIDE]().emitter.on(event, handler, false);
    return this;
  }

  once(event, handler) {
    this[INSIDE]().emitter.on(event, handler, true);
    return this;
  }

  off(event, handler) {
    this[INSIDE]().emitter.off(event, handler);
    return this;
  }

  toJSON() {
    const { id, state } = this;
    return { id, state };
  }
}

class Inside {
  emitter;
  peerId;
  #room;
  #id;
  #gone = false;
  /** What was read last, for when it is gone. */
  #seen = {};

  constructor(remote, { room, id }) {
    this.#room = room;
    this.#id = id;
    this.peerId = room.read((core) => core.remotePeerId(id));
    this.emitter = new Emitter(remote, room.logger);
  }

  get state() {
    return this.#look((core) => core.remoteState(this.#id)) ?? "closed";
  }

  get metadata() {
    return this.#remember("metadata", (core) => core.remoteMetadata(this.#id));
  }

  get polite() {
    return this.#remember("polite", (core) => core.remotePolite(this.#id));
  }

  /** Made on first use. */
  get pc() {
    return this.#remember("pc", (core) => core.remoteConnection(this.#id));
  }

  send(data) {
    if (this.#gone) return Promise.reject(new MeteredPeerSendError("not_joined", "the remote has left the room"));
    return this.#room.call((core) => core.sendToRemote(this.#id, data));
  }

  /** It has left: its listeners are dropped. */
  forget() {
    this.#gone = true;
    this.emitter.beginEpoch();
    this.emitter.dropOld();
  }

  #look(look) {
    return this.#gone ? undefined : this.#room.read(look);
  }

  #remember(name, look) {
    if (this.state !== "closed") this.#seen[name] = this.#look(look);
    return this.#seen[name];
  }
}
