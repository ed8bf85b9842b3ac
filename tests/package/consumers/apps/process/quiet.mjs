// Imports the package and nothing else, as a server render does. Importing must not start, open or compile anything.

const touched = [];
const watch = (object, name) => {
  const real = object[name];
  object[name] = new Proxy(real ?? class {}, {
    apply: (target, self, args) => (touched.push(name), Reflect.apply(target, self, args)),
    construct: (target, args) => (touched.push(name), Reflect.construct(target, args)),
  });
};
for (const name of ["setTimeout", "setInterval", "fetch", "WebSocket", "addEventListener"]) watch(globalThis, name);
for (const name of ["Module", "Instance", "compile", "instantiate"]) watch(WebAssembly, name);

const before = process.getActiveResourcesInfo().length;
const { SignallingClient } = await import("metered-realtime");
if (process.getActiveResourcesInfo().length > before) touched.push("something that keeps the process alive");
if (touched.length > 0) throw new Error(`importing used ${touched.join(", ")}`);

// Constructing compiles the core, and still opens nothing.
const client = new SignallingClient({ apiKey: "pk_live_local" });
const opened = touched.filter((name) => !["Module", "Instance"].includes(name));
if (opened.length > 0 || client.state !== "idle") throw new Error(`constructing used ${opened.join(", ")}`);
