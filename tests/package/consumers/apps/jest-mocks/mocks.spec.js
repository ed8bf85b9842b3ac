/* global describe, test, expect, jest */
const metered = require("metered-realtime");

describe("jest.mock makes a mock of everything by itself", () => {
  const mocked = jest.createMockFromModule("metered-realtime");

  test("the client has its methods", async () => {
    const client = new mocked.SignallingClient({ apiKey: "pk" });
    for (const name of ["connect", "close", "subscribe", "unsubscribe", "publish", "send", "on", "off", "once", "addEventListener", "removeEventListener", "events"]) {
      expect(jest.isMockFunction(client[name])).toBe(true);
    }
    client.connect.mockResolvedValue(undefined);
    await client.connect();
    expect(client.connect).toHaveBeenCalledTimes(1);
    expect(mocked.SignallingClient).toHaveBeenCalledWith({ apiKey: "pk" });
  });

  test("the errors are there", () => {
    expect(jest.isMockFunction(mocked.NotConnectedError)).toBe(true);
    expect(mocked.WsCloseCode).toEqual(metered.WsCloseCode);
  });
});

describe("jest.spyOn", () => {
  test("replaces the class, and gives it back", () => {
    const { SignallingClient } = metered;
    const spy = jest.spyOn(metered, "SignallingClient").mockImplementation(() => ({ state: "mine" }));
    expect(new metered.SignallingClient({ apiKey: "pk" }).state).toBe("mine");
    spy.mockRestore();
    expect(metered.SignallingClient).toBe(SignallingClient);
  });

  test("watches a method, of the prototype and of one client", async () => {
    const onPrototype = jest.spyOn(metered.SignallingClient.prototype, "publish").mockResolvedValue(undefined);
    const client = new metered.SignallingClient({ apiKey: "pk" });
    await client.publish("a", 1);
    expect(onPrototype).toHaveBeenCalledWith("a", 1);
    onPrototype.mockRestore();
    const own = jest.spyOn(client, "connect").mockResolvedValue(undefined);
    await client.connect();
    expect(own).toHaveBeenCalledTimes(1);
  });

  test("a getter can be replaced", () => {
    const spy = jest.spyOn(metered.SignallingClient.prototype, "state", "get").mockReturnValue("connected");
    expect(new metered.SignallingClient({ apiKey: "pk" }).state).toBe("connected");
    spy.mockRestore();
  });
});

test("matchers see what an error is", () => {
  expect(new metered.NotConnectedError()).toBeInstanceOf(metered.SignallingError);
  expect(() => new metered.SignallingClient({})).toThrow(TypeError);
});
