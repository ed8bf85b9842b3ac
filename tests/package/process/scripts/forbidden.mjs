// A Content-Security-Policy without 'wasm-unsafe-eval' makes the compiler throw.

WebAssembly.Module = class {
  constructor() {
    throw new WebAssembly.CompileError("Refused to compile or instantiate WebAssembly module");
  }
};

const { SignallingClient } = await import("metered-realtime");
try {
  new SignallingClient({ apiKey: "pk" });
} catch (error) {
  console.log(error.remedy?.includes("wasm-unsafe-eval") ? error.name : error);
}
