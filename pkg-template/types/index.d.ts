/// <reference lib="esnext.disposable" />
/**
 * metered-realtime: realtime signalling for browsers and Node over one WebSocket that reconnects.
 * All durations are milliseconds.
 */

/** Where a client is in its life. */
export type SignallingClientState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** Returns a token (JWT), or a promise of one. Asked before every dial. */
export type TokenProvider = () => string | Promise<string>;

/** What a failed request may have done: nothing was sent, the server refused it, or nobody knows. */
export type Outcome = "notSent" | "rejected" | "unknown";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Lines never contain a key or a token. A logger that throws harms nothing. */
export interface Logger {
  debug(msg: string, ctx?: Record<string, unknown>): void;
  info(msg: string, ctx?: Record<string, unknown>): void;
  warn(msg: string, ctx?: Record<string, unknown>): void;
  error(msg: string, ctx?: Record<string, unknown>): void;
}

/** What the client needs of a WebSocket. Only the two listener methods are used to listen, never `on…` properties. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "close" | "message" | "error", listener: (ev: any) => void): void;
  removeEventListener(type: "open" | "close" | "message" | "error", listener: (ev: any) => void): void;
}

/** How to reconnect: `min(initialDelayMs · multiplier^(n-1), maxDelayMs) ± jitterRatio`. */
export interface ReconnectOptions {
  /** The first delay. Finite, above 0. Default 500. */
  initialDelayMs?: number | undefined;
  /** Finite, at least 1. Default 2. */
  multiplier?: number | undefined;
  /** The longest delay before jitter. Finite, not below `initialDelayMs`. Default 30 000. */
  maxDelayMs?: number | undefined;
  /** 0 to 1. Default 0.2. */
  jitterRatio?: number | undefined;
  /** Retries in a row before giving up: a whole number of at least 0, or `Infinity`. Default 100. */
  maxAttempts?: number | undefined;
  /** How often a minute to dial a server that drops what it has just welcomed: whole, at least 1, or `Infinity`. Default 20. */
  maxDialsPerMinute?: number | undefined;
  /**
   * The window over which clients spread their first dial after the server sent everybody away (close 1001, 1012, 1013, or
   * `going-away`). Finite, at least 0; 0: the ordinary backoff. Default 0.
   */
  fleetSpreadMs?: number | undefined;
  /** Whether the next dial waits for as long as `going-away` or, in Node, `Retry-After` asked, at most 5 minutes. Default `false`. */
  honourGoingAway?: boolean | undefined;
}

/** Exactly one of `apiKey` and `tokenProvider` is needed. A wrong option throws a `TypeError` that names it. */
export interface SignallingClientOptions {
  /** A publishable key, `pk_live_…`. */
  apiKey?: string | undefined;
  /** Called without arguments before every dial. */
  tokenProvider?: TokenProvider | undefined;
  /** The server's origin: `wss://…`, or `ws://` for this machine. Default `wss://rms.metered.ca`. */
  url?: string | undefined;
  /** How long the token provider may take. Finite, above 0. Default 10 000. */
  tokenProviderTimeoutMs?: number | undefined;
  /** Default: none. Errors in handlers then go to the console. */
  logger?: Logger | undefined;
  /** `false`: never. `true` or absent: with the defaults. */
  reconnect?: ReconnectOptions | boolean | undefined;
  /** After how much silence a connection counts as dead. 0, negative or infinite: never, and no keepalive. Default 60 000. */
  inactivityTimeoutMs?: number | undefined;
  /** Whether a new connection subscribes again to what was subscribed before. Default `true`. */
  autoResubscribe?: boolean | undefined;
  /**
   * How long before a token expires a new connection with a fresh one takes over, without a gap: no `disconnected`, and a
   * `connected` when it is done. A message that crosses that moment may come twice. Needs a token provider and
   * `autoResubscribe`. Finite, at least 0; 0: never. Default 0.
   */
  renewBeforeExpiryMs?: number | undefined;
  /** Whether the page's return (`online`, `visibilitychange`, `pageshow`, `resume`) checks the connection at once. Default `true`. */
  lifecycleHooks?: boolean | undefined;
  /** Makes the sockets. Default: the global `WebSocket`; in Node one that the package brings. */
  webSocketFactory?: ((url: string) => WebSocketLike) | undefined;
}

/** For every call that is answered later. */
export interface CallOptions {
  /** Aborting it rejects the call with a {@link RequestAbortedError}. */
  signal?: AbortSignal | undefined;
}

