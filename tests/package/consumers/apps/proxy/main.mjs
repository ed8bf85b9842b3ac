import "./consumer.js";
import http from "node:http";
import { SignallingClient as Official } from "@metered-ca/realtime";
import * as metered from "metered-realtime";

if (process.argv[2]) http.setGlobalProxyFromEnv({ https_proxy: process.argv[2] });

globalThis.consumer.inProcess(async (place) => {
  const official = new Official({ apiKey: "pk_live_local", url: place.url });
  await official.connect();
  await official.close();
  return globalThis.consumer.converse(metered, place);
});
