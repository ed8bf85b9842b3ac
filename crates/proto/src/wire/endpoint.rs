//! The server's address (rules 17 to 28): checked once, at construction.

use std::fmt;

use super::hex::hex_digits;
use super::secret::Secret;

/// The address of the service, used unless the options name another.
pub const DEFAULT_ORIGIN: &str = "wss://rms.metered.ca";

/// The hosts that may be dialled without TLS.
const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// An address as the platform's URL parser reads it (the WHATWG URL standard). Nothing in it is checked yet.
///
/// A driver makes it, with `URL` in JavaScript and with the `url` crate natively. Text that these cannot parse is
/// [`EndpointError::NotAnAddress`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// In lower case, without the colon: `wss`.
    pub scheme: String,
    /// In lower case and in ASCII: an international name in its `xn--` form, an IPv6 address in brackets. Empty if there is none.
    pub host: String,
    /// `None` for the default port of the scheme.
    pub port: Option<u16>,
    /// Whether there is a user name or a password.
    pub has_user_info: bool,
    /// `/` if the text has none.
    pub path: String,
    /// Whether there is a query that is not empty.
    pub has_query: bool,
    /// Whether there is a fragment that is not empty.
    pub has_fragment: bool,
}

/// An origin to which a client may connect: `wss`, or `ws` on the machine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    origin: String,
}

/// Why an address is refused. It never quotes the address, which may hold a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// The text is not a URL, or it has no host.
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
    /// Checks an address and reduces it to its origin.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(address: &Address) -> Result<Endpoint, EndpointError> {
        let secure = match address.scheme.as_str() {
            "wss" => true,
            "ws" => false,
            _ => return Err(EndpointError::Scheme),
        };
        if address.host.is_empty() || !address.host.bytes().all(is_of_host) {
            return Err(EndpointError::NotAnAddress);
        }
        if address.has_user_info {
            return Err(EndpointError::UserInfo);
        }
        if !matches!(address.path.as_str(), "" | "/") || address.has_query || address.has_fragment {
            return Err(EndpointError::NotAnOrigin);
        }
        if !secure && !LOCAL_HOSTS.contains(&address.host.as_str()) {
            return Err(EndpointError::InsecureHost);
        }
        let mut origin = String::from(if secure { "wss://" } else { "ws://" });
        origin.push_str(&address.host);
        if let Some(port) = address.port {
            origin.push(':');
            origin.push_str(&port.to_string());
        }
        Ok(Endpoint { origin })
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

/// Whether host names, or IPv6 addresses in their brackets, have this character. Browsers differ in what they do with others.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'[' | b']' | b':')
}

fn push_percent_encoded(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.extend(hex_digits(byte).map(|digit| digit.to_ascii_uppercase()));
        }
    }
}
