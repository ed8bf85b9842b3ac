// The errors of the package. Their messages are fixed texts; only a ServerRequestError's message comes from the server.

/**
 * The names are written out because bundling shortens those that classes have by themselves. A program may hold several copies of this
 * module, as ES module, as CommonJS and by other entries: `instanceof` goes by a brand, so it holds across them.
 */
export class SignallingError extends Error {
  static name = "SignallingError";

  static [Symbol.hasInstance](value) {
    const brand = brandOf(this);
    // A class that a user derives has none of its own.
    return Object.hasOwn(this.prototype, brand) ? value?.[brand] === true : Function.prototype[Symbol.hasInstance].call(this, value);
  }

  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class SignallingConnectError extends SignallingError {
  static name = "SignallingConnectError";

  constructor(closeCode, closeReason, options) {
    super(`connection closed before it was welcomed (close code ${closeCode})`, options);
    this.closeCode = closeCode;
    this.closeReason = closeReason;
    if (options?.httpStatus) this.httpStatus = options.httpStatus;
    const remedy = REMEDIES[closeCode];
    if (remedy) this.remedy = remedy;
  }
}

export class NotConnectedError extends SignallingError {
  static name = "NotConnectedError";

  constructor() {
    super("not connected");
    this.remedy = "Await connect(), or wait for the 'connected' event, and call again; nothing was sent.";
  }
}

export class ServerRequestError extends SignallingError {
  static name = "ServerRequestError";

  constructor(code, message, requestId) {
    super(message ?? code);
    this.name = code;
    this.code = code;
    this.requestId = requestId;
  }
}

export class AckTimeoutError extends SignallingError {
  static name = "AckTimeoutError";

  constructor(requestId, timeoutMs) {
    super("the server did not answer in time");
    this.requestId = requestId;
    this.timeoutMs = timeoutMs;
  }
}

export class DisconnectedError extends SignallingError {
  static name = "DisconnectedError";

  constructor(closeCode) {
    super("the connection closed before the server answered");
    this.closeCode = closeCode;
  }
}

export class OversizedPayloadError extends SignallingError {
  static name = "OversizedPayloadError";

  constructor(size, cap) {
    super(`the payload has ${size} bytes of JSON, the server takes ${cap}`);
    this.size = size;
    this.cap = cap;
  }
}

export class RequestAbortedError extends SignallingError {
  static name = "RequestAbortedError";

  constructor(reason) {
    super("the call was aborted", { cause: reason });
    this.name = "AbortError";
  }
}

export class WebSocketUnavailableError extends SignallingError {
  static name = "WebSocketUnavailableError";

  constructor() {
    super("this runtime has no WebSocket");
    this.remedy = "Pass the option webSocketFactory, or set globalThis.WebSocket.";
  }
}

export class WasmUnavailableError extends SignallingError {
  static name = "WasmUnavailableError";

  constructor(cause) {
    super("WebAssembly cannot be compiled here; a page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'", { cause });
    this.remedy =
      "In a page, add 'wasm-unsafe-eval' to the script-src of its Content-Security-Policy. On a runtime that compiles nothing, such as an edge " +
      "runtime, import metered-realtime/slim and await init() with the compiled module of metered-realtime/metered_realtime.wasm.";
  }
}

export class TokenProviderFailedError extends SignallingError {
  static name = "TokenProviderFailedError";

  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

export class FatalError extends SignallingError {
  static name = "FatalError";

  constructor(cause) {
    super("the client failed and cannot be used any more; construct a new one after reloading the module", { cause });
  }
}

function brandOf({ name }) {
  return Symbol.for(`metered-realtime.${name}`);
}

for (const Class of [
  SignallingError,
  SignallingConnectError,
  NotConnectedError,
  ServerRequestError,
  AckTimeoutError,
  DisconnectedError,
  OversizedPayloadError,
  RequestAbortedError,
  WebSocketUnavailableError,
  WasmUnavailableError,
  TokenProviderFailedError,
  FatalError,
]) {
  Object.defineProperty(Class.prototype, brandOf(Class), { value: true });
}

const REMEDIES = {
  1006: "Check that the server is reachable and, in a browser, that the key allows this page's origin.",
  4000: "The server did not answer; try again.",
  4001: "Mint a token with the right secret, or use a valid publishable key.",
  4002: "Return a fresh token from the token provider.",
  4003: "Ask for channels that the key or token allows.",
  4010: "Close other connections, or wait at least 30 seconds.",
  4012: "Look at the account in the service's dashboard.",
  4020: "An administrator disconnected this peer.",
};

// ---- for the core, which makes all other errors by their classes; see crates/wasm/src/errors.rs ----

/** The error of a `connect()` whose socket closed. `cause` and the rest: where the platform tells. */
export function connectError(closeCode, closeReason, cause, causeCode, httpStatus) {
  if (cause === undefined) return new SignallingConnectError(closeCode, closeReason, { httpStatus });
  const error = new Error(cause);
  // Such as ECONNREFUSED.
  if (causeCode !== undefined) error.code = causeCode;
  return new SignallingConnectError(closeCode, closeReason, { cause: error, httpStatus });
}

/** A wrong argument: nothing was sent. */
export function argumentError(message) {
  return withOutcome(new TypeError(message), "notSent");
}

/** Marks an error with what the request may have done: "notSent", "rejected" by the server, or "unknown". */
export function withOutcome(error, outcome) {
  try {
    error.outcome = outcome;
  } catch {
    // It is the user's, and frozen, or no object.
  }
  return error;
}
