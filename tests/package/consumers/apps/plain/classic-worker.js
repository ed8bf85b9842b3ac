/* global importScripts, MeteredRealtime */
importScripts("consumer.js", "node_modules/metered-realtime/dist/index.global.js");

globalThis.consumer.asWorker(MeteredRealtime);
