// The options of a client. All of them are checked here: crates/proto/src/machine/options.rs has the same rules for programs in Rust.

import { NoopLogger } from "./loggers.js";
import { originOf } from "./rules.js";

const ANY = [(n) => !Number.isNaN(n), "must be a number, not NaN"];
const NOT_NEGATIVE = [(n) => n >= 0 && n < Infinity, "must be a finite number of at least 0"];
const POSITIVE = [(n) => n > 0 && n < Infinity, "must be a finite number above 0"];
const FACTOR = [(n) => n >= 1 && n < Infinity, "must be a finite number of at least 1"];
const SHARE = [(n) => n >= 0 && n <= 1, "must be a number from 0 to 1"];
const NOT_SHORTER = [(n, [initial]) => n >= initial && n < Infinity, "must be finite and not below the initial delay"];
const COUNT = [(n) => n >= 0 && isWhole(n), "must be a whole number of at least 0, or Infinity"];
const COUNT_FROM_ONE = [(n) => n >= 1 && isWhole(n), "must be a whole number of at least 1, or Infinity"];

/** Durations, their defaults and rules, in the order in which the core takes them; then those of `reconnect`. */
const NUMBERS = {
  tokenProviderTimeoutMs: [10_000, POSITIVE],
  inactivityTimeoutMs: [60_000, ANY],
  renewBeforeExpiryMs: [0, NOT_NEGATIVE],
};
const RECONNECT_NUMBERS = {
  initialDelayMs: [500, POSITIVE],
  multiplier: [2, FACTOR],
  maxDelayMs: [30_000, NOT_SHORTER],
  jitterRatio: [0.2, SHARE],
  maxAttempts: [100, COUNT],
  maxDialsPerMinute: [20, COUNT_FROM_ONE],
  fleetSpreadMs: [0, NOT_NEGATIVE],
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

/** Checks the options, and gives them in the form that the core and the host take. */
export function readOptions(options) {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  for (const [name, type] of Object.entries(TYPES)) checkType(options, name, type);
  const { apiKey: key, tokenProvider: provider } = options;
  if (!key === !provider) throw new TypeError("apiKey or tokenProvider must be given: exactly one of them");
  const reconnect = options.reconnect ?? true;
  if (typeof reconnect !== "boolean" && typeof reconnect !== "object") {
    throw new TypeError("reconnect must be an object or a boolean");
  }
  const knobs = reconnect === true ? {} : reconnect || {};
  checkType(knobs, "honourGoingAway", "boolean", "reconnect.");
  const logger = !options.logger || options.logger === NoopLogger ? null : options.logger;
  return {
    key,
    provider,
    origin: originOf(options.url ?? "wss://rms.metered.ca"),
    factory: options.webSocketFactory,
    lifecycleHooks: options.lifecycleHooks ?? true,
    logger,
    // In the order of `create` in src/web/exported.rs.
    numbers: [
      options.autoResubscribe ?? true,
      reconnect !== false,
      logger !== null,
      knobs.honourGoingAway === true,
      Math.random(),
      ...numbers(options, NUMBERS, ""),
      ...numbers(knobs, RECONNECT_NUMBERS, "reconnect."),
    ],
  };
}

function checkType(options, name, type, prefix = "") {
  const value = options[name];
  if (value === undefined || value === null) return;
  if (typeof value !== type) throw new TypeError(`${prefix}${name} must be a ${type}`);
}

/** What is no number counts as NaN, which no rule allows. */
function numbers(given, table, prefix) {
  const read = [];
  for (const [name, [normal, [isRight, rule]]] of Object.entries(table)) {
    const value = given[name] ?? normal;
    const number = typeof value === "number" ? value : NaN;
    if (!isRight(number, read)) throw new TypeError(`${prefix}${name} ${rule}`);
    read.push(number);
  }
  return read;
}

function isWhole(number) {
  return Number.isInteger(number) || number === Infinity;
}
