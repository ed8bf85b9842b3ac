// Serves the page of a member, our package and the official one.

import { createServer } from "node:http";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { variable } from "../../clients/kit/variable.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const FOLDERS = {
  "/kit/": here("./"),
  "/ours/": join(variable("METERED_PACKAGE"), "dist"),
  "/official/": here("../../package/node_modules/@metered-ca/realtime/dist"),
};
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript" };

/** Where a member's page finds each library. */
export const LIBRARIES = { ours: "/ours/peer.mjs", official: "/official/index.mjs" };

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
  const prefix = Object.keys(FOLDERS).find((start) => pathname.startsWith(start));
  const file = prefix && normalize(join(FOLDERS[prefix], pathname.slice(prefix.length)));
  const inside = file?.startsWith(normalize(FOLDERS[prefix] + sep));
  const body = inside && (await readFile(file).catch(() => undefined));
  if (!body) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
}
