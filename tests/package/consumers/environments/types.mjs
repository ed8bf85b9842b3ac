// The types, and linters that check the package without running it.

import { tarball } from "../harness/place.mjs";

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
  typescript("typescript56", "bundler", "typescript"),
  typescript("typescript7", "bundler", "typescript"),
  typescript("typescript7", "node16", "typescript"),
  {
    name: "publint",
    title: "publint --strict",
    tools: "quick",
    uses: ["publint"],
    quick: true,
    test: (lab) => lab.run(lab.program("publint"), "run", tarball(), "--strict"),
  },
  {
    name: "attw",
    title: "Are the types wrong?",
    tools: "quick",
    uses: ["@arethetypeswrong/cli"],
    quick: true,
    test: (lab) => lab.run(lab.program("attw"), tarball(), "--exclude-entrypoints", "metered_realtime.wasm"),
  },
];