/** For every request. */
export interface RequestOptions extends CallOptions {
  /** How long to wait for the server's answer. Finite, above 0. Default 15 000. */
  timeoutMs?: number | undefined;
}

export interface SubscribeOptions extends RequestOptions {
  /** Whether messages of this channel carry `fromMetadata`. Default `false`. */
  includeSenderMetadata?: boolean | undefined;
}
export type UnsubscribeOptions = RequestOptions;
export type PublishOptions = RequestOptions;
export type SendOptions = RequestOptions;

export interface IceServerConfig {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** The frame that opens a connection, as it goes over the wire. */
export interface WelcomePayload {
  peerId: string;
  expiresAt: number | null;
  serverTime: number;
  maxMessageSize: number;
  metadata?: Record<string, unknown>;
}

/** A welcome arrived. */
export interface ConnectedEvent {
  /** This client's peer id: chosen by the server, or the token's `sub`. */
  peerId: string;
  /** The server's clock, Unix seconds. */
  serverTime: number;
  /** The token's `exp`, Unix seconds; `null` for publishable keys. */
  expiresAt: number | null;
  /** Whether there was a welcome before, since the last `connect()`. */
  isReconnect: boolean;
  /** The largest payload, in bytes of JSON. */
  maxMessageSize: number;
  /** Absent when the welcome has none, or one of them breaks a rule. */
  iceServers?: IceServerConfig[];
}

/** An established connection closed, or an attempt to bring it back failed. */
export interface DisconnectedEvent {
  code: number;
  /** The server's words: do not trust them. */
  reason: string;
  /** `false`: the client has given up, or was closed. */
  willReconnect: boolean;
}

export interface StateChangeEvent {
  from: SignallingClientState;
  to: SignallingClientState;
}

/** A peer published to a channel. `from` is stamped by the server; `data` and `fromMetadata` are a peer's words. */
export interface ChannelMessage<Data = unknown> {
  channel: string;
  from: string;
  data: Data;
  fromMetadata?: Record<string, unknown>;
}

/** A peer sent to this client alone. */
export interface DirectMessageEvent<Data = unknown> {
  from: string;
  data: Data;
  fromMetadata?: Record<string, unknown>;
}

export interface PresencePeer {
  peerId: string;
  metadata?: Record<string, unknown>;
}

/** The first one after each subscribe lists who is there; later ones are changes. */
export interface PresenceEvent {
  channel: string;
  joined: PresencePeer[];
  left: PresencePeer[];
}

/** Codes that the service documents. The set is open. */
export type ErrorCode =
  | "malformed_message"
  | "unknown_type"
  | "invalid_channel"
  | "invalid_peer_id"
  | "channel_not_authorized"
  | "channel_reserved"
  | "channel_limit_exceeded"
  | "peer_not_found"
  | "missing_data"
  | "action_not_permitted"
  | "over_message_quota"
  | "backend_error"
  | "internal_error";

/** An error of the server's that belongs to no pending request. It does not close the connection. */
export interface ServerErrorEvent {
  code: ErrorCode | (string & {});
  message?: string;
  requestId?: string;
  /** The channel whose subscription did not come back after a reconnect, if the error is about that. */
  channel?: string;
}

/** The server restarts soon. Informational: reconnecting follows the ordinary backoff. */
export interface GoingAwayEvent {
  retryAfterMs: number;
}

/** The token provider failed three times or more in a row. The client goes on trying. */
export interface TokenProviderErrorEvent {
  consecutiveFailures: number;
  err: Error;
}

/** The events, and what their handlers get. */
export interface SignallingClientEventMap {
  connected: ConnectedEvent;
  disconnected: DisconnectedEvent;
  "state-change": StateChangeEvent;
  message: ChannelMessage;
  direct: DirectMessageEvent;
  presence: PresenceEvent;
  "server-error": ServerErrorEvent;
  "going-away": GoingAwayEvent;
  "token-provider-error": TokenProviderErrorEvent;
}

/** What to know better about some events: a map from their names to their payloads. */
export type EventOverrides = { [Name in keyof SignallingClientEventMap]?: unknown };

/** What handlers of an event get: also what `Overrides` says, if it says anything. */
export type EventPayload<Overrides, Name extends keyof SignallingClientEventMap> = (SignallingClientEventMap & Overrides)[Name];

/** What listeners of `addEventListener` get. Its `target` is the client. */
export interface SignallingEvent<Detail> extends Event {
  /** The payload. */
  readonly detail: Detail;
}

/** A function, or an object with `handleEvent`. */
export type SignallingListener<Detail> =
  | ((event: SignallingEvent<Detail>) => unknown)
  | { handleEvent(event: SignallingEvent<Detail>): unknown };

export interface ListenerOptions {
  /** Whether to remove the listener when it is called. */
  once?: boolean | undefined;
  /** Aborting it removes the listener. */
  signal?: AbortSignal | undefined;
}

export interface EventsOptions {
  /** How many unread events are kept; then the oldest is dropped. 0: all. Default 4096. */
  maxSize?: number | undefined;
  /** Aborting it ends the stream. */
  signal?: AbortSignal | undefined;
}

/** Events to be read one by one. Ends when it is closed, or when the client is closed or gives up. */
export interface EventStream<Payload> extends AsyncIterableIterator<Payload, void, void> {
  /** How many events were dropped because nobody read them in time. */
  readonly lagged: number;
  /** Stops listening; what is held can still be read. */
  close(): void;
  next(): Promise<IteratorResult<Payload, void>>;
  /** What leaving a `for await` loop calls: stops listening, and drops what is held. */
  return(): Promise<IteratorResult<Payload, void>>;
  [Symbol.asyncIterator](): EventStream<Payload>;
  /** As `close()`: `await using messages = client.events("message")`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The client. Constructing it does no I/O.
 *
 * `Overrides` says more about payloads than the package can know: `SignallingClient<{ message: ChannelMessage<Chat> }>`. Nobody
 * checks that at run time: what peers send is not to be trusted.
 */
export class SignallingClient<Overrides extends EventOverrides = {}> {
  /** @throws TypeError for a wrong option; {@link WasmUnavailableError} where WebAssembly is forbidden. */
  constructor(options: SignallingClientOptions);

