// The types, and what judges the package without running it.

import { TARBALL } from "../harness/place.mjs";

const typescript = (version, resolution, tools, quick) => ({
  name: `${version}-${resolution}`,
  title: `TypeScript, moduleResolution ${resolution}`,
  tools,
  app: "typescript",
  uses: [version],
  quick,
  test: (lab) => lab.tool(`${version}/bin/tsc`, "--project", `tsconfig.${resolution}.json`),
});

export default [
  typescript("typescript", "bundler", "quick", true),
  typescript("typescript", "node16", "quick", true),
  {
    name: "publint",
    title: "publint --strict",
    tools: "quick",
    app: [],
    uses: ["publint"],
    quick: true,
    test: (lab) => lab.run(lab.program("publint"), "run", TARBALL, "--strict"),
  },
  {
    name: "attw",
    title: "Are the types wrong?",
    tools: "quick",
    app: [],
    uses: ["@arethetypeswrong/cli"],
    quick: true,
    test: (lab) => lab.run(lab.program("attw"), TARBALL, "--exclude-entrypoints", "metered_realtime.wasm"),
  },
];
