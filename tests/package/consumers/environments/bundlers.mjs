// Bundlers, without any configuration for this package.

import { cpSync } from "node:fs";
import { join } from "node:path";
import { HERE } from "../harness/place.mjs";

/** Both pages of the app `bundled`. */
async function bothPages(lab, site) {
  await lab.converseInPage(`${site}/index.html`);
  await lab.converseInPage(`${site}/worker.html`);
}

/** For bundlers that write scripts only: adds the pages beside them. */
function addPages(lab, folder) {
  cpSync(join(HERE, "apps/built"), lab.path(folder), { recursive: true });
}

const ADDRESS = /(http:\/\/(?:localhost|127\.0\.0\.1):\d+\S*)/;

const vite = (major, name) => [
  {
    name: `${name}-dev`,
    title: `Vite ${major} dev, page and module worker`,
    tools: "web",
    app: ["bundled", "vite"],
    uses: [name, "browser"],
    test: async (lab) => {
      const flags = ["--host", "127.0.0.1", "--port", "0"];
      await bothPages(lab, await lab.serveWith(ADDRESS, `${name}/bin/vite.js`, ...flags));
    },
  },
  {
    name: `${name}-build`,
    title: `Vite ${major} build, page and module worker`,
    tools: "web",
    app: ["bundled", "vite"],
    uses: [name, "browser"],
    test: async (lab) => {
      await lab.tool(`${name}/bin/vite.js`, "build");
      lab.assertWithoutWs("dist");
      await bothPages(lab, await lab.serve("dist"));
    },
  },
];

const esbuild = (format, page) => ({
  name: `esbuild-${format}`,
  title: `esbuild, ${format.toUpperCase()}`,
  tools: "quick",
  app: "bundled",
  uses: ["esbuild", "browser"],
  quick: true,
  test: async (lab) => {
    await lab.run(lab.program("esbuild"), "page.js", "--bundle", `--format=${format}`, "--outfile=dist/page.js");
    lab.assertWithoutWs("dist");
    addPages(lab, "dist");
    await lab.converseInPage(`${await lab.serve("dist")}/${page}.html`);
  },
});

export default [
  ...vite(8, "vite"),
  ...vite(7, "vite7"),
  {
    name: "webpack",
    title: "webpack 5, page and worker",
    tools: "web",
    app: ["bundled", "webpack"],
    uses: ["webpack", "browser"],
    test: async (lab) => {
      await lab.tool("webpack-cli/bin/cli.js", "build");
      lab.assertWithoutWs("dist");
      addPages(lab, "dist");
      const site = await lab.serve("dist");
      await lab.converseInPage(`${site}/script.html`);
      await lab.converseInPage(`${site}/worker.html`);
    },
  },
  {
    name: "webpack-old-encoding",
    title: "webpack 5, in a page that is not UTF-8",
    tools: "web",
    app: ["bundled", "webpack"],
    uses: ["webpack", "browser"],
    test: async (lab) => {
      await lab.tool("webpack-cli/bin/cli.js", "build");
      addPages(lab, "dist");
      await lab.converseInPage(`${await lab.serve("dist")}/windows-1252.html`);
    },
  },
  {
    name: "rollup",
    title: "Rollup, ES and IIFE",
    tools: "web",
    app: ["bundled", "rollup"],
    uses: ["rollup", "browser"],
    test: async (lab) => {
      await lab.tool("rollup/dist/bin/rollup", "--config", "rollup.config.mjs");
      lab.assertWithoutWs("dist");
      addPages(lab, "dist/es");
      addPages(lab, "dist/iife");
      const site = await lab.serve("dist");
      await lab.converseInPage(`${site}/es/index.html`);
      await lab.converseInPage(`${site}/iife/script.html`);
    },
  },
  esbuild("esm", "index"),
  esbuild("iife", "script"),
  {
    name: "parcel",
    title: "Parcel 2, page and worker",
    tools: "parcel",
    app: "bundled",
    uses: ["parcel", "browser"],
    test: async (lab) => {
      await lab.tool("parcel/lib/bin.js", "build", "index.html", "worker.html", "--no-cache", "--dist-dir", "dist");
      lab.assertWithoutWs("dist");
      await bothPages(lab, await lab.serve("dist"));
    },
  },
  {
    name: "esbuild-server",
    title: "esbuild for Node, with the package inside",
    tools: "quick",
    app: "process",
    uses: ["esbuild", "node"],
    test: async (lab) => {
      await lab.run(lab.program("esbuild"), "main.mjs", "--bundle", "--platform=node", "--outfile=dist/server.cjs");
      await lab.converseInProcess(process.execPath, ["dist/server.cjs"]);
    },
  },
  {
    name: "webpack-server",
    title: "webpack 5 for Node, with the package inside",
    tools: "web",
    app: ["process", "webpack"],
    uses: ["webpack", "node"],
    test: async (lab) => {
      await lab.tool("webpack-cli/bin/cli.js", "build", "--config", "webpack.server.cjs");
      await lab.converseInProcess(process.execPath, ["dist/server.js"]);
    },
  },
];
