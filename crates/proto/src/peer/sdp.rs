//! The few facts that the machine needs of a session description. One line scanner reads them on every platform.
//!
//! A description of a peer is not to be trusted: whatever it says, the facts are bounded.

use super::signal::Kind;

/// Whose description it is: the `o=` line. A connection keeps its session id for life and counts the version up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The session id.
    pub session: String,
    /// The session version.
    pub version: String,
}

impl Origin {
    /// Both in one text, as an answer names the offer that it belongs to.
    #[must_use]
    pub fn to_text(&self) -> String {
        [&*self.session, " ", &*self.version].concat()
    }

    /// Whether this is an older description of the same session. Versions that are no numbers have no order.
    pub(super) fn is_before(&self, other: &Origin) -> bool {
        let number = |origin: &Origin| origin.version.parse::<u64>().ok();
        match (number(self), number(other)) {
            (Some(own), Some(others)) => self.session == other.session && own < others,
            (None, _) | (_, None) => false,
        }
    }
}

/// A media section that has a `mid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its `mid`.
    pub mid: String,
    /// Audio or video; `None`: neither.
    pub kind: Option<Kind>,
    /// The stream id of its first `msid`, if it has one. `-` stands for none.
    pub stream: Option<String>,
    /// The track id of that `msid`.
    pub track: Option<String>,
}

/// What the machine reads of a description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SdpFacts {
    /// The `o=` line, if there is a valid one.
    pub origin: Option<Origin>,
    /// All different `ice-ufrag`s, in their order.
    pub ufrags: Vec<String>,
    /// The media sections, in their order.
    pub sections: Vec<Section>,
}

impl SdpFacts {
    /// The sender's id of the track in the media section with this `mid`.
    #[must_use]
    pub fn track_of(&self, mid: &str) -> Option<&str> {
        self.sections.iter().find(|section| section.mid == mid)?.track.as_deref()
    }

    /// Whether both describe the same connection. Some stacks change the session id with every description but keep the
    /// ICE credentials, browsers change the credentials at an ICE restart but keep the session id.
    pub(super) fn same_connection(&self, other: &SdpFacts) -> bool {
        let same_id = match (&self.origin, &other.origin) {
            (Some(own), Some(others)) => own.session == others.session,
            (None, _) | (_, None) => true,
        };
        same_id || self.ufrags.iter().any(|ufrag| other.ufrags.contains(ufrag))
    }
}

/// No honest description has more sections than this; what comes later is not read.
const MAX_SECTIONS: usize = 512;

/// No honest id is longer than this, in bytes; a longer one counts as absent.
const MAX_TOKEN: usize = 256;

/// Reads the facts of a description, in one pass over its lines.
#[must_use]
pub fn scan_sdp(sdp: &str) -> SdpFacts {
    let mut facts = SdpFacts::default();
    for line in sdp.lines() {
        if let Some(origin) = line.strip_prefix("o=") {
            facts.origin = facts.origin.or_else(|| read_origin(origin));
        } else if let Some(ufrag) = line.strip_prefix("a=ice-ufrag:").and_then(token) {
            if facts.ufrags.len() < MAX_SECTIONS && !facts.ufrags.iter().any(|known| known == ufrag)
            {
                facts.ufrags.push(ufrag.to_owned());
            }
        } else if let Some(media) = line.strip_prefix("m=") {
            if facts.sections.len() == MAX_SECTIONS {
                break;
            }
            let kind = media.split(' ').next().and_then(Kind::of);
            let mid = String::new();
            facts.sections.push(Section { mid, kind, stream: None, track: None });
        } else if let Some(section) = facts.sections.last_mut() {
            read_section(section, line);
        }
    }
    facts.sections.retain(|section| !section.mid.is_empty());
    facts
}

/// `- 4611731400430051336 2 IN IP4 127.0.0.1`
fn read_origin(line: &str) -> Option<Origin> {
    let mut words = line.split(' ').skip(1);
    let session = words.next().and_then(token)?.to_owned();
    let version = words.next().and_then(token)?.to_owned();
    Some(Origin { session, version })
}

fn read_section(section: &mut Section, line: &str) {
    if let Some(mid) = line.strip_prefix("a=mid:").and_then(token) {
        section.mid = mid.to_owned();
    } else if let Some(msid) = line.strip_prefix("a=msid:") {
        let mut words = msid.split(' ').map(|word| token(word).map(ToOwned::to_owned));
        if section.track.is_none() {
            section.stream = words.next().flatten();
            section.track = words.next().flatten();
        }
    }
}

fn token(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= MAX_TOKEN).then_some(text)
}
