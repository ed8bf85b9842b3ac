//! Hides credentials in texts of others, such as an error of the user's token provider (rules 156, 237 and 238).

/// Replaces every credential that can be recognised by `***`. Scrubbing twice changes nothing.
///
/// It hides values of query parameters such as `?token=` (also percent-encoded), of `ice-pwd`, `ice-ufrag`, `credential` and
/// other secret fields in any quoting, the text after `Bearer`, bare JWTs, keys such as `sk_secret_…`, and user names in
/// addresses.
#[must_use]
pub fn scrub(text: &str) -> String {
    let mut scrubbed = String::new();
    // Everything before this is written.
    let mut done = 0;
    for (at, _) in text.char_indices() {
        let Some((before, rest)) = text.split_at_checked(at) else { continue };
        if at < done || !starts_word(before, rest) {
            continue;
        }
        if let Some(found) = secret_at(rest) {
            scrubbed.push_str(text.get(done..at + found.start).unwrap_or_default());
            scrubbed.push_str("***");
            done = at + found.end;
        }
    }
    scrubbed.push_str(text.get(done..).unwrap_or_default());
    scrubbed
}

/// The range of a secret, relative to the position in question.
struct Found {
    start: usize,
    end: usize,
}

fn starts_word(before: &str, rest: &str) -> bool {
    // `%3Ftoken%3D`: the `F` before `token` belongs to an escape.
    rest.starts_with("://") || ends_with_escape(before) || !before.ends_with(is_word)
}

fn ends_with_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

fn secret_at(rest: &str) -> Option<Found> {
    user_info(rest)
        .or_else(|| bearer(rest))
        .or_else(|| json_web_token(rest))
        .or_else(|| service_key(rest))
        .or_else(|| field(rest))
}

/// `://user:password@`
fn user_info(rest: &str) -> Option<Found> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'');
    let authority = rest.strip_prefix("://")?.split(ends).next()?;
    Some(Found { start: 3, end: 3 + authority.rfind('@')? })
}

/// `Bearer abc`
fn bearer(rest: &str) -> Option<Found> {
    let after = strip_prefix_ignore_case(rest, "bearer")?;
    let value = without_blanks(after);
    let start = rest.len() - value.len();
    let length = length_until(value, ends_value);
    (value.len() < after.len() && length > 0).then_some(Found { start, end: start + length })
}

/// `eyJ….eyJ….…`
fn json_web_token(rest: &str) -> Option<Found> {
    let token = rest.split(|c| !is_word(c) && c != '.').next()?;
    let is_token = token.starts_with("eyJ") && token.contains('.');
    is_token.then_some(Found { start: 0, end: token.len() })
}

/// `pk_live_…`, `sk_secret_…`
fn service_key(rest: &str) -> Option<Found> {
    if !(rest.starts_with("pk_") || rest.starts_with("sk_")) {
        return None;
    }
    let end = length_until(rest, |c| !is_word(c));
    (end > 3).then_some(Found { start: 0, end })
}

/// A field's name, a separator and its value: `?token=abc`, `"credential": "abc"`, `ice-pwd:abc`, `token%3Dabc`.
fn field(rest: &str) -> Option<Found> {
    let (name, after) =
        FIELDS.iter().find_map(|name| Some((name, strip_prefix_ignore_case(rest, name)?)))?;
    let unquoted = without_quotes(after);
    let quoted_name = unquoted.len() < after.len();
    let separator = without_blanks(unquoted);
    let by_colon = quoted_name || MARKED_BY_COLON.contains(name);
    let value = separator
        .strip_prefix('=')
        .or_else(|| separator.strip_prefix(':').filter(|_| by_colon))
        .or_else(|| strip_prefix_ignore_case(separator, "%3d"))
        .or_else(|| strip_prefix_ignore_case(separator, "%253d"))?;
    let value = without_blanks(value);
    let content = without_quotes(value);
    let length = if content.len() < value.len() {
        length_until(content, |c| is_quote(c) || c == '\n')
    } else {
        bare_length(content)
    };
    let start = rest.len() - content.len();
    (length > 0).then_some(Found { start, end: start + length })
}

/// The length up to white space, a quote, or `&`, escaped or not.
fn bare_length(value: &str) -> usize {
    let plain = value.split(ends_value).next().unwrap_or_default();
    plain.find("%26").unwrap_or(plain.len())
}

fn ends_value(c: char) -> bool {
    let closes = matches!(c, '&' | ',' | ';' | ')' | '}' | ']' | '<' | '>');
    closes || c.is_whitespace() || is_quote(c)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\\')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn without_quotes(text: &str) -> &str {
    text.trim_start_matches(is_quote)
}

fn without_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// The length of the text before the first such character.
fn length_until(text: &str, ends: fn(char) -> bool) -> usize {
    text.find(ends).unwrap_or(text.len())
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// A name that begins with another one comes before it.
const FIELDS: [&str; 17] = [
    "access_token",
    "accesstoken",
    "refresh_token",
    "id_token",
    "api_key",
    "api-key",
    "apikey",
    "client_secret",
    "authorization",
    "ice-pwd",
    "ice-ufrag",
    "credential",
    "password",
    "secret",
    "token",
    "key",
    "jwt",
];

/// After these names a colon alone marks a secret (`ice-pwd:abc`). After others it may be prose (`token: expired`).
const MARKED_BY_COLON: [&str; 5] = ["ice-pwd", "ice-ufrag", "credential", "password", "api_key"];
