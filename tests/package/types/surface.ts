// What strict TypeScript says of the package: compiled, never run. `@ts-expect-error` marks what it has to refuse.

import {
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
} from "metered-realtime";
import type {
  ChannelMessage,
  ConnectedEvent,
  DirectMessageEvent,
  DisconnectedEvent,
  ErrorCode,
  EventStream,
  GoingAwayEvent,
  IceServerConfig,
  Logger,
  LogLevel,
  Outcome,
  PresenceEvent,
  PresencePeer,
  PublishOptions,
  ReconnectOptions,
  SendOptions,
  ServerErrorEvent,
  SignallingClientEventMap,
  SignallingClientOptions,
  SignallingClientState,
  SignallingEvent,
  StateChangeEvent,
  SubscribeOptions,
  TokenProvider,
  TokenProviderErrorEvent,
  WebSocketLike,
  WelcomePayload,
  WsCloseCodeValue,
} from "metered-realtime";
import WebSocket from "ws";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void {}

// Options.
const options: SignallingClientOptions = {
  apiKey: "pk",
  url: "wss://h",
  tokenProviderTimeoutMs: 1,
  logger: ConsoleLogger,
  reconnect: { initialDelayMs: 1, maxAttempts: Infinity },
  inactivityTimeoutMs: 0,
  autoResubscribe: false,
  webSocketFactory: (url: string) => new WebSocket(url),
};
const client = new SignallingClient(options);
new SignallingClient({ tokenProvider: () => "tok", reconnect: false, logger: NoopLogger });
new SignallingClient({ tokenProvider: async () => "tok", reconnect: true });
// `undefined` is not given, also under `exactOptionalPropertyTypes`.
export const nothing: Required<{ [Name in keyof SignallingClientOptions]: undefined }> = {
  apiKey: undefined,
  tokenProvider: undefined,
  url: undefined,
  tokenProviderTimeoutMs: undefined,
  logger: undefined,
  reconnect: undefined,
  inactivityTimeoutMs: undefined,
  autoResubscribe: undefined,
  renewBeforeExpiryMs: undefined,
  lifecycleHooks: undefined,
  webSocketFactory: undefined,
};
new SignallingClient({ ...nothing, apiKey: "pk", reconnect: { initialDelayMs: undefined, maxAttempts: undefined, honourGoingAway: undefined } });
// @ts-expect-error: options are needed
new SignallingClient();
// @ts-expect-error: a number is no key
new SignallingClient({ apiKey: 1 });
// @ts-expect-error: seconds are not an option of this package
new SignallingClient({ apiKey: "pk", inactivityTimeout: 60 });

// Calls.
same<SignallingClientState, "idle" | "connecting" | "connected" | "reconnecting" | "closed">();
same<typeof client.state, SignallingClientState>();
// @ts-expect-error: the state is for reading
client.state = "idle";
const signal = new AbortController().signal;
export const calls: Promise<void>[] = [
  client.connect(),
  client.connect({ signal }),
  client.close(),
  client.close(1000, "bye"),
  client.subscribe("c"),
  client.subscribe("c", { includeSenderMetadata: true, signal, timeoutMs: 1 }),
  client.unsubscribe("c", { signal }),
  client.publish("c", { any: ["thing"] }),
  client.publish("c", null, {}),
  client.publish("c", null, { signal: undefined, timeoutMs: undefined }),
  client.subscribe("c", { includeSenderMetadata: undefined }),
  client.send("p", 1, { timeoutMs: 5 }),
];
// @ts-expect-error: a publish needs data
client.publish("c");
// @ts-expect-error: channels are strings
client.subscribe(1);
same<ReturnType<typeof client.toJSON>, { state: SignallingClientState }>();

// Handlers.
client
  .on("connected", (event) => same<typeof event, ConnectedEvent>())
  .on("disconnected", (event) => same<typeof event, DisconnectedEvent>())
  .on("state-change", (event) => same<typeof event, StateChangeEvent>())
  .on("message", (event) => same<typeof event, ChannelMessage>())
  .on("direct", (event) => same<typeof event, DirectMessageEvent>())
  .on("presence", (event) => same<typeof event, PresenceEvent>())
  .on("server-error", (event) => same<typeof event, ServerErrorEvent>())
  .once("going-away", (event) => same<typeof event, GoingAwayEvent>())
  .once("token-provider-error", async (event) => same<typeof event, TokenProviderErrorEvent>())
  .off("message", () => {});
