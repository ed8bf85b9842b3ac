//! Hides credentials in texts that others wrote, such as an error of the user's token provider (rules 156, 237 and 238).

/// The text with every credential that can be told replaced by `***`. Scrubbing twice changes nothing.
///
/// Hidden are: values of query parameters such as `?token=` (also percent-encoded), `ice-pwd`, `ice-ufrag`, `credential` and
/// other secret fields in any quoting, what follows `Bearer`, bare JWTs, keys such as `sk_secret_…` and user names in addresses.
#[must_use]
pub fn scrub(text: &str) -> String {
    let mut scrubbed = String::new();
    // All before it is written.
    let mut done = 0;
    for (at, _) in text.char_indices() {
        if at < done || !starts_word(text, at) {
            continue;
        }
        if let Some(found) = secret_at(&text[at..]) {
            scrubbed.push_str(&text[done..at + found.start]);
            scrubbed.push_str("***");
            done = at + found.end;
        }
    }
    scrubbed.push_str(&text[done..]);
    scrubbed
}

/// Where a secret stands, from the position that was looked at.
struct Found {
    start: usize,
    end: usize,
}

fn starts_word(text: &str, at: usize) -> bool {
    if text[at..].starts_with("://") {
        return true;
    }
    // `%3Ftoken%3D`: the `F` before `token` belongs to an escape.
    if at >= 3 && is_escape(&text.as_bytes()[at - 3..at]) {
        return true;
    }
    at == 0 || !is_word(char::from(text.as_bytes()[at - 1]))
}

fn is_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
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
    let authority = rest.strip_prefix("://")?;
    let end =
        length_until(authority, |c| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\''));
    let at = authority.as_bytes()[..end].iter().rposition(|b| *b == b'@')?;
    Some(Found { start: 3, end: 3 + at })
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
    if !rest.starts_with("eyJ") {
        return None;
    }
    let end = length_until(rest, |c| !is_word(c) && c != '.');
    rest.as_bytes()[..end].iter().any(|b| matches!(b, b'.')).then_some(Found { start: 0, end })
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
    let value = match separator.as_bytes().first()? {
        b'=' => &separator[1..],
        b':' if quoted_name || MARKED_BY_COLON.contains(name) => &separator[1..],
        b'%' => strip_prefix_ignore_case(separator, "%3d")
            .or_else(|| strip_prefix_ignore_case(separator, "%253d"))?,
        _ => return None,
    };
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

/// Up to white space, a quote, `&` or its escaped form.
fn bare_length(value: &str) -> usize {
    let plain = length_until(value, ends_value);
    value[..plain].find("%26").unwrap_or(plain)
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
    &text[length_until(text, |c| !is_quote(c))..]
}

fn without_blanks(text: &str) -> &str {
    &text[length_until(text, |c| !matches!(c, ' ' | '\t'))..]
}

/// How much of the text comes before the first such character. A pointer, so that it is compiled once and not for each kind.
fn length_until(text: &str, ends: fn(char) -> bool) -> usize {
    text.find(ends).unwrap_or(text.len())
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Longer names first where one begins another.
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

/// Names that are followed by a secret even in prose (`ice-pwd:abc`), unlike `token: expired`.
const MARKED_BY_COLON: [&str; 5] = ["ice-pwd", "ice-ufrag", "credential", "password", "api_key"];
