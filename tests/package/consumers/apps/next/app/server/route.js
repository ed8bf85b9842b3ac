// The conversation on the server's side: `node` is the condition there.
import * as metered from "metered-realtime";
import "../../consumer.js";

export const dynamic = "force-dynamic";

export async function GET(request) {
  const place = Object.fromEntries(request.nextUrl.searchParams);
  return Response.json(await globalThis.consumer.outcome(metered, place));
}
