// The pictures of the call: one tile for each member, with its streams, its state and how it is connected.

import { element, shortId } from "./view.js";

const LOOK_EVERY_MS = 1000;

export class Tiles {
  #list;
  #silent;
  #tiles = new Map();

  /** `silent` is shown while the browser holds the sound back. */
  constructor(list, silent) {
    this.#list = list;
    this.#silent = silent;
    for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, () => this.#sound());
    setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** Your own tile, muted: nobody wants an echo of themselves. */
  showSelf(name) {
    this.#add("self", { name, self: true });
  }

  /** The id that the others see. */
  knownAs(id) {
    this.#tiles.get("self").how.textContent = id ? `this page, seen as ${shortId(id)}` : "this page";
  }

  add(remote) {
    const tile = this.#add(remote.id, { name: shortId(remote.id), remote });
    remote.on("state-change", ({ to }) => this.#showState(tile, to));
    remote.on("stream-added", ({ stream, metadata }) => this.addStream(remote.id, stream, metadata?.label));
    remote.on("stream-removed", ({ stream }) => this.removeStream(remote.id, stream));
  }

  #add(id, { name, remote, self = false }) {
    this.remove(id);
    const item = element("li", "tile");
    const screen = element("div", "screen");
    const nothing = element("p", "nothing", "no picture");
    screen.append(nothing);
    const title = element("p", "name");
    const dot = element("span", "dot");
    dot.setAttribute("aria-hidden", "true");
    title.append(dot, element("span", "", name));
    const how = element("p", "how", self ? "this page" : "idle: nothing to send yet");
    item.append(screen, title, how);
    this.#list.append(item);
    const tile = { id, item, screen, nothing, how, remote, self, bytes: 0, at: 0 };
    this.#tiles.set(id, tile);
    if (remote) this.#showState(tile, remote.state);
    return tile;
  }

  remove(id) {
    this.#tiles.get(id)?.item.remove();
    this.#tiles.delete(id);
  }

  clear() {
    for (const id of [...this.#tiles.keys()]) this.remove(id);
  }

  addStream(id, stream, label) {
    const tile = this.#tiles.get(id);
    if (!tile) return;
    this.removeStream(id, stream);
    const video = element("video");
    Object.assign(video, { playsInline: true, muted: tile.self, srcObject: stream });
    video.dataset.stream = stream.id;
    video.setAttribute("aria-label", label ?? "video");
    tile.screen.append(video);
    tile.nothing.hidden = true;
    video.play().catch(({ name }) => name === "NotAllowedError" && this.#playSilently(video));
  }

  /** Browsers play no sound in a page before a first click or key. */
  #playSilently(video) {
    Object.assign(video, { muted: true, autoplay: true });
    video.dataset.silent = "";
    this.#silent.hidden = false;
  }

  #sound() {
    for (const video of this.#list.querySelectorAll("video[data-silent]")) {
      delete video.dataset.silent;
      video.muted = false;
    }
    this.#silent.hidden = true;
  }

  removeStream(id, stream) {
    const tile = this.#tiles.get(id);
    if (!tile) return;
    for (const video of tile.screen.querySelectorAll("video")) if (video.dataset.stream === stream.id) video.remove();
    tile.nothing.hidden = tile.screen.querySelector("video") !== null;
  }

  #showState(tile, state) {
    tile.item.dataset.state = state;
    if (state !== "connected") tile.how.textContent = state === "idle" ? "idle: nothing to send yet" : `${state}…`;
  }

  /** How each member is connected, and how much arrives. */
  async #look() {
    for (const tile of this.#tiles.values()) {
      if (tile.remote?.state !== "connected") continue;
      try {
        tile.how.textContent = this.#describe(tile, await tile.remote.pc.getStats());
      } catch {
        // The connection was closed meanwhile.
      }
    }
  }

  #describe(tile, report) {
    const entries = [...report.values()];
    const pair = entries.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
    const local = pair && report.get(pair.localCandidateId);
    const remote = pair && report.get(pair.remoteCandidateId);
    const relayed = [local, remote].some((candidate) => candidate?.candidateType === "relay");
    const bytes = entries.filter(({ type }) => type === "transport").reduce((sum, { bytesReceived }) => sum + (bytesReceived ?? 0), 0);
    const now = performance.now();
    // A new connection counts from nothing.
    const rate = tile.at && bytes >= tile.bytes ? `, ${Math.round(((bytes - tile.bytes) * 8) / (now - tile.at))} kbit/s` : "";
    Object.assign(tile, { bytes, at: now });
    const delay = pair?.currentRoundTripTime === undefined ? "" : `, ${Math.round(pair.currentRoundTripTime * 1000)} ms`;
    return `${relayed ? "relayed" : "direct"}${delay}${rate}`;
  }
}
