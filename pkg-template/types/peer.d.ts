// `metered-realtime/peer`: all of the root, and calls between browsers.

import type { SignallingClientOptions, Logger } from "./index.js";

export * from "./index.js";

// ---- a room ----

/** The states of a {@link MeteredPeer}, from before `join()` to after `close()`. */
export type MeteredPeerState = "idle" | "joining" | "joined" | "reconnecting" | "leaving" | "closed";

/** The connection to one remote. `idle`: nothing was negotiated yet, as neither side has anything to send. */
export type PeerConnectionState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** What the sender says of a track or a stream. It comes from the other side: do not trust it. */
export interface StreamMetadata {
  [key: string]: unknown;
}

export interface MeteredPeerOptions extends SignallingClientOptions {
  /**
   * Makes the connections, in place of the global `RTCPeerConnection`: for Node (`@roamhq/wrtc`, the polyfill of
   * `node-datachannel`), React Native, or a configuration of your own such as `iceTransportPolicy`.
   */
  rtcPeerConnectionFactory?: ((config: RTCConfiguration) => RTCPeerConnectionLike) | null | undefined;
  /**
   * What happens to connections when the link to the server comes back. `"auto"`, the default: those that work are kept as long as
   * this client's peer id is the same, which it is with tokens. `"rebuild"`: all are replaced, as the official client does.
   */
  reconcile?: "auto" | "rebuild" | null | undefined;
}

export interface JoinOptions {
  /** Ask for the metadata of senders, which then comes with each broadcast as `senderMetadata`. Default: false. */
  includeSenderMetadata?: boolean | null | undefined;
}

export interface MeteredPeerEventMap {
  /** Once, when `join()` succeeds; not again after a reconnect. */
  joined: { peerId: string; channel: string };
  /** The last event of a session. `reason`: that of `close()`, or why the link ended. */
  left: { peerId: string | null; channel: string | null; reason?: string };
  "state-change": { from: MeteredPeerState; to: MeteredPeerState };
  "peer-joined": { peer: RemotePeer };
  /** The remote's state is `closed`, and its listeners are gone. */
  "peer-left": { peer: RemotePeer };
  /** Data of the application: to everybody in the room, or to this peer alone. */
  data: {
    /** Stamped by the server; what stands in `data` is only what the sender says. */
    senderPeerId: string;
    data: unknown;
    kind: "broadcast" | "direct";
    senderMetadata?: Record<string, unknown>;
  };
  /**
   * Something is wrong with the session. `err.name` is one of `invalid_token`, `token_expired`, `channel_not_authorized`,
   * `account_suspended`, `admin_disconnect`, `action_not_permitted`, `TokenProviderError`, `ReconcileTimeoutError`.
   */
  error: { err: Error };
}

/**
 * A room: one channel, and one `RTCPeerConnection` for each other member. It connects by itself, sends what is added to everybody
 * who is there or comes later, and brings everything back after a lost link.
 *
 * @example
 * const peer = new MeteredPeer({ apiKey: "pk_live_..." });
 * peer.on("peer-joined", ({ peer: remote }) => {
 *   remote.on("stream-added", ({ stream }) => (video.srcObject = stream));
 * });
 * peer.addStream(await navigator.mediaDevices.getUserMedia({ video: true, audio: true }));
 * await peer.join("room");
 */
export class MeteredPeer {
  /** Does no I/O. Throws a `TypeError` that names the option that is wrong. */
  constructor(options: MeteredPeerOptions);
  readonly state: MeteredPeerState;
  /** As the latest welcome has it. With a publishable key it changes with every reconnect, with tokens it stays. */
  readonly peerId: string | null;
  /** From the moment that the room is joined until it is closed. */
  readonly channel: string | null;
  /** Who is there, in a fresh array. */
  readonly remotePeers: RemotePeer[];

  /**
   * Joins a room; connects first. Rejects with {@link MeteredPeerSendError} `reserved_channel`,
   * {@link MeteredPeerStateError} `invalid_state`, or as `connect()` and `subscribe()` of the client do. After a failure it may be
   * called again.
   */
  join(channel: string, options?: JoinOptions | null): Promise<void>;
  /**
   * Sends to everybody in the room, through the server. Rejects with {@link MeteredPeerSendError} `not_joined` or `invalid_args`,
   * {@link MeteredPeerOversizedError}, or as `publish()` of the client does.
   */
  send(data: unknown): Promise<void>;
  /** Sends to one peer, through the server. Rejects as `send()`, and with `self_send`. */
  sendTo(peerId: string, data: unknown): Promise<void>;

