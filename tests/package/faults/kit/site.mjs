// A site with empty pages and the libraries.

import { createServer } from "node:http";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { FOLDERS, pageEntry } from "./library.mjs";

/** Two empty pages (`/` and `/other`), `/ours/`, `/official/`, `/kit/`, and more folders by their names. */
export async function startSite(more = {}) {
  const folders = { ...FOLDERS, kit: fileURLToPath(new URL(".", import.meta.url)), ...more };
  const server = createServer((request, response) => void respond(folders, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    entries: (library) => ({ entry: `${url}/${library}/${pageEntry(library)}`, driven: `${url}/kit/driven.js` }),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function respond(folders, request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/" || pathname === "/other") {
    return void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>An empty page</title>");
  }
  const [, name, ...rest] = pathname.split("/");
  const folder = folders[name];
  const file = folder && normalize(join(folder, ...rest));
  const body = file?.startsWith(normalize(folder + sep)) && (await readFile(file).catch(() => undefined));
  if (!body) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": "text/javascript" }).end(body);
}
