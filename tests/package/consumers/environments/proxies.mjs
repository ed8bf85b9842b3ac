// Node behind a proxy, which its environment or the program names. Only the proxy can reach the server.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { HOST, startProxy, startSecure } from "../../support/secure.mjs";

const WAYS = {
  environment: { title: "NODE_USE_ENV_PROXY", tell: (proxy) => ({ env: { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy }, args: [] }) },
  program: { title: "http.setGlobalProxyFromEnv", tell: (proxy) => ({ env: {}, args: [proxy] }) },
};

async function conversation(lab, tell) {
  const secure = await startSecure(new URL(lab.server).port);
  lab.onEnd(secure.stop);
  const proxy = await startProxy(secure.port);
  lab.onEnd(proxy.stop);
  writeFileSync(lab.path("certificate.pem"), secure.certificate);
  const { env, args } = tell(`http://127.0.0.1:${proxy.port}`);
  const node = lab.path("../../node_modules/node24/bin/node");
  await lab.converseInProcess(node, ["main.mjs", ...args], { NODE_EXTRA_CA_CERTS: lab.path("certificate.pem"), METERED_URL: `wss://${HOST}`, ...env });
  // The official client and ours.
  assert.deepEqual(proxy.asked, [`${HOST}:443`, `${HOST}:443`]);
}

export default Object.entries(WAYS).map(([way, { title, tell }]) => ({
  name: `node24-proxy-${way}`,
  title: `Node 24 behind a proxy, told by ${title}; wss with a made certificate`,
  tools: "runtimes",
  app: "proxy",
  uses: ["node24"],
  test: (lab) => conversation(lab, tell),
}));
