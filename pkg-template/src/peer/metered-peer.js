// The class for calls: a thin face of the core's room.

import { INSIDE, putInside } from "../wrapped.js";
import { InsideRoom } from "./inside-room.js";

export class MeteredPeer {
  static name = "MeteredPeer";

  constructor(options) {
    putInside(this, new InsideRoom(this, options));
  }

  get state() {
    return this[INSIDE]().state;
  }

  get peerId() {
    return this[INSIDE]().read((core) => core.peerId) ?? null;
  }

  get channel() {
    return this[INSIDE]().read((core) => core.channel) ?? null;
  }

  get remotePeers() {
    return this[INSIDE]().remotes();
  }

  join(channel, options) {
    return this[INSIDE]().call((core) => core.join(channel, options));
  }

  send(data) {
    return this[INSIDE]().call((core) => core.send(data));
  }

  sendTo(peerId, data) {
    return this[INSIDE]().call((core) => core.sendTo(peerId, data));
  }

  addStream(stream, metadata) {
    for (const track of stream.getTracks()) this.addTrack(track, stream, metadata);
  }

  removeStream(stream) {
    for (const track of stream.getTracks()) this.removeTrack(track);
  }

  addTrack(track, stream, metadata) {
    const copy = copyOf(metadata);
    this[INSIDE]().act((core) => core.addTrack(track, stream, copy));
  }

  removeTrack(track) {
    this[INSIDE]().act((core) => core.removeTrack(track));
  }

  replaceTrack(oldTrack, newTrack) {
    if (typeof oldTrack !== "object" || oldTrack === null) return Promise.reject(new TypeError("the track to replace must be a MediaStreamTrack"));
    return this[INSIDE]().call((core) => core.replaceTrack(oldTrack, newTrack ?? null));
  }

  getTrackMetadata(track) {
    return this[INSIDE]().read((core) => core.trackMetadata(track));
  }

  getStreamMetadata(stream) {
    return this[INSIDE]().read((core) => core.streamMetadata(stream));
  }

  close(reason) {
    return this[INSIDE]().close(reason);
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
    const { state, peerId, channel } = this;
    return { state, peerId, channel };
  }
}

if (Symbol.asyncDispose) {
  MeteredPeer.prototype[Symbol.asyncDispose] = function asyncDispose() {
    return this.close();
  };
}

/** What is said of a track is that of the moment when it is said. */
function copyOf(metadata) {
  if (metadata === undefined || metadata === null) return undefined;
  if (typeof metadata !== "object" || Array.isArray(metadata)) throw new TypeError("metadata must be a plain object");
  return { ...metadata };
}
