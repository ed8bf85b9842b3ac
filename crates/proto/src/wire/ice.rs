//! ICE servers in the welcome's metadata (rules 226 to 235). If one of them breaks a rule, there are none at all.

use super::name::utf16_len;
use super::value::{Members, Value};

/// An ICE server, as an `RTCPeerConnection` takes it.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Urls,
    /// The user's name for a TURN server.
    pub username: Option<String>,
    /// The password for a TURN server.
    pub credential: Option<String>,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// The addresses of an ICE server, in the form in which the server sent them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Urls {
    /// A single address.
    One(String),
    /// A list with at least one address.
    Many(Vec<String>),
}

impl Urls {
    /// The addresses as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Urls::One(url) => std::slice::from_ref(url),
            Urls::Many(urls) => urls,
        }
    }
}

pub(super) fn ice_servers<V: Value>(metadata: &V) -> Option<Vec<IceServer>> {
    let entries = metadata.members()?.get("iceServers").items()?;
    if entries.len() > MAX_SERVERS {
        return None;
    }
    let mut servers = Vec::new();
    for entry in entries {
        servers.push(ice_server(&entry)?);
    }
    Some(servers)
}

fn ice_server<V: Value>(entry: &V) -> Option<IceServer> {
    let members = entry.members()?;
    Some(IceServer {
        urls: urls(&members.get("urls"))?,
        username: short_text(&members, "username")?,
        credential: short_text(&members, "credential")?,
    })
}

fn urls<V: Value>(value: &V) -> Option<Urls> {
    if let Some(url) = value.string() {
        return is_ice_url(&url).then(|| Urls::One(url.into()));
    }
    let mut urls = Vec::new();
    for item in value.items()? {
        urls.push(item.string().filter(|url| is_ice_url(url))?.into());
    }
    (!urls.is_empty()).then_some(Urls::Many(urls))
}

fn is_ice_url(url: &str) -> bool {
    let Some((scheme, _)) = url.split_once(':') else { return false };
    let known = ["stun", "stuns", "turn", "turns"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    known && utf16_len(url) <= MAX_URL
}

/// `None`: the text is too long. `Some(None)`: there is no string.
fn short_text<M: Members>(entry: &M, name: &str) -> Option<Option<String>> {
    match entry.get(name).string() {
        Some(text) if utf16_len(&text) > MAX_TEXT => None,
        text => Some(text.map(Into::into)),
    }
}

const MAX_SERVERS: usize = 16;
const MAX_URL: usize = 512;
const MAX_TEXT: usize = 1024;
