// Serves the example page with the package next to it, as `cargo xtask demo` does: /www-example/ and /pkg/.

import { createServer } from "node:http";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** METERED_PKG, or what `npm test` has installed. */
const PACKAGE =
  process.env.METERED_PKG ?? fileURLToPath(new URL("../installed/node_modules/metered-realtime", import.meta.url));

const FOLDERS = { "/www-example/": join(ROOT, "www-example"), "/pkg/": PACKAGE };
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css" };

export async function startSite() {
  const server = createServer((request, response) => void respond(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function respond(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  const file = locate(pathname.endsWith("/") ? `${pathname}index.html` : pathname);
  const body = file && (await readFile(file).catch(() => undefined));
  if (body === undefined) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
}

function locate(pathname) {
  const prefix = Object.keys(FOLDERS).find((start) => pathname.startsWith(start));
  if (prefix === undefined) return undefined;
  const file = normalize(join(FOLDERS[prefix], pathname.slice(prefix.length)));
  return file.startsWith(FOLDERS[prefix] + sep) ? file : undefined;
}
