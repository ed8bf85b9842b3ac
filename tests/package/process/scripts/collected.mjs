// Which clients the garbage collector takes that nobody holds any more.

import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SignallingClient } from "metered-realtime";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

class Socket extends EventTarget {
  readyState = 1;
  constructor(onMade) {
    super();
    onMade?.(this);
    queueMicrotask(() => {
      const welcome = { type: "welcome", peerId: "p", expiresAt: null, serverTime: 1, maxMessageSize: 1000 };
      this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(welcome) }));
    });
  }
  send() {}
  close(code) {
    this.readyState = 3;
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("close"), { code })));
  }
}

const make = (onMade) => new SignallingClient({ apiKey: "pk", webSocketFactory: () => new Socket(onMade) });

/** A client in some state that only its own listener refers to. */
const lives = {
  async idle() {
    const client = make();
    client.on("message", () => client.state);
    return new WeakRef(client);
  },
  async closed() {
    const client = make();
    client.on("message", () => client.state);
    await client.connect();
    client.publish("c", 1).catch(() => {});
    await client.close();
    return new WeakRef(client);
  },
  async "given up"() {
    let socket;
    const client = make((made) => (socket = made));
    client.on("message", () => client.state);
    await client.connect();
    socket.dispatchEvent(Object.assign(new Event("close"), { code: 4020 }));
    return new WeakRef(client);
  },
  async connected() {
    const client = make();
    await client.connect();
    return new WeakRef(client);
  },
};

const held = {};
for (const [name, live] of Object.entries(lives)) held[name] = await live();
for (let i = 0; i < 10; i += 1) {
  await sleep(20);
  collect();
}
const gone = Object.keys(held).filter((name) => held[name].deref() === undefined);
const alive = Object.keys(held).filter((name) => held[name].deref() !== undefined);
console.log(`${gone.join(", ")}: collected; ${alive.join(", ")}: alive`);
await held.connected.deref()?.close();
