// What names and addresses have to look like (spec A.1, A.7, B.1): those of crates/proto/src/wire/name.rs and endpoint.rs, which as wasm would be three
// times as large; tests/frames/addresses.json holds both to the same.

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])$/;
const HOST_AND_PORT = /^(\[[\da-f.]*:[\da-f:.]*\]|(?:[a-z\d._-]|[^\0-\x9f\s])+)(?::(\d*))?$/;

/** The rule that the name of a channel, or a peer's id, breaks. */
export function brokenNameRule(name, max) {
  if (name === "") return "must not be empty";
  if (name.length > max) return `must have at most ${max} characters`;
  if (/\p{Cc}/u.test(name)) return "must not contain control characters";
}

/** The origin, normalised. No error quotes the address, which may hold a credential. */
export function originOf(address) {
  const [, scheme, authority, tail] = /^(wss?):\/\/([^/?#\\]*)(.*)/s.exec(address.toLowerCase()) ?? [];
  if (!scheme) throw wrong(address.includes("://") ? "must start with wss:// (or ws:// for localhost)" : NO_ADDRESS);
  if (authority.includes("@")) throw wrong("must not contain a user name or password");
  if (tail !== "" && tail !== "/") throw wrong("must be an origin, without path, query or fragment; /v1 and the credential are added");
  const [, host, port] = HOST_AND_PORT.exec(authority) ?? [];
  if (!host || port > 65_535) throw wrong(NO_ADDRESS);
  const secure = scheme === "wss";
  if (!secure && !LOCAL.test(host)) throw wrong("may use ws:// only for localhost, 127.0.0.1 and [::1]; use wss://");
  const isDefault = !port || Number(port) === (secure ? 443 : 80);
  return `${scheme}://${host}${isDefault ? "" : `:${Number(port)}`}`;
}

const NO_ADDRESS = "must be an address such as wss://host";

function wrong(rule) {
  return new TypeError(`url ${rule}`);
}
