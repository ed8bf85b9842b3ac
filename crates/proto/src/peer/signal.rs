//! Signals between members: what goes over the wire in `data` of `send` and `direct`.
//!
//! ```text
//! {"type":"rtc-description","description":{"type":"offer","sdp":"v=0…"}}
//! {"type":"rtc-description","description":{"type":"answer","sdp":"v=0…"},"re":"461173140 2"}
//! {"type":"rtc-ice","candidate":{"candidate":"candidate:…","usernameFragment":"VQjk", …}}
//! {"type":"rtc-ice","candidate":null}
//! {"__meteredTrackMeta":{"trackId":"06ce3119","metadata":{"role":"camera"},"kind":"video","streamId":"a81f","exact":true}}
//! {"__meteredTrackMeta":{"trackId":"06ce3119"}}
//! ```
//!
//! Two members are ours, and other clients ignore them. `re` is the `o=` line of the offer that an answer belongs to. `exact`
//! says that the sender also tells the ids by which its descriptions name its tracks, so that nobody needs to guess.

use crate::wire::{Members, Value, push_json_string};

use super::sdp::{SdpFacts, scan_sdp};

/// The kind of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpType {
    /// An offer.
    Offer,
    /// An answer.
    Answer,
}

impl SdpType {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SdpType::Offer => "offer",
            SdpType::Answer => "answer",
        }
    }
}

/// The kind of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Audio => "audio",
            Kind::Video => "video",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Kind> {
        [Kind::Audio, Kind::Video].into_iter().find(|kind| kind.name() == name)
    }
}

/// A session description.
#[derive(Clone, Debug, PartialEq)]
pub struct Sdp<P> {
    /// Its text as a payload: a JSON string.
    pub text: P,
    /// The text's length: UTF-16 units on the web, bytes natively.
    pub size: usize,
    /// What the machine needs of it.
    pub facts: SdpFacts,
}

impl<P> Sdp<P> {
    /// A description whose facts are read from its text.
    pub fn new(sdp: &str, text: P) -> Sdp<P> {
        Sdp { text, size: sdp.len(), facts: scan_sdp(sdp) }
    }
}

/// A session description on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Description<P> {
    /// An offer or an answer.
    pub kind: SdpType,
    /// The description.
    pub sdp: Sdp<P>,
    /// For an answer: the `o=` line of the offer that it belongs to, if the sender says so.
    pub answers: Option<String>,
}

/// A candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<P> {
    /// The `RTCIceCandidateInit`; `None`: there are no more.
    pub init: Option<P>,
    /// The length of its text.
    pub size: usize,
    /// Its `usernameFragment`.
    pub ufrag: Option<String>,
}

/// What a sender says of one of its tracks.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackMetadata<P> {
    /// The sender's id of the track.
    pub track: String,
    /// The metadata; `None`: forget it.
    pub metadata: Option<P>,
    /// The track's kind, if the sender says so.
    pub kind: Option<Kind>,
    /// The sender's id of the stream, if the sender says so.
    pub stream: Option<String>,
    /// The sender also tells the ids by which its descriptions name its tracks.
    pub exact: bool,
    /// The length of the whole signal.
    pub size: usize,
}

/// A signal of one member to another.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal<P> {
    /// A session description.
    Description(Description<P>),
    /// A candidate.
    Candidate(Candidate<P>),
    /// Metadata of a track.
    Metadata(TrackMetadata<P>),
}

/// What the data of a `direct` frame is.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded<P> {
    /// A signal.
    Signal(Signal<P>),
    /// Data of the application.
    Data,
    /// A signal that breaks a rule; nobody gets to see it.
    Malformed,
}

/// The member that marks metadata. An application must not use it.
const METADATA_KEY: &str = "__meteredTrackMeta";

/// Tells signals from data of the application. `size`: the length of the frame's text.
pub fn decode<V: Value>(data: &V, size: usize) -> Decoded<V::Payload> {
    let Some(members) = data.members() else { return Decoded::Data };
    let wrapper = members.get(METADATA_KEY);
    if !wrapper.is_missing() {
        return metadata(&wrapper, size)
            .map_or(Decoded::Malformed, |it| Decoded::Signal(Signal::Metadata(it)));
    }
    let kind = members.get("type").string();
    let signal = match kind.as_deref() {
        Some("rtc-description") => description(&members).map(Signal::Description),
        Some("rtc-ice") => {
            let candidate = members.get("candidate");
            if candidate.items().is_some() {
                return Decoded::Malformed;
            }
            self::candidate(candidate).map(Signal::Candidate)
        }
        Some(_) | None => None,
    };
    signal.map_or(Decoded::Data, Decoded::Signal)
}

