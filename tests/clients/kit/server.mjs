// The local server, its REST control plane, and its `token` subcommand. METERED_NODES says how many nodes it has, and
// METERED_PRODUCTION that they are not for development: then without faults.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { startBalancer, startNats } from "../../support/cluster.mjs";
import { variable } from "./variable.mjs";

export const KEY = "pk_live_q7Xk2mZ9vB4nR8tL";
const SECRET = { id: "sk_id_w3Ht5", secret: "sk_secret_Zp8Lr2Vd6Yx4Nc9Qm3Tb7Hk5Wf1Gs0Ja" };
const SECRET_KEY = `${SECRET.id}:${SECRET.secret}`;
const EVERYTHING = ["publish", "subscribe", "presence", "send"];
const PRODUCTION = process.env.METERED_PRODUCTION !== undefined;

/** Starts a server that is ended with the test (`t`) or with `stop()`. */
export async function startServer({ t, config = {}, nodes = Number(process.env.METERED_NODES ?? 1) } = {}) {
  const bus = nodes > 1 ? { nats: { servers: [await startNats()] } } : {};
  const started = await Promise.all(Array.from({ length: nodes }, () => startNode({ ...bus, ...config })));
  const urls = started.map(({ url }) => url);
  const server = new Server(nodes > 1 ? await startBalancer(urls) : urls[0], urls);
  server.stop = () => Promise.all(started.map(({ stop }) => stop()));
  t?.after(server.stop);
  return server;
}

async function startNode(config) {
  const folder = await mkdtemp(join(tmpdir(), "metered-clients-"));
  const keys = { publishableKeys: [{ key: KEY, actions: EVERYTHING }], secretKeys: [SECRET] };
  const behindProxy = PRODUCTION ? { trustedProxies: ["127.0.0.1"] } : {};
  const text = JSON.stringify({ listen: "127.0.0.1:0", ...behindProxy, ...keys, ...config });
  await writeFile(join(folder, "server.json"), text, { mode: 0o600 });
  const args = [...(PRODUCTION ? ["--production"] : []), "--log", "warn", "--config", join(folder, "server.json")];
  const child = spawn(variable("METERED_SERVER_BIN"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    if (child.exitCode === null) {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line"), once(lines, "close")]);
  if (!line) throw new Error("the server ended before it said where it listens");
  return { url: line.split(" ").at(-1), stop };
}

class Server {
  constructor(url, nodes) {
    Object.assign(this, { url, nodes });
  }

  /** Calls the control plane and returns the body of the answer. */
  async rest(method, path, body, url = this.url) {
    const response = await fetch(`${url.replace("ws:", "http:")}${path}`, {
      method,
      headers: { authorization: `Bearer ${SECRET_KEY}` },
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
      env: { ...process.env, METERED_REALTIME_SECRET_KEY: SECRET_KEY },
    });
    return stdout.trim();
  }

  /** A fault for one peer, at once. Returns how many connections it affects. */
  async fault(peer, fault, more = {}) {
    const order = (url) => this.rest("POST", "/_dev/faults", { fault, peer, ...more }, url);
    const answers = await Promise.all(this.nodes.map(order));
    return answers.reduce((sum, { affected }) => sum + affected, 0);
  }
}
