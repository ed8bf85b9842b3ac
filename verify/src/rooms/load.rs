//! What members send each other: descriptions, candidates, data and metadata, as values and not as text.

use std::rc::Rc;

use metered_realtime_proto::peer::{Candidate, Kind, Origin, Sdp, SdpFacts, SdpType, Section};

/// A payload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Load {
    /// A session description.
    Sdp(Rc<Description>),
    /// A candidate of a connection, with its ICE credentials.
    Candidate { ufrag: u32 },
    /// Something that is neither.
    Garbage,
    /// Data of the application.
    Data(u64),
    /// Metadata of a track.
    Metadata(u64),
}

/// What a media section carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Audio,
    Video,
    Channels,
}

impl Media {
    pub(crate) fn kind(self) -> Kind {
        if self == Media::Audio { Kind::Audio } else { Kind::Video }
    }
}

/// A media section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) media: Media,
    pub(crate) sends: bool,
    pub(crate) receives: bool,
    /// The sender's track and stream.
    pub(crate) track: Option<Sent>,
}

/// A track as its sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Unique in the session.
    pub(crate) track: u32,
    pub(crate) stream: u32,
    /// The sender's descriptions name it by another id.
    pub(crate) renamed: bool,
}

impl Sent {
    /// How descriptions name it.
    pub(crate) fn msid(self) -> String {
        let Sent { track, renamed, .. } = self;
        if renamed { format!("{{{track}}}") } else { track.to_string() }
    }
}

/// A session description.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Description {
    /// Unique in the session.
    pub(crate) number: u64,
    pub(crate) kind: SdpType,
    /// The connection that made it.
    pub(crate) pc: u32,
    pub(crate) version: u32,
    pub(crate) ufrag: u32,
    pub(crate) lines: Vec<Line>,
    /// The offer that it answers.
    pub(crate) answers: Option<u64>,
}

impl Description {
    /// As it is handed to a room.
    pub(crate) fn sdp(self: &Rc<Description>) -> Sdp<Load> {
        let section = |(mid, line): (usize, &Line)| Section {
            mid: mid.to_string(),
            kind: (line.media != Media::Channels).then(|| line.media.kind()),
            stream: line.track.filter(|_| line.sends).map(|it| it.stream.to_string()),
            track: line.track.filter(|_| line.sends).map(Sent::msid),
        };
        let (session, version) = (self.pc.to_string(), self.version.to_string());
        let facts = SdpFacts {
            origin: Some(Origin { session, version }),
            ufrags: vec![self.ufrag.to_string()],
            sections: self.lines.iter().enumerate().map(section).collect(),
        };
        Sdp { text: Load::Sdp(Rc::clone(self)), size: 2_000, facts }
    }
}

/// A candidate with these ICE credentials.
pub(crate) fn candidate(ufrag: u32) -> Candidate<Load> {
    Candidate { init: Some(Load::Candidate { ufrag }), size: 100, ufrag: Some(ufrag.to_string()) }
}