  /** Sends all tracks that the stream has now, to everybody who is there or comes later. */
  addStream(stream: MediaStream, metadata?: StreamMetadata | null): void;
  removeStream(stream: MediaStream): void;
  /**
   * Sends a track. The metadata is copied. Throws {@link MeteredPeerStateError} `track_already_attached` if it is sent with another
   * stream, `invalid_state` after `close()`, {@link MeteredPeerOversizedError}.
   */
  addTrack(track: MediaStreamTrack, stream?: MediaStream | null, metadata?: StreamMetadata | null): void;
  /** Stops sending a track. It is not stopped itself: it is yours. */
  removeTrack(track: MediaStreamTrack): void;
  /**
   * Sends another track in the place of one, without a negotiation; `null` sends nothing. Rejects with
   * {@link MeteredPeerReplaceTrackError} where some peers refused.
   */
  replaceTrack(oldTrack: MediaStreamTrack, newTrack: MediaStreamTrack | null): Promise<void>;
  getTrackMetadata(track: MediaStreamTrack): StreamMetadata | undefined;
  getStreamMetadata(stream: MediaStream): StreamMetadata | undefined;

  /** Leaves, closes every connection and the link. Resolves when nothing is open any more; never rejects. */
  close(reason?: string): Promise<void>;

  on<E extends keyof MeteredPeerEventMap>(event: E, handler: (payload: MeteredPeerEventMap[E]) => void | Promise<void>): this;
  once<E extends keyof MeteredPeerEventMap>(event: E, handler: (payload: MeteredPeerEventMap[E]) => void | Promise<void>): this;
  off<E extends keyof MeteredPeerEventMap>(event: E, handler: (payload: MeteredPeerEventMap[E]) => void | Promise<void>): this;
  /** Never a credential. */
  toJSON(): { state: MeteredPeerState; peerId: string | null; channel: string | null };
}

// ---- a remote ----

export interface RemotePeerEventMap {
  "state-change": { from: PeerConnectionState; to: PeerConnectionState };
  /** A track arrived. `metadata` is the sender's, or undefined: never that of another track. */
  track: { track: MediaStreamTrack; streams: ReadonlyArray<MediaStream>; metadata?: StreamMetadata };
  /** The first track of a stream arrived. Comes again, with another object of the same id, when the connection was replaced. */
  "stream-added": { stream: MediaStream; metadata?: StreamMetadata };
  /** No track of the stream is left. */
  "stream-removed": { stream: MediaStream };
  /** The remote opened a data channel. */
  "data-channel": { channel: RTCDataChannel };
  /** A negotiation failed. It is tried again; `IceRestartExhaustedError` is the one name that means the end of trying. */
  "negotiation-error": { err: Error };
  /** The engine refused a candidate. Harmless as a rule. */
  "ice-candidate-error": { err: Error };
  /** The connection was replaced: `pc` is the new one. Data channels that you opened must be opened again. */
  "connection-reset": Record<string, never>;
}

/** Another member of the room. Made by {@link MeteredPeer}, never by you. */
export class RemotePeer {
  private constructor();
  readonly id: string;
  /** What the remote says of itself; do not trust it. */
  readonly metadata?: Record<string, unknown>;
  readonly state: PeerConnectionState;
  /** Whether this side gives way when both offer at once. Opposite on both sides: good for "who opens the data channel". */
  readonly polite: boolean;
  /** The platform's own connection, made on first use. Another object after `connection-reset`. */
  readonly pc: RTCPeerConnection;
  /** Sends to this remote, through the server. */
  send(data: unknown): Promise<void>;
  /** What the engine measures of the connection. */
  getStats(selector?: MediaStreamTrack | null): Promise<RTCStatsReport>;
  on<E extends keyof RemotePeerEventMap>(event: E, handler: (payload: RemotePeerEventMap[E]) => void | Promise<void>): this;
  once<E extends keyof RemotePeerEventMap>(event: E, handler: (payload: RemotePeerEventMap[E]) => void | Promise<void>): this;
  off<E extends keyof RemotePeerEventMap>(event: E, handler: (payload: RemotePeerEventMap[E]) => void | Promise<void>): this;
  toJSON(): { id: string; state: PeerConnectionState };
}

