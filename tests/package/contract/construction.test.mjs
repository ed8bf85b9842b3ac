// Options and addresses.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SignallingClient } from "../installed/entry.mjs";
import { FakeSocket, fakeTime, outcome, pass, turn, watch } from "../support/fake.mjs";

const provider = () => "token";

/** Constructing fails with a TypeError that names the option and opens nothing. */
function refused(options, named) {
  let dials = 0;
  const webSocketFactory = () => void (dials += 1);
  assert.throws(
    () => new SignallingClient({ webSocketFactory, ...options }),
    (error) => error instanceof TypeError && (named === undefined || error.message.includes(named)),
  );
  assert.equal(dials, 0);
}

const withKey = (options) => new SignallingClient({ apiKey: "pk_test", ...options });

/** The address that a client dials. */
async function address(options) {
  const { client, sockets } = watch(options);
  client.connect().catch(() => {});
  await turn();
  const { url } = sockets[0];
  await client.close();
  return url;
}

test("e001 without a credential, constructing fails", () => refused({}, "apiKey"));

test("e002 with both credentials, constructing fails", () => refused({ apiKey: "pk", tokenProvider: provider }, "apiKey"));

test("e003 a client that was just constructed is idle, and has dialled nothing", () => {
  const { client, sockets, events } = watch();
  assert.equal(client.state, "idle");
  assert.deepEqual([sockets, events], [[], []]);
});

test("e004 constructing does not call the token provider", async () => {
  let calls = 0;
  new SignallingClient({ tokenProvider: () => void (calls += 1) });
  await turn();
  assert.equal(calls, 0);
});

test("e005 the first delay must be above 0", () => {
  for (const initialDelayMs of [0, -1]) refused({ apiKey: "pk", reconnect: { initialDelayMs } }, "initialDelayMs");
});

test("e006 the multiplier must be at least 1", () => {
  refused({ apiKey: "pk", reconnect: { multiplier: 0.5 } }, "multiplier");
  withKey({ reconnect: { multiplier: 1 } });
});

test("e007 the longest delay must not be below the first one", () => {
  refused({ apiKey: "pk", reconnect: { initialDelayMs: 500, maxDelayMs: 499 } }, "maxDelayMs");
  refused({ apiKey: "pk", reconnect: { initialDelayMs: 30_001 } }, "maxDelayMs");
  withKey({ reconnect: { initialDelayMs: 500, maxDelayMs: 500 } });
});

test("e008 the jitter must be from 0 to 1", () => {
  for (const jitterRatio of [-0.1, 1.1]) refused({ apiKey: "pk", reconnect: { jitterRatio } }, "jitterRatio");
  for (const jitterRatio of [0, 1]) withKey({ reconnect: { jitterRatio } });
});

test("e009 the number of retries must not be below 0, and may be infinite", () => {
  for (const maxAttempts of [-1, 0.5]) refused({ apiKey: "pk", reconnect: { maxAttempts } }, "maxAttempts");
  withKey({ reconnect: { maxAttempts: Infinity } });
});

test("e010 with 0 retries there is none", async () => {
  const { client, connect, of, sockets } = watch({ reconnect: { maxAttempts: 0 } });
  (await connect()).end(1006);
  assert.equal(client.state, "closed");
  assert.deepEqual(of("disconnected"), [{ code: 1006, reason: "", willReconnect: false }]);
  assert.equal(sockets.length, 1);
});

test("e011 NaN is refused for every number, by name", () => {
  const knobs = ["initialDelayMs", "multiplier", "maxDelayMs", "jitterRatio", "maxAttempts", "maxDialsPerMinute"];
  for (const knob of knobs) refused({ apiKey: "pk", reconnect: { [knob]: NaN } }, knob);
  for (const option of ["tokenProviderTimeoutMs", "inactivityTimeoutMs"]) refused({ apiKey: "pk", [option]: NaN }, option);
});

test("e012 the time for the token provider must be finite and above 0", () => {
  for (const tokenProviderTimeoutMs of [0, -1, Infinity, "10"]) {
    refused({ tokenProvider: provider, tokenProviderTimeoutMs }, "tokenProviderTimeoutMs");
  }
});

test("e013 with reconnecting off, a drop closes the client", async (t) => {
  fakeTime(t);
  const { client, connect, of, sockets } = watch({ reconnect: false });
  (await connect()).end(1006);
  await pass(t, 60_000, 1000);
  assert.equal(client.state, "closed");
  assert.deepEqual(of("disconnected"), [{ code: 1006, reason: "", willReconnect: false }]);
  assert.equal(sockets.length, 1);
});

