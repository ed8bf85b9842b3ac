import { nodeResolve } from "@rollup/plugin-node-resolve";

const plugins = [nodeResolve({ browser: true })];

export default [
  { input: "page.js", plugins, output: { file: "dist/es/page.js", format: "es" } },
  { input: "page.js", plugins, output: { file: "dist/iife/page.js", format: "iife" } },
];
