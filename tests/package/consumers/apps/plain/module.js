import { NotConnectedError, SignallingClient } from "./node_modules/metered-realtime/dist/index.mjs";

globalThis.consumer.inPage({ NotConnectedError, SignallingClient });
