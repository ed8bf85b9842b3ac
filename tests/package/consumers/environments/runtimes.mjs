// Runtimes without a page.

/** ES modules and CommonJS in one runtime; `program` finds it. */
const both = ({ name, title, uses, tools, quick, program }) =>
  ["mjs", "cjs"].map((suffix) => ({
    name: `${name}-${suffix === "mjs" ? "esm" : "cjs"}`,
    title: `${title}, ${suffix === "mjs" ? "ESM" : "CommonJS"}`,
    tools,
    app: "process",
    uses: [uses],
    quick,
    test: (lab) => {
      const [runtime, ...flags] = program(lab);
      return lab.converseInProcess(runtime, [...flags, `main.${suffix}`]);
    },
  }));

const node = (major) =>
  both({
    name: `node${major}`,
    title: `Node ${major}`,
    uses: `node${major}`,
    tools: "runtimes",
    program: (lab) => [programOf(lab, major)],
  });

const programOf = (lab, major) => lab.path("../../node_modules", `node${major}`, "bin/node");

const ownNode = () => [process.execPath];

export default [
  ...both({ name: "node", title: "Node that runs these tests", uses: "node", quick: true, program: ownNode }),
  ...[18, 20, 22, 24].flatMap(node),
  ...both({
    name: "deno",
    title: "Deno",
    uses: "deno",
    tools: "runtimes",
    program: (lab) => [lab.program("deno"), "run", "--allow-all", "--no-lock"],
  }),
  ...both({ name: "bun", title: "Bun", uses: "bun", tools: "runtimes", program: (lab) => [lab.program("bun")] }),
  {
    name: "node-slim",
    // The first Node with a WebSocket of its own; slim brings none.
    title: "metered-realtime/slim in Node, bytes from a file",
    tools: "runtimes",
    app: "process",
    uses: ["node22"],
    test: (lab) => lab.converseInProcess(programOf(lab, 22), ["slim.mjs"]),
  },
  {
    name: "import-only",
    title: "Import in a server render does nothing",
    app: "process",
    uses: ["node"],
    quick: true,
    test: (lab) => lab.run(process.execPath, "quiet.mjs"),
  },
];
