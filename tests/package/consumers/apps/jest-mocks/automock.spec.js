/* global test, expect, jest */
jest.mock("metered-realtime");

test("a service that uses the package runs on a mock", async () => {
  const { SignallingClient } = require("metered-realtime");
  const client = new SignallingClient({ apiKey: "pk" });
  client.connect.mockResolvedValue(undefined);
  await client.connect();
  expect(client.connect).toHaveBeenCalled();
});
