// Serves the example page and the built package on a free port of this machine.
// First line on stdout: `serving http://127.0.0.1:PORT`.

import { createServer } from "node:http";
import { readFile, realpath } from "node:fs/promises";
import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Nothing but these two folders is served. */
const FOLDERS = ["www-example", "pkg"];

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The file behind a request path, or undefined when it is outside the served folders. */
async function locate(pathname) {
  const relative = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
  const file = await realpath(join(root, relative)).catch(() => undefined);
  const inside = FOLDERS.some((folder) => file?.startsWith(join(root, folder) + sep));
  return inside ? file : undefined;
}

async function respond(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/") {
    response.writeHead(302, { location: "/www-example/" }).end();
    return;
  }
  const file = await locate(decodeURIComponent(pathname));
  const body = file && (await readFile(file).catch(() => undefined));
  if (body === undefined) {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
    return;
  }
  const type = TYPES[extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
}

const server = createServer((request, response) => {
  respond(request, response).catch(() => response.writeHead(400).end());
});
server.listen(0, "127.0.0.1", () => {
  console.log(`serving http://127.0.0.1:${server.address().port}`);
});
