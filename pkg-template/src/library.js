// All names of the package as one object. CommonJS files and the script give this, because its properties are plain: test libraries can
// replace them, and nothing in `Object.prototype` gets among them.

import { SignallingClient } from "./client.js";
import { WsCloseCode } from "./close-codes.js";
import {
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
import { ConsoleLogger, NoopLogger } from "./loggers.js";

export const library = {
  AckTimeoutError,
  ConsoleLogger,
  DisconnectedError,
  FatalError,
  NoopLogger,
  NotConnectedError,
  OversizedPayloadError,
  RequestAbortedError,
  ServerRequestError,
  SignallingClient,
  SignallingConnectError,
  SignallingError,
  TokenProviderFailedError,
  WasmUnavailableError,
  WebSocketUnavailableError,
  WsCloseCode,
};

/** The same with what tells tools that it was an ES module. */
export function asCommonJs(more) {
  return Object.defineProperty({ ...library, ...more }, "__esModule", { value: true });
}