test("e014 an empty key counts as none", () => {
  refused({ apiKey: "" }, "apiKey");
  new SignallingClient({ apiKey: "", tokenProvider: provider });
});

test("e015 knobs that are not given keep their defaults", async (t) => {
  fakeTime(t);
  const { connect, sockets } = watch({ reconnect: { jitterRatio: 0, initialDelayMs: undefined } });
  (await connect()).end(1006);
  await pass(t, 499, 499);
  assert.equal(sockets.length, 1);
  await pass(t, 1, 1);
  assert.equal(sockets.length, 2);
});

test("options of a wrong type are refused by name", () => {
  for (const options of [undefined, null, 1, "pk"]) assert.throws(() => new SignallingClient(options), TypeError);
  refused({ apiKey: 7 }, "apiKey");
  refused({ tokenProvider: "token" }, "tokenProvider");
  refused({ apiKey: "pk", url: 7 }, "url");
  refused({ apiKey: "pk", webSocketFactory: {} }, "webSocketFactory");
  refused({ apiKey: "pk", reconnect: 7 }, "reconnect");
  refused({ apiKey: "pk", reconnect: { multiplier: "2" } }, "multiplier");
});

test("d17 options that are null or undefined count as not given, and unknown ones are ignored", () => {
  withKey({ tokenProvider: undefined, url: undefined, logger: undefined, reconnect: undefined, webSocketFactory: undefined, more: 1 });
  withKey({ tokenProvider: null, logger: null, reconnect: null, inactivityTimeoutMs: null });
});

test("a whole day as a timeout does not overflow the timers", async (t) => {
  fakeTime(t);
  const { client, connect, sockets } = watch({ inactivityTimeoutMs: 2 ** 32, reconnect: { maxDelayMs: 2 ** 40 } });
  await connect();
  await pass(t, 60_000, 5000);
  assert.equal(client.state, "connected");
  assert.equal(sockets.length, 1);
});

test("e017 the default address is the service's", async () => {
  assert.equal(await address({}), "wss://rms.metered.ca/v1?key=pk_test");
});

test("e018 plain ws to another machine is refused", () => refused({ apiKey: "pk", url: "ws://example.com" }, "url"));

test("e019 plain ws to this machine is fine", async () => {
  for (const url of ["ws://localhost:9", "ws://127.0.0.1:9", "ws://[::1]:9"]) {
    assert.equal(await address({ url }), `${url}/v1?key=pk_test`);
  }
});

test("e020 other schemes and texts that are not addresses are refused", () => {
  for (const url of ["http://h", "https://h", "ftp://h", "not a url", ""]) refused({ apiKey: "pk", url }, "url");
});

test("e021 a path is refused, a slash is not", async () => {
  refused({ apiKey: "pk", url: "wss://h/path" }, "url");
  assert.equal(await address({ url: "wss://h/" }), "wss://h/v1?key=pk_test");
});

test("e022 a query or a fragment is refused", () => {
  for (const url of ["wss://h?x=1", "wss://h#f"]) refused({ apiKey: "pk", url }, "url");
});

test("e023 a user or an empty host is refused", () => {
  for (const url of ["wss://user:pw@h", "wss://", "wss://:443", "wss://user@"]) refused({ apiKey: "pk", url }, "url");
});

test("e024 the error for a wrong address does not quote it", () => {
  assert.throws(
    () => withKey({ url: "wss://h?key=SECRET" }),
    (error) => error instanceof TypeError && !`${error.message} ${error.stack}`.includes("SECRET"),
  );
});

test("e025 the port is kept", async () => {
  assert.equal(await address({ url: "wss://h:8443" }), "wss://h:8443/v1?key=pk_test");
});

test("e026 the key is percent-encoded", async () => {
  const key = "a b&c=d/é";
  const query = new URL(await address({ apiKey: key })).searchParams;
  assert.deepEqual([...query], [["key", key]]);
});

test("e027 a token goes out as a token", async () => {
  assert.equal(await address({ tokenProvider: () => "tok" }), "wss://rms.metered.ca/v1?token=tok");
});

test("e028 scheme and host are normalised", async () => {
  assert.equal(await address({ url: "WSS://LOCALHOST" }), "wss://localhost/v1?key=pk_test");
});

test("the factory gets the address alone, and `this` is nothing", async () => {
  const calls = [];
  const { client } = watch({
    webSocketFactory: function (...args) {
      calls.push([this, args]);
      return new FakeSocket(args[0]);
    },
  });
  client.connect().catch(() => {});
  assert.equal(calls.length, 1, "the socket is made inside of connect()");
  assert.equal(calls[0][1].length, 1);
  assert.equal(Object(calls[0][0]) === client, false);
  await outcome(client.close());
});
