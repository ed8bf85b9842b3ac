import "./consumer.js";
import { NotConnectedError, SignallingClient } from "./node_modules/metered-realtime/dist/index.mjs";

globalThis.consumer.asWorker({ NotConnectedError, SignallingClient });
