import "./consumer.js";
import { NotConnectedError, SignallingClient } from "metered-realtime";

globalThis.consumer.inPage({ NotConnectedError, SignallingClient });
