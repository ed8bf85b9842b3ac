// The errors of calls. Their messages are fixed texts; those of failed operations come from the platform, scrubbed.

const SEND_REMEDIES = {
  reserved_channel: "the channel begins with a prefix that the service keeps for itself",
  not_joined: "the peer is not joined; await join(), or wait until its state is \"joined\" again",
  invalid_args: "there is nothing to send, or the peer id is not a non-empty string",
  self_send: "a peer cannot send to itself",
};

export class MeteredPeerSendError extends Error {
  static name = "MeteredPeerSendError";

  constructor(code, message = SEND_REMEDIES[code]) {
    super(message);
    this.name = "MeteredPeerSendError";
    this.code = code;
  }
}

export class MeteredPeerOversizedError extends Error {
  static name = "MeteredPeerOversizedError";

  constructor(size, cap) {
    super(`the data is larger than the server takes (${size} of ${cap} bytes)`);
    this.name = "MeteredPeerOversizedError";
    this.size = size;
    this.cap = cap;
  }
}

export class MeteredPeerStateError extends Error {
  static name = "MeteredPeerStateError";

  constructor(code, method, currentState) {
    super(
      code === "track_already_attached"
        ? "the track is sent already, with another stream; remove it first"
        : `${method}() is not possible in state "${currentState}"`,
    );
    this.name = "MeteredPeerStateError";
    this.code = code;
    this.method = method;
    if (currentState !== undefined) this.currentState = currentState;
  }
}

export class MeteredPeerReplaceTrackError extends Error {
  static name = "MeteredPeerReplaceTrackError";

  constructor(succeeded, failed) {
    super(`the track could not be replaced for ${failed.length} of ${succeeded.length + failed.length} peers`);
    this.name = "MeteredPeerReplaceTrackError";
    this.succeeded = succeeded;
    this.failed = failed;
  }
}

export class DataChannelOverflowError extends Error {
  static name = "DataChannelOverflowError";

  constructor(queued, cap) {
    super(`${queued} messages are waiting, as many as maxQueuedSends (${cap}) allows`);
    this.name = "DataChannelOverflowError";
    this.queued = queued;
    this.cap = cap;
  }
}

/** An error of the platform or of the room: users branch on its name. */
export function namedError(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

export function refusal(peerId, err) {
  return { peerId, err };
}