  /** Changes before the event that tells of it. */
  get state(): SignallingClientState;

  /**
   * Opens the connection and waits for the welcome, at most 10 s. Not retried if it fails.
   *
   * Rejects with {@link SignallingConnectError} when the connection ends before its welcome, with
   * {@link WebSocketUnavailableError} where there is no WebSocket, with the token provider's (scrubbed) error, and with
   * {@link SignallingError} in any state but idle and closed. The client is `closed` when the error is seen.
   */
  connect(options?: CallOptions): Promise<void>;

  /**
   * Ends the connection for good, fails requests, drops listeners and forgets channels. Resolves when the socket is closed, at
   * the latest after a second; nothing is emitted after that.
   */
  close(code?: number, reason?: string): Promise<void>;

  /**
   * Resolves when the server has confirmed it. The channel is subscribed again after a reconnect.
   *
   * Like all requests it rejects with {@link NotConnectedError}, {@link ServerRequestError}, {@link AckTimeoutError},
   * {@link DisconnectedError}, {@link RequestAbortedError} or, before anything is sent, `TypeError`; each has an `outcome`.
   */
  subscribe(channel: string, options?: SubscribeOptions): Promise<void>;
  /** Forgets the channel at once, connected or not. */
  unsubscribe(channel: string, options?: UnsubscribeOptions): Promise<void>;
  /** Sends to all subscribers of a channel but this client. `data` is what `JSON.stringify` makes of it. */
  publish(channel: string, data: unknown, options?: PublishOptions): Promise<void>;
  /** Sends to one peer. */
  send(toPeerId: string, data: unknown, options?: SendOptions): Promise<void>;

  /** Adds a handler. Handlers run in this order; what one throws, or its promise rejects with, is logged. */
  on<Name extends keyof SignallingClientEventMap>(
    event: Name,
    handler: (payload: EventPayload<Overrides, Name>) => unknown,
  ): this;
  /** Adds a handler that is removed before it is called. */
  once<Name extends keyof SignallingClientEventMap>(
    event: Name,
    handler: (payload: EventPayload<Overrides, Name>) => unknown,
  ): this;
  /** Removes the first registration of this handler, also one of `once`. */
  off<Name extends keyof SignallingClientEventMap>(
    event: Name,
    handler: (payload: EventPayload<Overrides, Name>) => unknown,
  ): this;

