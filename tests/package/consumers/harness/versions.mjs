// The versions that an environment was tested with.

import { engineVersion } from "./engines.mjs";
import { tools, versionOf } from "./place.mjs";

const OWN = {
  browser: engineVersion,
  node: async () => `Node ${process.versions.node}`,
};
const TITLES = {
  "@arethetypeswrong/cli": "attw",
  bun: "Bun",
  deno: "Deno",
  jest: "Jest",
  next: "Next",
  parcel: "Parcel",
  react: "React",
  rollup: "Rollup",
  typescript: "TypeScript",
  vite: "Vite",
  vitest: "Vitest",
};

export async function versionsOf({ uses, tools: group }) {
  const home = group && (await tools(group));
  return Promise.all(
    uses.map(async (name) => {
      if (OWN[name]) return OWN[name]();
      const plain = name.replace(/\d+$/, "");
      return `${TITLES[plain] ?? (plain === "node" ? "Node" : plain)} ${versionOf(home, name)}`;
    }),
  );
}
