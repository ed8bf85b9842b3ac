// What a MeteredPeer has inside: its client, its part of the core, and listeners.

import { Room } from "#core";
import { fatal, guarded } from "../guard.js";
import { Emitter } from "../emitter.js";
import { Inside } from "../inside.js";
import { logTo, NoopLogger } from "../loggers.js";
import { RoomSurface } from "./room-surface.js";

export class InsideRoom {
  core;
  emitter;
  factory;
  logger;
  #surface;
  #dead = false;

  constructor(peer, options) {
    const { autoResubscribe, reconcile, rtcPeerConnectionFactory: factory, logger } = options ?? {};
    if (autoResubscribe === false) throw new TypeError("autoResubscribe must not be false: a room is joined again by it");
    if (factory !== undefined && factory !== null && typeof factory !== "function") {
      throw new TypeError("rtcPeerConnectionFactory must be a function");
    }
    this.factory = factory ?? null;
    this.logger = logger && logger !== NoopLogger ? logger : null;
    this.emitter = new Emitter(peer, this.logger);
    const client = new Inside(peer, options);
    this.#surface = new RoomSurface(this);
    this.core = guarded(() => Room.create(client.core, reconcile, this.logger !== null, this.#surface));
    if (!this.core) throw this.#surface.refusal.error;
  }

  get state() {
    return this.read((core) => core.state) ?? "closed";
  }

  remotes() {
    return Array.from(this.read((core) => core.remotes()) ?? [], (id) => this.#surface.remote(id));
  }

  /** Makes a call: `begin` gets the core and gives a promise. */
  call(begin) {
    try {
      return guarded(() => begin(this.core));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(reason) {
    if (fatal) return Promise.resolve();
    return this.call((core) => core.close(reason));
  }

  /** Does something that gives an error or undefined. */
  act(begin) {
    const error = guarded(() => begin(this.core));
    if (error !== undefined) throw error;
  }

  /** Reads something of the core; nothing once it is broken. */
  read(look) {
    if (fatal || this.#dead) return undefined;
    try {
      return guarded(() => look(this.core));
    } catch {
      return undefined;
    }
  }

  log(level, message, details) {
    if (this.logger) logTo(this.logger, level, message, details);
  }

  /** The core is broken. */
  die() {
    this.#dead = true;
  }
}
