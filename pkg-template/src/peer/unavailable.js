/** There is no `RTCPeerConnection` here, and no factory. */
export class WebRtcUnavailableError extends Error {
  static name = "WebRtcUnavailableError";

  constructor() {
    super("this runtime has no RTCPeerConnection; pass rtcPeerConnectionFactory, for example with the package @roamhq/wrtc");
    this.name = "WebRtcUnavailableError";
  }
}
