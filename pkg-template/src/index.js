// The package's public names, for every platform.

export { SignallingClient } from "./client.js";
export { WsCloseCode } from "./close-codes.js";
export {
  AckTimeoutError,
  DisconnectedError,
  FatalError,
  NotConnectedError,
  OversizedPayloadError,
  RequestAbortedError,
  ServerRequestError,
  SignallingConnectError,
  SignallingError,
  TokenProviderFailedError,
  WasmUnavailableError,
  WebSocketUnavailableError,
} from "./errors.js";
export { ConsoleLogger, NoopLogger } from "./loggers.js";
