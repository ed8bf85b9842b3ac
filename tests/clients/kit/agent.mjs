// A client in a process of its own that speaks one JSON object a line; one process holds many clients.
//
// to it    { id, client, call, arguments }      a call: make, state, or a method of the client
//          { client, answer }                   the token that was asked for
// from it  { id, value } | { id, error }        how the call ended
//          { client, event, payload }           an event, in the names of the JavaScript clients
//          { client, asks: "token" }            its token provider was called

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Starts an agent. Returns a function that makes clients in it. */
export function startAgent(command, ...args) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const calls = new Map();
  const clients = new Map();
  const say = (line) => child.stdin.write(`${JSON.stringify(line)}\n`);
  let ended;
  const fail = (why) => {
    ended ??= why;
    for (const { reject } of calls.values()) reject(ended);
    calls.clear();
  };
  child.on("error", (error) => fail(error));
  child.on("exit", (code, signal) => fail(new Error(`${command} ${args.join(" ")} ended (${signal ?? code})`)));
  child.stdin.on("error", () => {});

  createInterface({ input: child.stdout }).on("line", async (text) => {
    const line = JSON.parse(text);
    if (line.event) clients.get(line.client).tell(line.event, line.payload);
    else if (line.asks) say({ client: line.client, answer: await clients.get(line.client).tokenProvider() });
    else {
      const { resolve, reject } = calls.get(line.id);
      calls.delete(line.id);
      if (line.error) reject(Object.assign(new Error(line.error.message), line.error));
      else resolve(line.value);
    }
  });

  const call = (client, name, args) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      const id = (lastId += 1);
      calls.set(id, { resolve, reject });
      say({ id, client, call: name, arguments: args });
    });

  /** The same interface as that of the clients in ./javascript.mjs. */
  async function make({ tokenProvider, ...options }, tell) {
    const name = `client ${clients.size + 1}`;
    clients.set(name, { tell, tokenProvider });
    await call(name, "make", [{ ...options, asksForTokens: tokenProvider !== undefined }]);
    return (method, ...args) => call(name, method, args);
  }

  async function stop() {
    if (ended) return;
    const exited = once(child, "exit");
    child.stdin.end();
    child.kill();
    await exited;
  }
  return { make, stop };
}

let lastId = 0;
