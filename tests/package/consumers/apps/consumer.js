// Every consumer has one conversation with the peer of the harness, and reports its outcome.
// A plain script that leaves one global, so that this one file serves import, require, <script> and importScripts.

globalThis.consumer = (() => {
  const KEY = "pk_live_local";
  /** Umlauts, Chinese and an emoji, to show encoding faults. Made at run time, so that the encoding of this file does not matter. */
  const QUESTION = { text: String.fromCodePoint(0xe4, 0xdf, 0x4e16, 0x1f44b), numbers: [1, 2.5, -3], nothing: null };

  /** Talks with the peer and returns what was seen. The harness compares it. */
  async function converse({ SignallingClient, NotConnectedError }, { url, channel }) {
    const client = new SignallingClient({ apiKey: KEY, url });
    const states = [client.state];
    client.on("state-change", ({ to }) => states.push(to));
    const first = (event) => new Promise((resolve) => client.once(event, resolve));
    const [connected, presence, message, direct] = ["connected", "presence", "message", "direct"].map(first);
    await client.connect();
    const { peerId } = await connected;
    await client.subscribe(channel);
    const { joined } = await presence;
    await client.publish(channel, QUESTION);
    const { from, data } = await message;
    await client.send(from, { question: QUESTION, channel });
    const aside = await direct;
    await client.close();
    const refusal = await client.publish(channel, QUESTION).catch((error) => error);
    return {
      states,
      peerId,
      here: joined.map((peer) => peer.peerId).filter((id) => id !== peerId),
      message: { from, data },
      direct: { from: aside.from, data: aside.data },
      refusal: { name: refusal.name, isNotConnected: refusal instanceof NotConnectedError },
    };
  }

  /** Has the conversation with the package, or runs a function. The result survives postMessage and JSON. */
  function outcome(work, place = where()) {
    const promise = Promise.resolve(place).then(typeof work === "function" ? work : () => converse(work, place));
    return promise.then(
      (report) => ({ report }),
      (error) => ({ error: `${error?.name}: ${error?.message}`, stack: String(error?.stack) }),
    );
  }

  /** The server and the channel for this page or process, from the harness. */
  function where() {
    if (typeof location === "object" && location.search) return Object.fromEntries(new URLSearchParams(location.search));
    return { url: process.env.METERED_URL, channel: process.env.METERED_CHANNEL };
  }

  /** In a page: the harness waits for `globalThis.outcome`. */
  async function inPage(work) {
    globalThis.outcome = await outcome(work);
  }

  /** In a page that leaves the conversation to a worker. */
  function inWorkerOf(worker) {
    worker.onmessage = ({ data }) => (globalThis.outcome = data);
    worker.onerror = ({ message }) => (globalThis.outcome = { error: `the worker failed: ${message}` });
    worker.postMessage(where());
  }

  /** In the worker. */
  function asWorker(metered) {
    globalThis.onmessage = async ({ data }) => globalThis.postMessage(await outcome(metered, data));
  }

  /** In a process: the harness reads the last line. */
  async function inProcess(work) {
    console.log(JSON.stringify(await outcome(work)));
  }

  return { converse, outcome, inPage, inWorkerOf, asWorker, inProcess };
})();
