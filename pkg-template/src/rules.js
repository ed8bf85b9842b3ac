// What names and addresses have to look like (spec A.1, A.7, B.1): those of crates/proto/src/wire/name.rs and endpoint.rs, which as wasm would be three
// times as large; tests/frames/addresses.json holds both to the same.

const LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** The rule that the name of a channel, or a peer's id, breaks. */
export function brokenNameRule(name, max) {
  if (name === "") return "must not be empty";
  if (name.length > max) return `must have at most ${max} characters`;
  if (/\p{Cc}/u.test(name)) return "must not contain control characters";
}

/** The origin, normalised. No error quotes the address, which may hold a credential. */
export function originOf(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    throw wrong(NO_ADDRESS);
  }
  const { protocol, hostname, host, username, password, pathname, search, hash } = url;
  if (!/^wss?:$/.test(protocol)) throw wrong("must start with wss:// (or ws:// for localhost)");
  if (username || password) throw wrong("must not contain a user name or password");
  if (pathname !== "/" || search || hash) throw wrong("must be an origin, without path, query or fragment; /v1 and the credential are added");
  if (protocol === "ws:" && !LOCAL.test(hostname)) throw wrong("may use ws:// only for localhost, 127.0.0.1 and [::1]; use wss://");
  return `${protocol}//${host}`;
}

const NO_ADDRESS = "must be an address such as wss://host";

function wrong(rule) {
  return new TypeError(`url ${rule}`);
}