// ---- a data channel ----

export interface DataChannelOptions {
  /** Bytes that may wait in the channel. A larger message is sent when nothing waits. Default: 1,048,576. */
  maxBufferedAmount?: number | null | undefined;
  /** When the channel is asked to report that it has room again. Default: half of `maxBufferedAmount`. */
  bufferedAmountLowThreshold?: number | null | undefined;
  /** Messages that may wait. Default: 256. */
  maxQueuedSends?: number | null | undefined;
  /** Whether messages may be sent before the channel is open; they wait until then. Default: false. */
  waitForOpen?: boolean | null | undefined;
  logger?: Logger | null | undefined;
}

export interface DataChannelEventMap {
  open: undefined;
  /** The other side closed the channel, or the connection is gone. Not after `close()`. */
  close: undefined;
  error: { err: Error };
  message: { data: string | ArrayBuffer };
}

/** Sends over an `RTCDataChannel` in order, and only as fast as the other side takes it. */
export class DataChannel {
  constructor(channel: RTCDataChannel, options?: DataChannelOptions | null);
  readonly label: string;
  readonly readyState: RTCDataChannelState;
  readonly bufferedAmount: number;
  /**
   * Resolves when the channel has taken the message. Rejects when it is not open, with {@link DataChannelOverflowError} when too many
   * messages wait, and with a `TypeError` for what is neither text nor bytes.
   */
  send(data: string | ArrayBuffer | ArrayBufferView): Promise<void>;
  /** Closes the channel; messages that wait are rejected. */
  close(): void;
  on<E extends keyof DataChannelEventMap>(event: E, handler: (payload: DataChannelEventMap[E]) => void | Promise<void>): this;
  once<E extends keyof DataChannelEventMap>(event: E, handler: (payload: DataChannelEventMap[E]) => void | Promise<void>): this;
  off<E extends keyof DataChannelEventMap>(event: E, handler: (payload: DataChannelEventMap[E]) => void | Promise<void>): this;
}

// ---- errors ----

export class MeteredPeerSendError extends Error {
  readonly code: "reserved_channel" | "not_joined" | "invalid_args" | "self_send";
}

/** The data, or a track's metadata with what goes around it, is larger than the server takes. Bytes of JSON. */
export class MeteredPeerOversizedError extends Error {
  readonly size: number;
  readonly cap: number;
}

export class MeteredPeerStateError extends Error {
  readonly code: "invalid_state" | "track_already_attached";
  readonly method: string;
  readonly currentState?: MeteredPeerState;
}

export class MeteredPeerReplaceTrackError extends Error {
  /** Peer ids. */
  readonly succeeded: string[];
  readonly failed: { peerId: string; err: Error }[];
}

export class DataChannelOverflowError extends Error {
  readonly queued: number;
  readonly cap: number;
}

/** There is no `RTCPeerConnection` here, and no factory. On the event `negotiation-error` of the remote that needed one. */
export class WebRtcUnavailableError extends Error {}

// ---- what a factory gives ----

/** What of an `RTCPeerConnection` is used. `restartIce` and `setLocalDescription()` without an argument are not needed. */
export interface RTCPeerConnectionLike {
  readonly connectionState: RTCPeerConnectionState;
  readonly signalingState: RTCSignalingState;
  readonly iceConnectionState: RTCIceConnectionState;
  readonly localDescription: RTCSessionDescription | null;
  readonly remoteDescription: RTCSessionDescription | null;
  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit>;
  createAnswer(options?: RTCAnswerOptions): Promise<RTCSessionDescriptionInit>;
  setLocalDescription(description?: RTCSessionDescriptionInit): Promise<void>;
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void>;
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): RTCRtpSender;
  removeTrack(sender: RTCRtpSender): void;
  getSenders(): RTCRtpSender[];
  createDataChannel(label: string, dataChannelDict?: RTCDataChannelInit): RTCDataChannel;
  setConfiguration(configuration?: RTCConfiguration): void;
  addEventListener(type: string, listener: (event: unknown) => void): void;
  removeEventListener(type: string, listener: (event: unknown) => void): void;
  close(): void;
}

/** An ICE server, as in `RTCConfiguration`. */
export type IceServerConfig = RTCIceServer;
