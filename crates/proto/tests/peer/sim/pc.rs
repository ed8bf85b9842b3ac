//! What connections of a test report.

use metered_realtime_proto::peer::{Candidate, Origin, Sdp, SdpFacts, Section};

/// The facts of a description of session `session`, in its version, with these ICE credentials and one media section.
pub(crate) fn facts(session: &str, version: u32, ufrag: &str) -> SdpFacts {
    SdpFacts {
        origin: Some(Origin { session: session.into(), version: version.to_string() }),
        ufrags: vec![ufrag.into()],
        sections: vec![Section { mid: "0".into(), track: None }],
    }
}

/// The description itself.
pub(crate) fn sdp(session: &str, version: u32, ufrag: &str) -> Sdp<String> {
    let text = format!("{session}.{version}");
    Sdp { size: text.len(), text, facts: facts(session, version, ufrag) }
}

/// A candidate of these ICE credentials.
pub(crate) fn candidate(text: &str, ufrag: Option<&str>) -> Candidate<String> {
    let init = Some(text.to_owned());
    Candidate { init, size: text.len(), ufrag: ufrag.map(ToOwned::to_owned) }
}
