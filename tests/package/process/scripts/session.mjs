import * as library from "metered-realtime";
import session from "./session-steps.cjs";

await session(library, process.argv[2]);