fn description<M: Members>(data: &M) -> Option<Description<<M::Value as Value>::Payload>> {
    let description = data.get("description");
    let description = description.members()?;
    let kind = description.get("type").string()?;
    let kind = [SdpType::Offer, SdpType::Answer].into_iter().find(|it| it.name() == &*kind)?;
    let text = description.get("sdp");
    let sdp = text.string()?;
    let answers = data.get("re").string().map(Into::into);
    let sdp = Sdp { size: sdp.len(), facts: scan_sdp(&sdp), text: text.into_payload()? };
    Some(Description { kind, sdp, answers })
}

fn candidate<V: Value>(candidate: V) -> Option<Candidate<V::Payload>> {
    if candidate.is_null() {
        return Some(Candidate { init: None, size: 0, ufrag: None });
    }
    let members = candidate.members()?;
    let text = members.get("candidate").string();
    let ufrag = members.get("usernameFragment").string();
    let ufrag = ufrag.map(Into::into).filter(|ufrag: &String| !ufrag.is_empty());
    let size = text.as_deref().map_or(0, str::len);
    let is_end = text.as_deref() == Some("");
    drop(members);
    let init = if is_end { None } else { candidate.into_payload() };
    Some(Candidate { init, size, ufrag })
}

fn metadata<V: Value>(wrapper: &V, size: usize) -> Option<TrackMetadata<V::Payload>> {
    let members = wrapper.members()?;
    let text = |name: &str| members.get(name).string();
    let track = text("trackId").filter(|track| !track.is_empty())?.into();
    let metadata = members.get("metadata");
    if !(metadata.is_missing() || metadata.is_object()) {
        return None;
    }
    let metadata = metadata.into_payload();
    let kind = text("kind").as_deref().and_then(Kind::of);
    let stream = text("streamId").map(Into::into);
    let exact = !members.get("exact").is_missing();
    Some(TrackMetadata { track, metadata, kind, stream, exact, size })
}

impl<P> Signal<P> {
    /// The same signal with another kind of payload.
    pub fn map<Q>(self, turn: impl Fn(P) -> Q) -> Signal<Q> {
        match self {
            Signal::Description(Description { kind, sdp, answers }) => {
                let sdp = Sdp { text: turn(sdp.text), size: sdp.size, facts: sdp.facts };
                Signal::Description(Description { kind, sdp, answers })
            }
            Signal::Candidate(Candidate { init, size, ufrag }) => {
                Signal::Candidate(Candidate { init: init.map(turn), size, ufrag })
            }
            Signal::Metadata(TrackMetadata { track, metadata, size, kind, stream, exact }) => {
                let metadata = metadata.map(turn);
                Signal::Metadata(TrackMetadata { track, metadata, size, kind, stream, exact })
            }
        }
    }

    /// The JSON text of the signal; `json` gives that of a payload.
    pub fn to_json(&self, json: impl Fn(&P) -> String) -> String {
        match self {
            Signal::Description(Description { kind, sdp, answers }) => {
                let sdp = json(&sdp.text);
                let head = r#"{"type":"rtc-description","description":{"type":""#;
                let mut text = [head, kind.name(), r#"","sdp":"#, &sdp, "}"].concat();
                push_member(&mut text, "re", answers.as_deref());
                text + "}"
            }
            Signal::Candidate(Candidate { init, .. }) => {
                let init = init.as_ref().map_or("null".to_owned(), json);
                [r#"{"type":"rtc-ice","candidate":"#, &init, "}"].concat()
            }
            Signal::Metadata(TrackMetadata { track, metadata, kind, stream, exact, size: _ }) => {
                let mut text = [r#"{""#, METADATA_KEY, r#"":{"trackId":"#].concat();
                push_json_string(&mut text, track);
                if let Some(metadata) = metadata {
                    text += r#","metadata":"#;
                    text += &json(metadata);
                }
                push_member(&mut text, "kind", kind.map(Kind::name));
                push_member(&mut text, "streamId", stream.as_deref());
                text += if *exact { r#","exact":true"# } else { "" };
                text + "}}"
            }
        }
    }
}

fn push_member(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text.push_str(&[r#",""#, name, r#"":"#].concat());
        push_json_string(text, value);
    }
}
