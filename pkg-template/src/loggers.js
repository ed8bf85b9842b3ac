// Loggers that users can pass, and the guard around whatever they pass.

const nothing = () => {};

/** Drops everything. */
export const NoopLogger = Object.freeze({ debug: nothing, info: nothing, warn: nothing, error: nothing });

const toConsole = (level) => (message, context) => {
  const line = `[metered-realtime] ${message}`;
  if (context === undefined) console[level](line);
  else console[level](line, context);
};

/** Writes to the console. */
export const ConsoleLogger = Object.freeze({
  debug: toConsole("debug"),
  info: toConsole("info"),
  warn: toConsole("warn"),
  error: toConsole("error"),
});

/** Calls a logger that may throw, now or later, or lack a method. It is user code, and there is nobody left to tell. */
export function logTo(logger, level, message, context) {
  try {
    logger[level]?.(message, context)?.then?.(nothing, nothing);
  } catch {
    // As above.
  }
}

/** A text for any value, also for those that refuse to become one. */
export function describe(value) {
  try {
    return value instanceof Error ? `${value.name}: ${value.message}` : String(value);
  } catch {
    return "(a value without a text)";
  }
}
