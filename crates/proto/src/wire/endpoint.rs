//! The server's address (spec A.1, B.1): parsed once, and from then on known to be right.

use std::fmt;

use super::decimal::{parse_decimal, push_decimal, push_digit};
use super::scrub::find;
use super::secret::Secret;

/// Where the service is, unless told otherwise.
pub const DEFAULT_ORIGIN: &str = "wss://rms.metered.ca";

/// The machine itself.
const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// An origin to which a client may connect: `wss`, or `ws` on the machine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    origin: String,
}

/// Why an address is refused. It never quotes the address, which may hold a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// No scheme, an unusable host or port, or characters that no address has.
    NotAnAddress,
    /// Neither `wss` nor `ws`.
    Scheme,
    /// `ws` to another machine.
    InsecureHost,
    /// It has a user name or a password.
    UserInfo,
    /// It has a path, a query or a fragment.
    NotAnOrigin,
}

impl EndpointError {
    /// The rule that was broken, as the end of a sentence that starts with the option's name.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            EndpointError::NotAnAddress => "must be an address such as wss://host",
            EndpointError::Scheme => "must start with wss:// (or ws:// for localhost)",
            EndpointError::InsecureHost => {
                "may use ws:// only for localhost, 127.0.0.1 and [::1]; use wss://"
            }
            EndpointError::UserInfo => "must not contain a user name or password",
            EndpointError::NotAnOrigin => {
                "must be an origin, without path, query or fragment; /v1 and the credential are added"
            }
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule())
    }
}

/// The query parameter that carries a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A publishable key: `?key=`.
    Key,
    /// A JWT: `?token=`.
    Token,
}

impl Endpoint {
    /// Reads an origin; case, a default port and a final slash do not matter.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn parse(address: &str) -> Result<Endpoint, EndpointError> {
        let mut origin = address.to_ascii_lowercase();
        let (secure, start, default_port) = if origin.starts_with("wss://") {
            (true, 6, 443)
        } else if origin.starts_with("ws://") {
            (false, 5, 80)
        } else if find(&origin, "://").is_some() {
            return Err(EndpointError::Scheme);
        } else {
            return Err(EndpointError::NotAnAddress);
        };
        let rest = &origin[start..];
        let length = position(rest, "/?#\\").unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(length);
        if position(authority, "@").is_some() {
            return Err(EndpointError::UserInfo);
        }
        if !matches!(tail, "" | "/") {
            return Err(EndpointError::NotAnOrigin);
        }
        let host_length = host_length(authority).ok_or(EndpointError::NotAnAddress)?;
        let (host, port) = authority.split_at(host_length);
        let port = port_number(port.as_bytes(), default_port).ok_or(EndpointError::NotAnAddress)?;
        if !secure && !LOCAL_HOSTS.contains(&host) {
            return Err(EndpointError::InsecureHost);
        }
        origin.truncate(start + host_length);
        if port != default_port {
            origin.push_str(":");
            push_decimal(&mut origin, port);
        }
        Ok(Endpoint { origin })
    }

    /// An origin that a surface has read and normalised itself, as the npm package does.
    #[must_use]
    pub fn checked(origin: String) -> Endpoint {
        Endpoint { origin }
    }

    /// The origin, normalised, such as `wss://rms.metered.ca`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address to dial, with the credential in its query.
    #[must_use]
    pub fn address(&self, kind: CredentialKind, credential: &Secret) -> Secret {
        let mut address = self.origin.clone();
        address.push_str(match kind {
            CredentialKind::Key => "/v1?key=",
            CredentialKind::Token => "/v1?token=",
        });
        push_percent_encoded(&mut address, credential.expose());
        Secret::new(address)
    }
}

impl Default for Endpoint {
    fn default() -> Endpoint {
        Endpoint { origin: DEFAULT_ORIGIN.into() }
    }
}

/// How much of the authority is its host, if that is one.
fn host_length(authority: &str) -> Option<usize> {
    let length = if authority.starts_with('[') {
        position(authority, "]")? + 1
    } else {
        position(authority, ":").unwrap_or(authority.len())
    };
    is_host(&authority[..length]).then_some(length)
}

/// What follows the host: nothing, or a colon and perhaps a number.
fn port_number(text: &[u8], default: u32) -> Option<u32> {
    match text {
        [] | [b':'] => Some(default),
        [b':', digits @ ..] => parse_decimal(digits).filter(|port| *port <= u16::MAX.into()),
        [..] => None,
    }
}

/// Where the first of these bytes is.
fn position(text: &str, wanted: &str) -> Option<usize> {
    text.bytes().position(|byte| wanted.bytes().any(|other| other == byte))
}

fn is_host(host: &str) -> bool {
    if let [b'[', inner @ .., b']'] = host.as_bytes() {
        return inner.iter().any(|b| matches!(b, b':'))
            && inner.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
    }
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') || !c.is_ascii();
    !host.is_empty() && host.chars().all(|c| allowed(c) && !c.is_whitespace() && !c.is_control())
}

fn push_percent_encoded(text: &mut String, value: &str) {
    const HEX: &str = "0123456789ABCDEF";
    for (at, byte) in value.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push_str(&value[at..at + 1]);
        } else {
            text.push_str("%");
            push_digit(text, HEX, u32::from(byte >> 4));
            push_digit(text, HEX, u32::from(byte & 15));
        }
    }
}
