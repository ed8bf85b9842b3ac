// For Node as ES module: the same, with the sockets of `ws`, loaded when the first one is needed.

import { setSource } from "./core.js";
import { setWebSocketLoader } from "./sockets.js";
import { lean } from "./lean-ws.js";
import { bytes } from "#bytes";

setSource(bytes);
setWebSocketLoader(() => import("ws").then(lean));

export * from "./index.js";
