// The local server, its REST control plane, and its `token` subcommand.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { variable } from "./variable.mjs";

export const KEY = "pk_live_local";

/** Starts a server that is ended with the test (`t`) or with `stop()`. */
export async function startServer({ t, config = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "metered-clients-"));
  await writeFile(join(folder, "server.json"), JSON.stringify(config));
  const args = ["--listen", "127.0.0.1:0", "--log", "warn", "--config", join(folder, "server.json")];
  const child = spawn(variable("METERED_SERVER_BIN"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    if (child.exitCode === null) {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  t?.after(stop);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const [url, , secretKey] = [await lines.next(), await lines.next(), await lines.next()].map(({ value }) => value.split(" ").at(-1));
  return new Server(url, secretKey, stop);
}

class Server {
  constructor(url, secretKey, stop) {
    Object.assign(this, { url, secretKey, stop });
  }

  /** Calls the control plane and returns the body of the answer. */
  async rest(method, path, body) {
    const response = await fetch(`${this.url.replace("ws:", "http:")}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.secretKey}` },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Gets a token with `POST /v1/tokens`. */
  async token(peerId, more = {}) {
    const { token } = await this.rest("POST", "/v1/tokens", { peerId, ...more });
    return token;
  }

  /** Gets a token with `metered-realtime-server token`. */
  async tokenBySubcommand(peerId, ...flags) {
    const { stdout } = await promisify(execFile)(variable("METERED_SERVER_BIN"), ["token", "--peer", peerId, ...flags], {
      env: { ...process.env, METERED_REALTIME_SECRET_KEY: this.secretKey },
    });
    return stdout.trim();
  }

  /** A fault for one peer, at once. */
  fault(peer, fault, more = {}) {
    return this.rest("POST", "/_dev/faults", { fault, peer, ...more });
  }
}
