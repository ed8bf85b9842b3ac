// The options of a client: what JavaScript can get wrong is checked here, all else by the core.

import { NoopLogger } from "./loggers.js";

/** Durations, and their defaults, in the order in which the core takes them; then those of `reconnect`. */
const NUMBERS = { tokenProviderTimeoutMs: 10_000, inactivityTimeoutMs: 60_000, renewBeforeExpiryMs: 0 };
const RECONNECT_NUMBERS = {
  initialDelayMs: 500,
  multiplier: 2,
  maxDelayMs: 30_000,
  jitterRatio: 0.2,
  maxAttempts: 100,
  maxDialsPerMinute: 20,
  fleetSpreadMs: 0,
};

const TYPES = {
  apiKey: "string",
  url: "string",
  tokenProvider: "function",
  webSocketFactory: "function",
  autoResubscribe: "boolean",
  lifecycleHooks: "boolean",
  logger: "object",
};

/** Checks types, and gives the options in the form that the core and the host take. */
export function readOptions(options) {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  for (const [name, type] of Object.entries(TYPES)) checkType(options, name, type);
  const reconnect = options.reconnect ?? true;
  if (typeof reconnect !== "boolean" && typeof reconnect !== "object") {
    throw new TypeError("reconnect must be an object or a boolean");
  }
  const knobs = reconnect === true ? {} : reconnect || {};
  checkType(knobs, "honourGoingAway", "boolean", "reconnect.");
  const logger = !options.logger || options.logger === NoopLogger ? null : options.logger;
  return {
    key: options.apiKey,
    provider: options.tokenProvider,
    url: options.url ?? undefined,
    factory: options.webSocketFactory,
    lifecycleHooks: options.lifecycleHooks ?? true,
    logger,
    // In the order of `create` in src/web/exported.rs.
    numbers: [
      options.tokenProvider != null,
      options.autoResubscribe ?? true,
      reconnect !== false,
      logger !== null,
      ...numbers(options, NUMBERS),
      ...numbers(knobs, RECONNECT_NUMBERS),
      knobs.honourGoingAway === true,
      Math.random(),
    ],
  };
}

function checkType(options, name, type, prefix = "") {
  const value = options[name];
  if (value === undefined || value === null) return;
  if (typeof value !== type) throw new TypeError(`${prefix}${name} must be a ${type}`);
}

/** What is no number becomes NaN, which the core refuses by name. */
function numbers(given, normal) {
  return Object.entries(normal).map(([name, value]) => {
    const number = given[name];
    if (number === undefined || number === null) return value;
    return typeof number === "number" ? number : Number.NaN;
  });
}
