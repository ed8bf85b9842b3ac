// A server that welcomes every client and drops it at once. It runs in a process of its own, so that its memory does not count
// as the client's.

import { startBare, welcome } from "./bare.mjs";

const { ASK_BEFORE_DROP } = process.env;

const drop = ({ socket }, dials) => {
  if (dials % 3 === 0) socket.close(1011);
  else socket.terminate();
};

const bare = await startBare({
  greet(peer) {
    welcome(peer);
    if (!ASK_BEFORE_DROP) drop(peer, bare?.dials.length);
  },
  // After the first request, so that the client brings a subscription back each time.
  act: (peer) => drop(peer, bare.dials.length),
});
process.on("message", () => process.send({ dials: bare.dials }));
process.on("disconnect", () => process.exit());
process.send({ url: bare.url });
