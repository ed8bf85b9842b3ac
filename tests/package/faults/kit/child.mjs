// The program of a child process with driven clients in it; see place.mjs.

import { Driven } from "./driven.js";
import { load } from "./library.mjs";
import { complete } from "./options.mjs";

const { SignallingClient } = await load(process.env.FAULTS_LIBRARY);
const clients = new Map();

async function answer({ client, method, args }) {
  if (method === "make") {
    clients.set(client, new Driven(SignallingClient, await complete(args[0])));
    return undefined;
  }
  return clients.get(client)[method](...args);
}

process.on("message", async (request) => {
  process.send({ id: request.id, value: await answer(request) });
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
