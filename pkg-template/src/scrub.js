// Hides credentials in texts that others wrote (spec B.12). crates/proto/src/wire/scrub.rs does the same in Rust; tests/frames/scrub.json holds both
// to it.

/** What ends a value, or stands around one. */
const QUOTE = "[\"'`\\\\]";
const IN_VALUE = "[^\\s\"'`\\\\&,;)}\\]<>]";
/** `&` may be escaped. */
const VALUE = `(?:(?!%26)${IN_VALUE})+`;
const NAMES =
  "access_?token|refresh_token|id_token|api[_-]?key|client_secret|authorization|ice-pwd|ice-ufrag|credential|password|secret|token|key|jwt";
/** Names that are followed by a secret even in prose (`ice-pwd:abc`), unlike `token: expired`. */
const MARKED = "ice-pwd|ice-ufrag|credential|password|api_key";
const FIELD = `(?:(?:${NAMES})(?:${QUOTE}*[ \\t]*(?:=|%3d|%253d)|${QUOTE}+[ \\t]*:)|(?:${MARKED})[ \\t]*:)[ \\t]*`;

/** What stays, and the secret behind it. */
const SECRETS = [
  ["bearer[ \\t]+", `${IN_VALUE}+`],
  ["", "eyJ[\\w-]*\\.[\\w.-]*"],
  ["", "[ps]k_[\\w-]+"],
  [`${FIELD}${QUOTE}+`, "[^\"'`\\\\\\n]+"],
  [FIELD, VALUE],
];

/** The text with every credential that can be told replaced by `***`. */
export function scrub(text) {
  let scrubbed = text.replace(/(:\/\/)[^\s/?#"']*(?=@)/g, "$1***");
  for (const [head, secret] of SECRETS) {
    // A word begins after anything that is not part of one, and after an escape: `%3Ftoken`. Older Safaris have no lookbehind.
    scrubbed = scrubbed.replace(new RegExp(`((?:^|[^\\w-]|%[\\da-f]{2})${head})${secret}`, "gi"), "$1***");
  }
  return scrubbed;
}
