/* global MeteredRealtime */
globalThis.consumer.inPage(MeteredRealtime);
