/* global MeteredRealtime */
try {
  new MeteredRealtime.SignallingClient({ apiKey: "pk_live_local" });
  globalThis.outcome = { error: "the constructor did not throw" };
} catch (error) {
  const { name, message, remedy } = error;
  globalThis.outcome = { name, message, remedy, isTyped: error instanceof MeteredRealtime.WasmUnavailableError };
}
