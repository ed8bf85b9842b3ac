// Runtimes that compile WebAssembly ahead.

const workerd = {
  name: "workerd",
  title: "workerd (Cloudflare Workers), bundled as wrangler does",
  tools: "edge",
  app: "workerd",
  uses: ["workerd"],
  test: async (lab) => {
    const flags = ["--bundle", "--format=esm", "--conditions=workerd,worker,browser", "--loader:.wasm=copy", "--asset-names=[name]"];
    await lab.run(lab.program("esbuild"), "worker.mjs", ...flags, "--outfile=dist/worker.js");
    const runtime = lab.start(lab.program("workerd"), "serve", "workerd.capnp", "--control-fd=1");
    const [, port] = await runtime.until(/"event":"listen","socket":"http","port":(\d+)/);
    await lab.converseInAnswer(`http://127.0.0.1:${port}/`);
  },
};

export default [workerd];
