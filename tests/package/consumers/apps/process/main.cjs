require("./consumer.js");
const metered = require("metered-realtime");

globalThis.consumer.inProcess(metered);