client.on("message", ({ data, fromMetadata }) => {
  same<typeof data, unknown>();
  same<typeof fromMetadata, Record<string, unknown> | undefined>();
});
client.on("connected", ({ expiresAt, iceServers }) => {
  same<typeof expiresAt, number | null>();
  same<typeof iceServers, IceServerConfig[] | undefined>();
});
client.on("presence", ({ joined }) => same<typeof joined, PresencePeer[]>());
// @ts-expect-error: there is no such event
client.on("mesage", () => {});

client.addEventListener("message", (event) => {
  same<typeof event, SignallingEvent<ChannelMessage>>();
  same<typeof event.detail.channel, string>();
  event.preventDefault();
});
client.addEventListener("direct", { handleEvent: ({ detail }) => void detail.from }, { once: true, signal });
client.addEventListener("direct", null, true);
client.removeEventListener("direct", null);

// Streams.
export async function read(): Promise<void> {
  const stream = client.events("presence", { maxSize: 3, signal });
  same<typeof stream, EventStream<PresenceEvent>>();
  same<typeof stream.lagged, number>();
  for await (const { joined, left } of stream) same<typeof joined, typeof left>();
  const { value, done } = await stream.next();
  if (!done) same<typeof value, PresenceEvent>();
  stream.close();
  await using scope = client.events("message");
  await using scoped = new SignallingClient(options);
  await scoped.connect();
  for await (const { data } of scope) same<typeof data, unknown>();
}

// Payloads that the user knows better.
interface Chat {
  text: string;
}
const chat = new SignallingClient<{ message: ChannelMessage<Chat> }>(options);
chat.on("message", ({ data }) => same<typeof data.text, string>());
chat.on("direct", ({ data }) => same<typeof data, unknown>());
chat.addEventListener("message", ({ detail }) => same<typeof detail.data, Chat>());
export async function readChat(): Promise<void> {
  for await (const { data } of chat.events("message")) same<typeof data, Chat>();
}
interface WholeMap extends SignallingClientEventMap {
  direct: DirectMessageEvent<Chat>;
}
new SignallingClient<WholeMap>(options).on("direct", ({ data }) => same<typeof data, Chat>());
// @ts-expect-error: a map of unknown events is a typing error
new SignallingClient<{ mesage: ChannelMessage<Chat> }>(options);
const anyClient: SignallingClient = chat;
anyClient.on("connected", () => {});

// Errors.
export function explain(error: unknown): string {
  if (error instanceof ServerRequestError) {
    same<typeof error.code, ErrorCode | (string & {})>();
    return `${error.code} ${error.requestId}`;
  }
  if (error instanceof SignallingConnectError) return `${error.closeCode} ${error.closeReason}`;
  if (error instanceof AckTimeoutError) return `${error.requestId} ${error.timeoutMs}`;
  if (error instanceof DisconnectedError) return `${error.closeCode}`;
  if (error instanceof OversizedPayloadError) return `${error.size} ${error.cap}`;
  if (error instanceof SignallingError) {
    same<typeof error.outcome, Outcome | undefined>();
    same<typeof error.remedy, string | undefined>();
  }
  return error instanceof Error ? error.message : "";
}
export const errors: SignallingError[] = [
  new NotConnectedError(),
  new ServerRequestError("code", undefined, "1"),
  new SignallingConnectError(1006, ""),
  new AckTimeoutError("1", 1),
  new DisconnectedError(1006),
  new OversizedPayloadError(2, 1),
  new RequestAbortedError("why"),
  new WebSocketUnavailableError(),
  new WasmUnavailableError(new Error("csp")),
  new TokenProviderFailedError("TypeError", "m"),
  new FatalError(new Error("panic")),
];

// Constants and the other types.
same<typeof WsCloseCode.InvalidToken, 4001>();
const code: WsCloseCode = 4020;
const value: WsCloseCodeValue = code;
// @ts-expect-error: not one of them
const wrong: WsCloseCode = 1;
const level: LogLevel = "warn";
const logger: Logger = console;
export const provider: TokenProvider = async () => "tok";
export const socket: WebSocketLike = new WebSocket("ws://h");
export const all: [ReconnectOptions, SubscribeOptions, PublishOptions, SendOptions] = [{}, {}, {}, {}];
export const welcome: WelcomePayload = { peerId: "p", expiresAt: null, serverTime: 0, maxMessageSize: 1 };
export { level, logger, value, wrong };
