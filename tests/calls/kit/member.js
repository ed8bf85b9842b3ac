// What runs in the page of a member: one MeteredPeer, a log of all that it tells, and media to send. `?library=` says whose.

const library = await import(new URLSearchParams(location.search).get("library"));

const PEER_EVENTS = ["state-change", "joined", "left", "peer-joined", "peer-left", "data", "error"];
const REMOTE_EVENTS = [
  "state-change",
  "track",
  "stream-added",
  "stream-removed",
  "data-channel",
  "negotiation-error",
  "ice-candidate-error",
  "connection-reset",
];

class Member {
  /** What happened, in order: `{ at, peer?, event, ... }` with plain values only. */
  log = [];
  streams = new Map();
  channels = [];
  connections = 0;

  constructor({ token, iceTransportPolicy, ...options }) {
    this.library = library;
    if (iceTransportPolicy) options.rtcPeerConnectionFactory = (config) => new RTCPeerConnection({ ...config, iceTransportPolicy });
    if (token) options.tokenProvider = async () => token;
    this.peer = new library.MeteredPeer({ reconnect: { initialDelayMs: 100, jitterRatio: 0 }, ...options });
    for (const event of PEER_EVENTS) this.peer.on(event, (payload) => this.#peerEvent(event, payload));
  }

  #peerEvent(event, payload) {
    const { peer, err, ...rest } = payload;
    this.#note({ event, ...(peer && { peer: peer.id }), ...(err && problem(err)), ...plain(rest) });
    if (event !== "peer-joined") return;
    for (const name of REMOTE_EVENTS) peer.on(name, (payload) => this.#remoteEvent(peer, name, payload));
  }

  #remoteEvent(peer, event, payload = {}) {
    const { track, streams, stream, channel, err, ...rest } = payload;
    if (event === "data-channel") this.#listen(channel);
    this.#note({
      event,
      peer: peer.id,
      ...(track && { kind: track.kind, track: track.id, streams: streams.map(({ id }) => id) }),
      ...(stream && { stream: stream.id, kinds: stream.getTracks().map(({ kind }) => kind).sort() }),
      ...(channel && { label: channel.label }),
      ...(err && problem(err)),
      ...plain(rest),
    });
  }

  #note(entry) {
    this.log.push({ at: performance.now(), ...entry });
  }

  #listen(channel) {
    this.channels.push(channel);
    channel.addEventListener("message", ({ data }) => this.#note({ event: "message", label: channel.label, data: plain(data) }));
    channel.addEventListener("close", () => this.#note({ event: "channel-closed", label: channel.label }));
  }

  remote(id) {
    return this.peer.remotePeers.find((remote) => remote.id === id);
  }

  /** A picture that moves, and perhaps a tone. */
  media(name, { audio = false } = {}) {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 64, height: 48 });
    const context = canvas.getContext("2d");
    let frame = 0;
    const paint = () => {
      frame += 1;
      context.fillStyle = `hsl(${(frame * 7) % 360} 80% 50%)`;
      context.fillRect(0, 0, 64, 48);
    };
    paint();
    setInterval(paint, 50);
    const stream = canvas.captureStream(20);
    if (audio) {
      const sound = new AudioContext();
      const tone = sound.createOscillator();
      const out = sound.createMediaStreamDestination();
      tone.connect(out);
      tone.start();
      stream.addTrack(out.stream.getAudioTracks()[0]);
    }
    this.streams.set(name, stream);
    return stream;
  }

  /** Opens a data channel to a member. */
  open(id, label, options) {
    const channel = this.remote(id).pc.createDataChannel(label, options);
    this.#listen(channel);
    return channel;
  }

  /** Frames of video that were decoded from a member so far. */
  async framesFrom(id) {
    let frames = 0;
    const report = await this.remote(id)?.pc.getStats();
    report?.forEach((entry) => {
      if (entry.type === "inbound-rtp" && entry.kind === "video") frames += entry.framesDecoded ?? 0;
    });
    return frames;
  }
}

function problem(err) {
  return { error: err.name, message: err.message };
}

function plain(value) {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

// The engine's own counters: which connections this page has made, and which of them still live.
const made = [];
const Native = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Native {
  constructor(...args) {
    super(...args);
    made.push(new WeakRef(this));
  }
};

globalThis.page = {
  members: [],
  library,
  make(options) {
    const member = new Member(options);
    this.members.push(member);
    return this.members.length - 1;
  },
  connections: () => {
    const kept = made.map((pc) => pc.deref()).filter(Boolean);
    return { made: made.length, open: kept.filter((pc) => pc.connectionState !== "closed" && pc.signalingState !== "closed").length };
  },
};
document.title = "ready";
