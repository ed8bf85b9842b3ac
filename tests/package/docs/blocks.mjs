// The code blocks of the documentation, and where each of them stands.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The pages for users, as paths from the root of the repository. `consumers` tests the README of the package. */
export function pages() {
  const guide = readdirSync(join(root, "docs/guide")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...guide.sort().map((name) => `docs/guide/${name}`)];
}

/** The page's text. */
export function read(page) {
  return readFileSync(join(root, page), "utf8");
}

/** `{ name, language, code }` for each block. The name is its file and line. */
export function blocksOf(page) {
  const blocks = [];
  let open = null;
  read(page)
    .split("\n")
    .forEach((line, index) => {
      if (!line.startsWith("```")) return void open?.lines.push(line);
      if (open) {
        blocks.push({ name: open.name, language: open.language, code: `${open.lines.join("\n")}\n` });
        open = null;
      } else {
        open = { name: `${page}:${index + 1}`, language: /^\w*/.exec(line.slice(3))[0], lines: [] };
      }
    });
  if (open) throw new Error(`${open.name}: the block does not end`);
  return blocks;
}

/** The JavaScript inside of an HTML block. */
export function scriptsOf({ name, code }) {
  const scripts = [...code.matchAll(/<script(?:\s[^>]*)?>([^<]+)<\/script>/g)];
  return scripts.map(([, script], index) => ({
    name: `${name}, script ${index + 1}`,
    language: "js",
    code: script.replace("./node_modules/metered-realtime/dist/index.mjs", "metered-realtime"),
  }));
}

/** Whether the block is a whole program. */
export function isProgram({ language, code }) {
  return language === "js" && /from "metered-realtime"/.test(code);
}
