// A TCP proxy with the faults of networks: it resets a connection, cuts it in the middle of a frame, or swallows everything.

import { createServer, connect } from "node:net";
import { once } from "node:events";

/** Stands between clients and the server at `target` (`ws://...`). */
export async function startProxy(target) {
  const links = new Set();
  const proxy = { dials: 0, refuses: false, target };
  const server = createServer((client) => {
    proxy.dials += 1;
    const { hostname, port } = new URL(proxy.target);
    const link = new Link(client, connect(Number(port), hostname));
    links.add(link);
    link.ended.then(() => links.delete(link));
    if (proxy.refuses) link.reset();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = server.address().port;
  return Object.assign(proxy, {
    url: `ws://127.0.0.1:${port}`,
    links,
    each: (what) => [...links].forEach((link) => what(link)),
    async stop() {
      for (const link of links) link.reset();
      server.close();
      await once(server, "close");
    },
  });
}

/** One connection through the proxy. */
class Link {
  #cutAfter = null;
  #dead = false;

  constructor(client, server) {
    this.client = client;
    this.server = server;
    this.ended = new Promise((resolve) => client.once("close", resolve));
    client.setNoDelay();
    server.setNoDelay();
    this.#pass(client, server, false);
    this.#pass(server, client, true);
  }

  #pass(from, to, isDown) {
    from.on("data", (bytes) => {
      if (this.#dead) return;
      if (isDown && this.#cutAfter !== null) return void this.#cut(bytes);
      to.write(bytes);
    });
    from.on("error", () => to.destroy());
    from.on("end", () => !this.#dead && to.end());
    from.on("close", () => !this.#dead && to.destroy());
  }

  /** Resets both sides: the client gets a RST. */
  reset() {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  /** Lets this many more bytes through to the client, and then ends the connection. */
  cutAfter(bytes) {
    this.#cutAfter = bytes;
  }

  #cut(bytes) {
    this.client.write(bytes.subarray(0, this.#cutAfter), () => this.client.destroy());
    this.server.destroy();
  }

  /** TCP stays up on both sides, and nothing gets through any more. */
  blackHole() {
    this.#dead = true;
    // The server notices nothing either.
    this.server.on("error", () => {});
  }
}
