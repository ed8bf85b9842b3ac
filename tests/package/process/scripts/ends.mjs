// A process that should end by itself, or should not. The argument says in which way.

import { SignallingClient } from "metered-realtime";

const [, , way, url] = process.argv;
const options = { apiKey: "pk_live_local", url };
const never = () => new Promise(() => {});
process.on("unhandledRejection", (error) => {
  console.log(`unhandled: ${error}`);
  process.exit(9);
});

const ways = {
  async "import alone"() {},
  async "a client that was only made"() {
    new SignallingClient(options).on("message", () => {});
  },
  async "after close"() {
    const client = new SignallingClient(options);
    await client.connect();
    await client.subscribe("c");
    await client.close();
  },
  async "close while a token provider hangs"() {
    const client = new SignallingClient({ tokenProvider: never, url });
    client.connect().catch(() => {});
    await client.close();
  },
  async "close of a dead peer"() {
    const client = new SignallingClient(options);
    await client.connect();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await client.close();
  },
  async "close while connecting"() {
    const client = new SignallingClient(options);
    client.connect().catch(() => {});
    await client.close();
  },
  async "close with a request and a handler that hang"() {
    const client = new SignallingClient(options);
    client.on("connected", never);
    await client.connect();
    client.publish("c", 1).catch(() => {});
    await client.close();
  },
  async "close while waiting for a retry"() {
    const client = new SignallingClient({ ...options, reconnect: { initialDelayMs: 20_000 } });
    await client.connect();
    const lost = new Promise((resolve) => client.on("disconnected", resolve));
    await fetch(`${url.replace("ws:", "http:")}/_dev/faults`, { method: "POST", body: '{"fault":"drop"}' });
    await lost;
    await client.close();
  },
  async "a connect that was refused"() {
    await new SignallingClient({ ...options, url: "ws://127.0.0.1:1" }).connect().catch(({ closeCode }) => console.log(closeCode));
  },
  async "a key that was refused"() {
    await new SignallingClient({ ...options, apiKey: "pk_wrong" }).connect().catch(({ closeCode }) => console.log(closeCode));
  },
  async "an aborted connect"() {
    const controller = new AbortController();
    const connecting = new SignallingClient(options).connect({ signal: controller.signal });
    controller.abort();
    await connecting.catch(({ name }) => console.log(name));
  },
  async "handlers that reject"() {
    const client = new SignallingClient(options);
    client.on("connected", async () => {
      throw new Error("mine");
    });
    client.on("state-change", () => Promise.reject());
    await client.connect();
    await client.close();
  },
  async "drops with nobody looking"() {
    const client = new SignallingClient({ ...options, reconnect: false });
    await client.connect();
    const lost = new Promise((resolve) => client.on("disconnected", resolve));
    await fetch(`${url.replace("ws:", "http:")}/_dev/faults`, { method: "POST", body: '{"fault":"drop"}' });
    await lost;
  },
  async "an idle connected client"() {
    await new SignallingClient(options).connect();
    console.log("connected");
  },
  async "a client that waits for a retry"() {
    const client = new SignallingClient({ ...options, reconnect: { initialDelayMs: 20_000 } });
    await client.connect();
    client.on("disconnected", () => console.log("connected"));
    await fetch(`${url.replace("ws:", "http:")}/_dev/faults`, { method: "POST", body: '{"fault":"drop"}' });
  },
};

await ways[way]();
