// A program that uses the types as a user would; it is checked, not run.
import {
  type ChannelMessage,
  NotConnectedError,
  ServerRequestError,
  SignallingClient,
  type SignallingClientEventMap,
  type SignallingClientOptions,
  WsCloseCode,
} from "metered-realtime";
import { init } from "metered-realtime/slim";

type Chat = { text: string };
const options: SignallingClientOptions = { tokenProvider: async () => "token", reconnect: { maxAttempts: Infinity } };
const client = new SignallingClient<SignallingClientEventMap & { message: ChannelMessage<Chat> }>(options);

client
  .on("message", ({ channel, from, data }) => console.log(channel.length, from.length, data.text.length))
  .on("disconnected", ({ code }) => console.log(code === WsCloseCode.InvalidToken))
  .on("presence", ({ joined }) => joined.map(({ peerId }) => peerId));
// @ts-expect-error: there is no such event.
client.on("mesage", () => {});
// @ts-expect-error: a key is a string.
new SignallingClient({ apiKey: 7 });

export async function main(signal: AbortSignal): Promise<void> {
  await init(new URL("https://example.com/metered_realtime.wasm"));
  await client.connect({ signal });
  try {
    await client.publish("lobby", { text: "hello" }, { timeoutMs: 5_000 });
  } catch (error) {
    if (error instanceof ServerRequestError && error.code === "channel_not_authorized") return;
    if (error instanceof NotConnectedError) console.log(error.outcome satisfies "notSent" | "rejected" | "unknown" | undefined);
  }
  for await (const { data } of client.events("message")) console.log(data.text);
  await client.close();
}
