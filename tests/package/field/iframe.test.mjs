// A document that is removed takes its timers and sockets along. The page around it must not suffer, and the server must notice.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { inPage, startAcking } from "./kit.mjs";

test("a client in an iframe that is removed is gone for the server, and harms no client outside", async () => {
  const { url, peers } = await startAcking();
  const seen = await inPage(async ({ SignallingClient }, url) => {
    const frame = document.body.appendChild(document.createElement("iframe"));
    const loaded = new Promise((resolve) => (frame.contentWindow.onLibrary = resolve));
    const script = frame.contentDocument.createElement("script");
    script.type = "module";
    script.textContent = 'import * as library from "/pkg/dist/index.mjs"; window.onLibrary(library);';
    frame.contentDocument.head.append(script);
    const inside = new (await loaded).SignallingClient({ url, apiKey: "pk_test" });
    await inside.connect();
    await inside.publish("a", "from inside");
    const outside = new SignallingClient({ url, apiKey: "pk_test" });
    await outside.connect();
    frame.remove();
    // Nobody tells it, so it can only go on as before; what it is asked must not throw.
    const states = [inside.state];
    inside.publish("a", 1).catch(() => {});
    inside.on("message", () => {});
    inside.close().catch(() => {});
    states.push(inside.state);
    await outside.publish("a", "from outside");
    states.push(outside.state);
    await outside.close();
    return states;
  }, url);
  assert.deepEqual(seen, ["connected", "closed", "connected"]);
  if (peers[0].readyState !== peers[0].CLOSED) await once(peers[0], "close");
});
