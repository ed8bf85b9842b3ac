import "./consumer.js";
import * as metered from "metered-realtime";

export default {
  async fetch(request) {
    const place = Object.fromEntries(new URL(request.url).searchParams);
    return Response.json(await globalThis.consumer.outcome(metered, place));
  },
};
