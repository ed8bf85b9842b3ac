// Frames of a hostile server, or of a hostile peer behind it.

const nested = (depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const message = (data) => `{"type":"message","channel":"c","from":"x","data":${data}}`;
const presence = (joined) => `{"type":"presence","channel":"c","joined":${joined},"left":[]}`;
const MANY = 20_000;

/** Frames by name. The connection must survive all of them. */
export const FRAMES = {
  "data that is nested 100,000 deep": message(nested(100_000)),
  "an object that is nested 100,000 deep": message(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`),
  "nesting that never ends": `{"type":"message","channel":"c","from":"x","data":${"[".repeat(200_000)}`,
  "a number with 400 digits in data": message("9".repeat(400)),
  "a number with 400 digits in a welcome": `{"type":"welcome","peerId":"p","expiresAt":null,"serverTime":${"9".repeat(400)},"maxMessageSize":1}`,
  "a number with a huge exponent": `{"type":"going_away","retryAfterMs":1e999}`,
  "a negative time to wait": '{"type":"going_away","retryAfterMs":-1e300}',
  "half a surrogate pair in data": message(String.raw`"\ud800"`),
  "half a surrogate pair in a name": String.raw`{"type":"message","channel":"\udfff","from":"\ud800","data":1}`,
  "half a surrogate pair in an error": String.raw`{"type":"error","code":"\ud800","message":"\udc00"}`,
  "half a surrogate pair in a request id": String.raw`{"type":"ack","requestId":"\ud800"}`,
  "a text of nearly a mebibyte": message(JSON.stringify("x".repeat(1_000_000))),
  "a name of nearly a mebibyte": `{"type":"message","channel":${JSON.stringify("c".repeat(1_000_000))},"from":"x","data":1}`,
  "an error code of nearly a mebibyte": `{"type":"error","code":${JSON.stringify("e".repeat(1_000_000))}}`,
  "a type of nearly a mebibyte": `{"type":${JSON.stringify("t".repeat(1_000_000))}}`,
  "__proto__ as data": message('{"__proto__":{"polluted":true}}'),
  "__proto__ as a frame": '{"__proto__":{"polluted":true,"type":"ack","requestId":"1"}}',
  "constructor.prototype as data": message('{"constructor":{"prototype":{"polluted":true}}}'),
  "__proto__ as a type": '{"type":"__proto__"}',
  "constructor as a type": '{"type":"constructor"}',
  "__proto__ as a channel": '{"type":"message","channel":"__proto__","from":"constructor","data":1}',
  "__proto__ as metadata": '{"type":"direct","from":"x","data":1,"fromMetadata":{"__proto__":{"polluted":true}}}',
  "__proto__ as a peer": presence('[{"peerId":"__proto__","metadata":{"__proto__":{"polluted":true}}}]'),
  "__proto__ as a request id": '{"type":"ack","requestId":"__proto__"}',
  "constructor as an error code": '{"type":"error","code":"constructor","requestId":"toString"}',
  "a metadata with a then": '{"type":"direct","from":"x","data":{"then":1,"toJSON":2,"valueOf":3},"fromMetadata":{"then":1}}',
  "a presence of many peers": presence(`[${Array.from({ length: MANY }, (_, i) => `{"peerId":"p${i}"}`).join()}]`),
  "a presence of many peers, one of them wrong": presence(`[${'{"peerId":"p"},'.repeat(MANY)}7]`),
  "a presence of things that are no peers": presence('[null,[],{},"x",{"peerId":1}]'),
  "an ack for a request that nobody made": '{"type":"ack","requestId":"4000000000"}',
  "an ack for a number": '{"type":"ack","requestId":1}',
  "an ack for nothing that is a number": '{"type":"ack","requestId":"0x10"}',
  "another welcome": '{"type":"welcome","peerId":"thief","expiresAt":1,"serverTime":1,"maxMessageSize":1}',
  "a welcome that allows nothing": '{"type":"welcome","peerId":"thief","expiresAt":1,"serverTime":1,"maxMessageSize":-1}',
  "an array": "[]",
  "null": "null",
  "a number": "1e400",
  "nothing": "",
  "a byte order mark": "\ufeff{}",
  "many blanks": " ".repeat(1_000_000),
  "a frame with many unknown keys": `{"type":"pong",${Array.from({ length: MANY }, (_, i) => `"k${i}":${i}`).join()}}`,
  "the same key many times": `{${'"type":"message",'.repeat(MANY)}"type":"pong"}`,
  "a script": message(JSON.stringify("</script><script>alert(1)</script>\u2028\u0000")),
};
