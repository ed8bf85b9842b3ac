//! The address to listen on.

use std::net::{SocketAddr, ToSocketAddrs};

/// Reads `ADDR:PORT` or `NAME:PORT`. A name is looked up once; an IPv4 address is preferred, because IPv6 may be switched off.
pub(crate) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(addr) = text.parse() {
        return Ok(addr);
    }
    let is_well_formed = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok()
    });
    if !is_well_formed {
        return Err(format!(
            "{text:?} is not an address and a port; write 127.0.0.1:8080, [::1]:8080 or localhost:8080"
        ));
    }
    let found: Vec<SocketAddr> =
        text.to_socket_addrs().map_err(|error| format!("{text:?} is unknown: {error}"))?.collect();
    let first = found.iter().find(|addr| addr.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| format!("{text:?} has no address"))
}

#[cfg(test)]
mod tests {
    use super::parse_listen;

    #[test]
    fn addresses_and_names_are_read() {
        for (text, ip) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("[::1]:80", "::1"),
            ("0.0.0.0:65535", "0.0.0.0"),
            ("localhost:0", "127.0.0.1"),
        ] {
            assert_eq!(parse_listen(text).unwrap().ip().to_string(), ip, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for text in ["", "localhost", ":80", "localhost:", "localhost:65536", "::1:80", "here"] {
            assert!(parse_listen(text).unwrap_err().contains("localhost:8080"), "{text}");
        }
    }
}