  /** As on an `EventTarget`: duplicates are ignored, and a removed listener does not run any more. */
  addEventListener<Name extends keyof SignallingClientEventMap>(
    event: Name,
    listener: SignallingListener<EventPayload<Overrides, Name>> | null,
    options?: ListenerOptions | boolean,
  ): void;
  removeEventListener<Name extends keyof SignallingClientEventMap>(
    event: Name,
    listener: SignallingListener<EventPayload<Overrides, Name>> | null,
  ): void;

  /** Events one by one: `for await (const message of client.events("message"))`. */
  events<Name extends keyof SignallingClientEventMap>(
    event: Name,
    options?: EventsOptions,
  ): EventStream<EventPayload<Overrides, Name>>;

  /** Closes the client: `await using client = new SignallingClient(options)`. */
  [Symbol.asyncDispose](): Promise<void>;

  /** All that a client shows of itself. */
  toJSON(): { state: SignallingClientState };
}

/** Base of the package's errors. By itself: `connect()` in a wrong state. */
export class SignallingError extends Error {
  constructor(message: string, options?: { cause?: unknown });
  /** What a failed request may have done. */
  readonly outcome?: Outcome;
  /** What to do about it, in one sentence. */
  readonly remedy?: string;
}

/** The connection ended before its welcome. */
export class SignallingConnectError extends SignallingError {
  constructor(closeCode: number, closeReason: string);
  readonly closeCode: number;
  /** The server's words: do not trust them. */
  readonly closeReason: string;
  /** The HTTP status that the server answered with in the place of a WebSocket. Node alone tells it. */
  readonly httpStatus?: number;
  /** What the platform said, without credentials. Node alone tells it; `code` is for instance `ECONNREFUSED` or `ENOTFOUND`. */
  readonly cause?: Error & { code?: string };
}
/** There is no connection; nothing was sent. */
export class NotConnectedError extends SignallingError {
  constructor();
}
/** The server refused the request. `name` equals `code`. */
export class ServerRequestError extends SignallingError {
  constructor(code: string, message: string | undefined, requestId: string);
  readonly code: ErrorCode | (string & {});
  readonly requestId: string;
}
/** The server did not answer in time; it may have acted. */
export class AckTimeoutError extends SignallingError {
  constructor(requestId: string, timeoutMs: number);
  readonly requestId: string;
  readonly timeoutMs: number;
}
/** The connection ended before the server answered; it may have acted. */
export class DisconnectedError extends SignallingError {
  constructor(closeCode: number);
  readonly closeCode: number;
}
/** The payload is larger than the server takes; nothing was sent. */
export class OversizedPayloadError extends SignallingError {
  constructor(size: number, cap: number);
  /** Bytes of the payload's JSON. */
  readonly size: number;
  /** Bytes that the server takes. */
  readonly cap: number;
}
/** The call's signal was aborted; `cause` is the signal's reason, `name` is `AbortError`. */
export class RequestAbortedError extends SignallingError {
  constructor(reason: unknown);
}
/** The runtime has no WebSocket. */
export class WebSocketUnavailableError extends SignallingError {
  constructor();
}
/** WebAssembly is forbidden, by a Content-Security-Policy without `'wasm-unsafe-eval'` for instance. */
export class WasmUnavailableError extends SignallingError {
  constructor(cause: unknown);
}
/** The token provider failed in the first connect. `name` is that of the provider's error; the message is scrubbed. */
export class TokenProviderFailedError extends SignallingError {
  constructor(name: string, message: string);
}
/** The core broke. No client of this module can be used any more. */
export class FatalError extends SignallingError {
  constructor(cause: unknown);
}

/** Close codes with a meaning of their own. */
export declare const WsCloseCode: {
  readonly GoingAway: 1001;
  readonly PolicyViolation: 1008;
  readonly MessageTooBig: 1009;
  readonly ClientInactivity: 4000;
  readonly InvalidToken: 4001;
  readonly TokenExpired: 4002;
  readonly ChannelNotAuthorized: 4003;
  readonly OverConcurrentLimit: 4010;
  readonly OverMessageRate: 4011;
  readonly AccountSuspended: 4012;
  readonly AdminDisconnect: 4020;
};
export type WsCloseCode = (typeof WsCloseCode)[keyof typeof WsCloseCode];
/** Another name, as in the official package, which has it as a type only. */
export type WsCloseCodeValue = WsCloseCode;

/** Drops everything. */
export declare const NoopLogger: Logger;
/** Writes to the console. */
export declare const ConsoleLogger: Logger;
