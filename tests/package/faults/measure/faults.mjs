// Random faults on real sockets while clients publish, send, subscribe and unsubscribe. A recorder writes down what arrived, so
// that it shows who lies: a call that was confirmed and never arrived, one that was said not to be sent and was, one that was
// rejected to the caller and sent after that. A call that is not answered in time is lost.

import { WebSocket } from "ws";
import { load } from "../kit/library.mjs";
import { startProxy } from "../kit/proxy.mjs";
import { startRecorder } from "../kit/recorder.mjs";
import { dice, sleep, until } from "../kit/time.mjs";
import { claimOf, judge, LOST_AFTER_MS, ON_ITS_WAY_MS } from "./judge.mjs";

const CLIENTS = 50;
const TIMEOUT_MS = 1500;
const RECOVERED_WITHIN_MS = 60_000;
const CHANNELS = 4;

export async function measure({ seed, size }) {
  const faults = size || 1000;
  const rows = [];
  for (const library of ["ours", "official"]) rows.push({ library, ...(await run(library, seed, faults)) });
  return { seed, faults, clients: CLIENTS, timeoutMs: TIMEOUT_MS, rows };
}

async function run(library, seed, faults) {
  const { SignallingClient } = await load(library);
  const recorder = await startRecorder();
  const began = Date.now();
  const each = Math.ceil(faults / CLIENTS);
  const actors = await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => Actor.enter(SignallingClient, recorder, index, dice(seed * 1000 + index))),
  );
  await Promise.all(actors.map((actor) => actor.suffer(each).then(() => actor.recover())));
  await until(() => actors.every((actor) => actor.calls.every((call) => call.settledAt !== undefined || Date.now() - call.at > LOST_AFTER_MS)), 20_000);
  await sleep(ON_ITS_WAY_MS);
  const verdict = judge(actors, recorder);
  await Promise.all(actors.map((actor) => actor.leave()));
  await recorder.stop();
  return { ...verdict, faults: each * CLIENTS, seconds: Math.round((Date.now() - began) / 1000) };
}

/** A client that works all the time, while its link is broken again and again. */
class Actor {
  calls = [];
  recoveries = [];
  /** Channels that have to be subscribed (`true`) or must not be (`false`); neither after an answer that leaves it open. */
  wanted = new Map();
  #done = false;

  static async enter(SignallingClient, recorder, index, roll) {
    const actor = new Actor();
    const proxy = await startProxy(recorder.url);
    const options = {
      apiKey: `pk_${index}`,
      url: proxy.url,
      inactivityTimeoutMs: TIMEOUT_MS,
      // Faults come more often here than the budget of ours allows reconnects.
      reconnect: { initialDelayMs: 50, maxDelayMs: 500, maxAttempts: Infinity, maxDialsPerMinute: Infinity },
      webSocketFactory: (url) => new WebSocket(url),
    };
    Object.assign(actor, { recorder, index, roll, proxy, client: new SignallingClient(options) });
    await actor.client.connect();
    actor.working = Promise.all([actor.#write(), actor.#roam()]);
    return actor;
  }

  #pick(list) {
    return list[Math.floor(this.roll() * list.length)];
  }

  /** Publishes and sends, never waiting for an answer. */
  async #write() {
    while (!this.#done) {
      const id = this.recorder.next();
      if (this.roll() < 0.7) this.#note({ id, kind: "publish" }, this.client.publish("noise", { id }));
      else this.#note({ id, kind: "send" }, this.client.send("somebody", { id }));
      await sleep(20 + this.roll() * 180);
    }
  }

  /** Subscribes to and unsubscribes from a few channels, one call at a time. */
  async #roam() {
    while (!this.#done) {
      const channel = `c/${this.index}/${Math.floor(this.roll() * CHANNELS)}`;
      const kind = this.roll() < 0.6 ? "subscribe" : "unsubscribe";
      const before = this.wanted.get(channel);
      this.wanted.delete(channel);
      const call = await this.#note({ kind, channel }, this.client[kind](channel));
      if (call.claim === "done") this.wanted.set(channel, kind === "subscribe");
      else if (kind === "subscribe" && before !== undefined && call.claim === "notSent") this.wanted.set(channel, before);
      await sleep(50 + this.roll() * 300);
    }
  }

  #note(call, promise) {
    call.at = Date.now();
    this.calls.push(call);
    const settle = (claim, error) => {
      Object.assign(call, { settledAt: Date.now(), claim, error });
      return call;
    };
    return promise.then(
      () => settle("done"),
      (error) => settle(claimOf(error), error.name),
    );
  }

  async suffer(faults) {
    for (let struck = 0; struck < faults; struck += 1) {
      await until(() => this.client.state === "connected" && this.session, RECOVERED_WITHIN_MS * 2, "a connection to strike").catch(() => {});
      await sleep(200 + this.roll() * 1500);
      await this.#strike(this.#pick(FAULTS));
    }
  }

  get session() {
    return this.recorder.sessionOf(`pk_${this.index}`);
  }

  async #strike(fault) {
    const { session } = this;
    if (!session) return;
    const began = Date.now();
    const breaks = fault(this, session);
    if (!breaks) return;
    await until(() => this.session && this.session !== session && this.client.state === "connected", RECOVERED_WITHIN_MS * 2).catch(() => {});
    this.recoveries.push(Date.now() - began);
  }

  async recover() {
    this.#done = true;
    this.recovered = await until(() => this.client.state === "connected" && this.session, RECOVERED_WITHIN_MS).then(() => true, () => false);
    await this.working;
    // Subscriptions that were refused are asked for again after two seconds.
    await sleep(3000);
  }

  async leave() {
    await this.client.close();
    await this.proxy.stop();
  }
}

/** Each strikes the link of an actor; `true`: the connection does not live on. */
const FAULTS = [
  ({ proxy }) => (proxy.each((link) => link.reset()), true),
  ({ proxy }) => (proxy.each((link) => link.blackHole()), true),
  ({ proxy, roll }, session) => {
    proxy.each((link) => link.cutAfter(Math.floor(roll() * 40)));
    session.tell({ type: "message", channel: "noise", from: "x", data: "cut in two" });
    return true;
  },
  ({ roll }, session) => {
    const codes = [1000, 1001, 1008, 1011, 1012, 1013, 4000, 4002, 4011];
    session.close(codes[Math.floor(roll() * codes.length)]);
    return true;
  },
  (_, session) => (session.halfOpen(), true),
  (_, session) => (session.dropAtNextRequest(), true),
  (_, session) => (session.dropAfterNextRequest(), true),
  ({ roll }, session) => (session.swallowAcks(1 + Math.floor(roll() * 3)), false),
  ({ roll }, session) => (session.delayAcks(3, 100 + roll() * 3000), false),
  (_, session) => (session.doubleAcks(5), false),
  ({ roll }, session) => (session.refuse(1 + Math.floor(roll() * 2)), false),
  ({ roll }, session) => (session.silence(200 + roll() * 500), false),
];
