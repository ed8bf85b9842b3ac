//! The address of a request: its query, its percent-escapes, and its form for the log.

/// A query parameter, percent-decoded.
pub(super) fn query(uri: &hyper::Uri, name: &str) -> Option<String> {
    let pairs = uri.query()?.split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)?.1;
    percent_decode(value)
}

/// The text without its percent-escapes; `None` if it then is not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = match (byte, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// The address for the log: a query may hold a credential, so only the names of its parameters are shown.
pub(super) fn masked(uri: &hyper::Uri) -> String {
    let mut text = metered_realtime_proto::wire::scrub(uri.path());
    for (index, pair) in uri.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        let name = pair.split('=').next().unwrap_or_default();
        if matches!(name, "key" | "token") {
            text.push_str(name);
            text.push('=');
        }
        text.push_str("***");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_reach_the_log() {
        let cases = [
            ("/v1?key=pk_live_abc", "/v1?key=***"),
            ("/v1?token=eyJhbGciOiJI.eyJzdWIi.c2ln", "/v1?token=***"),
            ("/v1?secret&Key=pk_live_abc&token=x", "/v1?***&***&token=***"),
            ("/healthz", "/healthz"),
        ];
        for (address, logged) in cases {
            assert_eq!(masked(&address.parse().unwrap()), logged);
        }
        let in_path = masked(&"/v1/peers/sk_secret_abc".parse().unwrap());
        assert!(!in_path.contains("abc"), "{in_path}");
    }

    #[test]
    fn a_parameter_is_decoded_and_nothing_else_is_made_of_it() {
        let uri = "/v1?keys=no&key=a%20b%2Bc+d%zz%&key=second".parse().unwrap();
        assert_eq!(query(&uri, "key").as_deref(), Some("a b+c+d%zz%"));
        assert_eq!(query(&uri, "token"), None);
        assert_eq!(percent_decode("%FF"), None);
        assert_eq!(percent_decode("%C3%A4").as_deref(), Some("ä"));
    }
}
