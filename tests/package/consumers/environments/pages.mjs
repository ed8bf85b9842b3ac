// Pages and workers without any build tool.

import assert from "node:assert/strict";

const SLIM_SOURCES = ["bytes", "module", "response", "url"];

const plain = (page, title, quick) => ({
  name: page,
  title,
  app: "plain",
  uses: ["browser"],
  quick,
  test: async (lab) => lab.converseInPage(`${await lab.serve()}/${page}.html`),
});

export default [
  plain("module", "`<script type=module>`", true),
  plain("script", "`<script>`, index.global.js", true),
  plain("import-map", "`<script type=importmap>`"),
  plain("module-worker", "Module worker"),
  plain("classic-worker", "Classic worker, importScripts"),
  {
    name: "csp-allowed",
    title: "CSP `script-src 'self' 'wasm-unsafe-eval'`",
    app: "csp",
    uses: ["browser"],
    test: async (lab) => {
      const policy = { "content-security-policy": "script-src 'self' 'wasm-unsafe-eval'" };
      await lab.converseInPage(`${await lab.serve(".", policy)}/index.html`);
    },
  },
  {
    name: "csp-forbidden",
    title: "CSP `script-src 'self'`: WasmUnavailableError",
    app: "csp",
    uses: ["browser"],
    test: async (lab) => {
      const policy = { "content-security-policy": "script-src 'self'" };
      const { outcome } = await lab.visit(`${await lab.serve(".", policy)}/forbidden.html`);
      assert.equal(outcome.isTyped, true, JSON.stringify(outcome));
      assert.equal(outcome.name, "WasmUnavailableError");
      assert.match(`${outcome.message} ${outcome.remedy}`, /'wasm-unsafe-eval'/);
    },
  },
  {
    name: "slim",
    title: `metered-realtime/slim, init(${SLIM_SOURCES.join(" \\| ")})`,
    app: "slim",
    uses: ["browser"],
    test: async (lab) => {
      const site = await lab.serve();
      for (const source of SLIM_SOURCES) await lab.converseInPage(`${site}/index.html`, { source });
    },
  },
];
