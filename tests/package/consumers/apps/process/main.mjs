import "./consumer.js";
import * as metered from "metered-realtime";

globalThis.consumer.inProcess(metered);
