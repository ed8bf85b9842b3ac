// For Node as ES module: the same, and `ws` where there is no global WebSocket, loaded when it is needed.

import { setSource } from "./core.js";
import { setWebSocketLoader } from "./sockets.js";
import { lean } from "./lean-ws.js";
import { bytes } from "#bytes";

setSource(bytes);
setWebSocketLoader(() => import("ws").then((ws) => lean(ws.WebSocket ?? ws.default)));

export * from "./index.js";
