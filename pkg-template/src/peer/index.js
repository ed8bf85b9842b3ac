// The public names of `metered-realtime/peer`: all of the root, and calls.

export * from "../index.js";
export { DataChannel } from "./data-channel.js";
export {
  DataChannelOverflowError,
  MeteredPeerOversizedError,
  MeteredPeerReplaceTrackError,
  MeteredPeerSendError,
  MeteredPeerStateError,
} from "./errors.js";
export { MeteredPeer } from "./metered-peer.js";
export { RemotePeer } from "./remote-peer.js";
export { WebRtcUnavailableError } from "./unavailable.js";
