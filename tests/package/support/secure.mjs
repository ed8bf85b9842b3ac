// A server behind TLS with a fresh certificate, and an HTTP proxy in front of it.

import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import selfsigned from "selfsigned";

/** A name that no resolver knows: only the proxy leads there. */
export const HOST = "realtime.test";

/** Ends TLS and forwards everything to a local port. Clients must trust `certificate`. */
export async function startSecure(targetPort) {
  const { private: key, cert: certificate } = await selfsigned.generate([{ name: "commonName", value: HOST }], { keyType: "ec", algorithm: "sha256" });
  const server = createSecureServer({ key, cert: certificate }, (from) => join(from, connect(targetPort, "127.0.0.1")));
  return { certificate, ...(await listening(server)) };
}

/** Accepts `CONNECT` requests for `HOST` and forwards them to one local port. `asked` lists the targets of all requests. */
export async function startProxy(targetPort) {
  const asked = [];
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connect", ({ url }, from, head) => {
    asked.push(url);
    from.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const to = connect(targetPort, "127.0.0.1");
    to.write(head);
    join(from, to);
  });
  return { asked, ...(await listening(server)) };
}

function join(one, other) {
  for (const [from, to] of [[one, other], [other, one]]) {
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}

async function listening(server) {
  const open = new Set();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    stop() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
