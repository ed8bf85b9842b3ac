//! What connections of a test report, and what their peers send.

use metered_realtime_proto::peer::{
    Candidate, ConnectionEvent, ConnectionState, Description, Failure, IceState, Input, Kind,
    Origin, Sdp, SdpFacts, SdpType, Section, Signal, Signalling, StreamId, TrackId,
};

use super::Sim;

/// The facts of a description of session `session`, in its version, with these ICE credentials and one media section.
fn facts(session: &str, version: u32, ufrag: &str) -> SdpFacts {
    SdpFacts {
        origin: Some(Origin { session: session.into(), version: version.to_string() }),
        ufrags: vec![ufrag.into()],
        sections: vec![Section { mid: "0".into(), kind: None, stream: None, track: None }],
    }
}

/// The description itself. Its ICE credentials are those of the session.
pub(crate) fn sdp(session: &str, version: u32) -> Sdp<String> {
    sdp_with(session, version, &format!("u{session}"))
}

/// The same with other ICE credentials.
pub(crate) fn sdp_with(session: &str, version: u32, ufrag: &str) -> Sdp<String> {
    let text = format!("{session}.{version}");
    Sdp { size: text.len(), text, facts: facts(session, version, ufrag) }
}

/// A candidate of these ICE credentials.
pub(crate) fn candidate(text: &str, ufrag: Option<&str>) -> Candidate<String> {
    let init = Some(text.to_owned());
    Candidate { init, size: text.len(), ufrag: ufrag.map(ToOwned::to_owned) }
}

impl Sim {
    /// Something happens to the current connection of a member.
    pub(crate) fn pc(&mut self, peer: &str, event: ConnectionEvent<String>) {
        let view = self.room.remote(self.remote(peer)).unwrap();
        let connection = view.connection.expect("the member has a connection");
        self.input(Input::Connection { connection, event });
    }

    pub(crate) fn needs_negotiation(&mut self, peer: &str) {
        self.pc(peer, ConnectionEvent::NegotiationNeeded);
    }

    /// The platform has made a description.
    pub(crate) fn local(&mut self, peer: &str, sdp: Sdp<String>) {
        self.pc(peer, ConnectionEvent::LocalDescription { sdp, senders: Vec::new() });
    }

    pub(crate) fn applied(&mut self, peer: &str) {
        self.pc(peer, ConnectionEvent::RemoteApplied);
    }

    pub(crate) fn fails(&mut self, peer: &str, signalling: Signalling) {
        let failure = Failure::new("OperationError", "no");
        self.pc(peer, ConnectionEvent::OperationFailed { signalling, failure });
    }

    pub(crate) fn state(&mut self, peer: &str, state: ConnectionState) {
        self.pc(peer, ConnectionEvent::State(state));
    }

    pub(crate) fn ice(&mut self, peer: &str, state: IceState) {
        self.pc(peer, ConnectionEvent::Ice(state));
    }

    /// A video track appears in the media section `0`, in this stream.
    pub(crate) fn track(&mut self, peer: &str, track: u32, stream: u32) {
        self.track_as(peer, track, &format!("received-{track}"), stream);
    }

    /// The same, with this id at the receiver.
    pub(crate) fn track_as(&mut self, peer: &str, track: u32, id: &str, stream: u32) {
        self.pc(
            peer,
            ConnectionEvent::Track {
                track: TrackId(track),
                id: id.into(),
                kind: Kind::Video,
                mid: Some("0".into()),
                streams: vec![(StreamId(stream), format!("stream-{stream}"))],
            },
        );
    }

    /// A member sends an offer.
    pub(crate) fn offers(&mut self, peer: &str, sdp: Sdp<String>) {
        let offer = Description { kind: SdpType::Offer, sdp, answers: None };
        self.signal(peer, Signal::Description(offer));
    }

    /// A member sends an answer as an official client does.
    pub(crate) fn answers(&mut self, peer: &str, sdp: Sdp<String>) {
        let answer = Description { kind: SdpType::Answer, sdp, answers: None };
        self.signal(peer, Signal::Description(answer));
    }

    /// A member sends an answer to the offer of this session and version.
    pub(crate) fn answers_to(&mut self, peer: &str, sdp: Sdp<String>, offer: &str) {
        let answers = Some(offer.to_owned());
        let answer = Description { kind: SdpType::Answer, sdp, answers };
        self.signal(peer, Signal::Description(answer));
    }

    pub(crate) fn candidate(&mut self, peer: &str, text: &str, ufrag: Option<&str>) {
        self.signal(peer, Signal::Candidate(candidate(text, ufrag)));
    }

    /// Member `a` is there; this side offers `own` and gets the answer `their` (sessions), and both are connected.
    pub(crate) fn calling(own: &str, their: &str) -> Sim {
        let mut sim = Sim::joined(&["a"]);
        sim.call(own, their);
        sim
    }

    /// The same for a room that is there already.
    pub(crate) fn call(&mut self, own: &str, their: &str) {
        if self.room.track_metadata(TrackId(1)).is_none() {
            self.add_track(1);
        }
        self.exchange(own, 1, their, 1);
        self.state("a", ConnectionState::Connecting);
        self.state("a", ConnectionState::Connected);
        self.forget();
    }

    /// This side offers, member `a` answers.
    pub(crate) fn exchange(&mut self, own: &str, version: u32, their: &str, answer: u32) {
        self.needs_negotiation("a");
        self.local("a", sdp(own, version));
        self.answers("a", sdp(their, answer));
        self.applied("a");
    }
}
