// Frameworks that render on a server first.

import assert from "node:assert/strict";

const NEXT = "next/dist/bin/next";
const READY = /(http:\/\/(?:localhost|127\.0\.0\.1):\d+)[\s\S]*Ready/;
const WHERE = ["--hostname", "127.0.0.1", "--port", "0"];

/** The page as the server rendered it, the page in the browser, and a conversation of the server itself. */
async function useIt(lab, site) {
  const rendered = await (await fetch(site)).text();
  assert.match(rendered, /The client is (<!-- -->)?idle/, "the server renders the page");
  await lab.converseInPage(`${site}/`);
  await lab.converseInAnswer(`${site}/server`);
}

const built = (name, title, ...flags) => ({
  name,
  title,
  tools: "next",
  app: "next",
  uses: ["next", "react", "browser"],
  test: async (lab) => {
    await lab.tool(NEXT, "build", ...flags);
    lab.assertWithoutWs(".next/static");
    await useIt(lab, await lab.serveWith(READY, NEXT, "start", ...WHERE));
  },
});

export default [
  built("next-build", "Next build with Turbopack, server and client"),
  built("next-webpack", "Next build with webpack, server and client", "--webpack"),
  {
    name: "next-dev",
    title: "Next dev, server and client",
    tools: "next",
    app: "next",
    uses: ["next", "react", "browser"],
    test: async (lab) => useIt(lab, await lab.serveWith(READY, NEXT, "dev", ...WHERE)),
  },
];
