// Node with the polyfill of node-datachannel in a room with Chromium. It fires no `negotiationneeded` when a channel is made, so the
// other side opens channels.

import { after } from "node:test";
import { cleanup } from "node-datachannel";
import { answersInNode } from "../kit/node-member.mjs";

// Its threads would hold the process.
after(() => cleanup());

answersInNode("node-datachannel");
