// Test runners, with the simulated browsers that they run tests in.

const vitest = (environment) => ({
  name: `vitest-${environment}`,
  title: `Vitest, environment ${environment}`,
  tools: "runners",
  app: "vitest",
  uses: ["vitest", ...(environment === "node" ? [] : [environment])],
  test: (lab) => lab.converseInTests("vitest/vitest.mjs", "run", `--environment=${environment}`),
});

const jest = (environment) => ({
  name: `jest-${environment}`,
  title: `Jest, environment ${environment}`,
  tools: "runners",
  app: "jest",
  uses: ["jest", ...(environment === "node" ? [] : ["jest-environment-jsdom"])],
  test: (lab) =>
    lab.converseInTests("jest/bin/jest.js", "--rootDir=.", "--testMatch=**/*.spec.js", `--env=${environment}`, "--no-cache"),
});

const mocks = {
  name: "jest-mocks",
  title: "Jest, automock, spyOn and fake timers",
  tools: "runners",
  app: "jest-mocks",
  uses: ["jest"],
  test: (lab) => lab.runTests("jest/bin/jest.js", "--rootDir=.", "--testMatch=**/*.spec.js", "--no-cache"),
};

export default [...["node", "jsdom", "happy-dom"].map(vitest), ...["node", "jsdom"].map(jest), mocks];
