/* global test, expect, jest */
require("./consumer.js");
const { SignallingClient } = require("metered-realtime");

const url = process.env.METERED_URL;

test("with Jest's default fake timers, an open connection works", async () => {
  const client = new SignallingClient({ url, apiKey: "pk_live_local" });
  await client.connect();
  jest.useFakeTimers();
  await client.subscribe("timers");
  await client.publish("timers", 1);
  await client.close();
  jest.useRealTimers();
  expect(client.state).toBe("closed");
});

test("with a real nextTick, a new connection works too", async () => {
  jest.useFakeTimers({ doNotFake: ["nextTick"] });
  const client = new SignallingClient({ url, apiKey: "pk_live_local" });
  await client.connect();
  await client.publish("timers", 1);
  await client.close();
  jest.useRealTimers();
  expect(client.state).toBe("closed");
});
