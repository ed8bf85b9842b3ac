// The package's public names, for every platform.

import { SignallingClient } from "./client.js";
import * as errors from "./errors.js";
import { EventStream } from "./stream.js";

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

// Bundling shortens the classes' own names, and a console shows them.
for (const [name, value] of Object.entries({ ...errors, SignallingClient, EventStream })) {
  if (/^[A-Z]/.test(name)) Object.defineProperty(value, "name", { value: name });
}
