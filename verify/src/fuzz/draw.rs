//! What happens to a room, as the fuzzer's bytes choose.

use metered_realtime_proto::peer::{
    Candidate, ConnectionEvent, ConnectionState, Description, Failure, IceState, Kind, Sdp,
    SdpType, Signal, Signalling, StreamId, TrackId, TrackMetadata,
};

use super::bytes::Bytes;

pub(super) fn event(bytes: &mut Bytes<'_>) -> ConnectionEvent<String> {
    let failure = || Failure::new("OperationError", "no");
    match bytes.byte() % 16 {
        0..=2 => ConnectionEvent::NegotiationNeeded,
        3..=5 => ConnectionEvent::LocalDescription {
            sdp: sdp(bytes),
            senders: vec![(TrackId(u32::from(bytes.byte() % 4)), "0".into())],
        },
        6 | 7 => ConnectionEvent::RemoteApplied,
        8 => {
            let signalling = bytes.pick(&[
                Signalling::Stable,
                Signalling::HaveLocalOffer,
                Signalling::HaveRemoteOffer,
            ]);
            ConnectionEvent::OperationFailed { signalling, failure: failure() }
        }
        9 => ConnectionEvent::Candidate((bytes.byte() < 192).then(|| candidate(bytes))),
        10 => ConnectionEvent::Ice(bytes.pick(&[
            IceState::Failed,
            IceState::Disconnected,
            IceState::Connected,
            IceState::Checking,
        ])),
        11 | 12 => ConnectionEvent::State(bytes.pick(&[
            ConnectionState::Connected,
            ConnectionState::Failed,
            ConnectionState::Disconnected,
            ConnectionState::Connecting,
            ConnectionState::Closed,
        ])),
        13 => ConnectionEvent::Track {
            track: TrackId(100 + u32::from(bytes.byte() % 4)),
            id: "t".into(),
            kind: Kind::Video,
            mid: Some("0".into()),
            streams: vec![(StreamId(100), "s".into())],
        },
        14 => match bytes.byte() % 4 {
            0 => ConnectionEvent::TrackGone { track: TrackId(100), stream: None },
            1 => ConnectionEvent::ChannelClosed,
            2 => ConnectionEvent::TransportClosed,
            _ => ConnectionEvent::CandidateFailed(failure()),
        },
        _ => match bytes.byte() % 8 {
            7 => ConnectionEvent::CreateFailed(failure()),
            _ => ConnectionEvent::TrackFailed { track: TrackId(1), failure: failure() },
        },
    }
}

pub(super) fn signal(bytes: &mut Bytes<'_>) -> Signal<String> {
    match bytes.byte() % 4 {
        0 | 1 => {
            let kind = bytes.pick(&[SdpType::Offer, SdpType::Answer]);
            let answers = bytes.pick(&[None, Some("0 1"), Some("1 1")]).map(Into::into);
            Signal::Description(Description { kind, sdp: sdp(bytes), answers })
        }
        2 => Signal::Candidate(candidate(bytes)),
        _ => Signal::Metadata(TrackMetadata {
            track: bytes.pick(&["1", "2", "x"]).into(),
            metadata: bytes.pick(&[None, Some("{}")]).map(Into::into),
            kind: bytes.pick(&[None, Some(Kind::Audio), Some(Kind::Video)]),
            stream: bytes.pick(&[None, Some("s")]).map(Into::into),
            exact: bytes.byte() % 2 == 1,
            size: bytes.pick(&[20, 70_000]),
        }),
    }
}

/// Of one of four connections, in one of four versions, with ICE credentials of four.
fn sdp(bytes: &mut Bytes<'_>) -> Sdp<String> {
    let (session, version) = (bytes.byte() % 4, bytes.byte() % 4);
    let (ufrag, sections) = (bytes.byte() % 4, bytes.byte() % 3);
    let mut text = format!("v=0\r\no=- {session} {version} IN IP4 0.0.0.0\r\n");
    for mid in 0..sections {
        text +=
            &format!("m=video 9 x 0\r\na=mid:{mid}\r\na=ice-ufrag:u{ufrag}\r\na=msid:s {mid}\r\n");
    }
    Sdp::new(&text, text.clone())
}

fn candidate(bytes: &mut Bytes<'_>) -> Candidate<String> {
    Candidate {
        init: bytes.pick(&[Some("c"), None]).map(Into::into),
        size: bytes.pick(&[10, 2_000]),
        ufrag: bytes.pick(&[Some("u0"), Some("u1"), Some("u2"), None]).map(Into::into),
    }
}
