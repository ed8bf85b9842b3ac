// What Chromium needs so that pages of this machine alone can call each other.

export const LOCAL_CALLS = ["--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns"];

/** A camera, a microphone and a screen that the browser plays itself, without asking. */
export const FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
