//! The functions of the fuzz targets. `fuzz/` calls them with the fuzzer's inputs, and a test calls them with the corpus.

mod bytes;
mod client;
mod draw;
mod room;

use metered_realtime_proto::machine::{Input, SocketId};
use metered_realtime_proto::peer::{Decoded, decode, scan_sdp};
use metered_realtime_proto::wire::Value;
use metered_realtime_proto_testing::{Driver, Json, decode_text, encode};

use crate::dice::Dice;
use crate::runner::Session;
use bytes::Bytes;
use client::Raw;
use room::RawRoom;

/// A session description of a peer: reading it ends, the facts are bounded, and line ends make no difference.
///
/// # Panics
/// A rule is broken.
pub fn sdp(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let facts = scan_sdp(&text);
    assert!(facts.sections.len() <= 512 && facts.ufrags.len() <= 512, "the facts are bounded");
    let origin = facts.origin.iter().flat_map(|origin| [&origin.session, &origin.version]);
    let sections = facts
        .sections
        .iter()
        .flat_map(|section| [Some(&section.mid), section.stream.as_ref(), section.track.as_ref()]);
    let tokens = origin.chain(&facts.ufrags).chain(sections.flatten());
    for token in tokens {
        assert!(!token.is_empty() && token.len() <= 256, "{token:?}");
        assert_eq!(token.trim(), token);
    }
    if !text.contains('\r') {
        assert_eq!(scan_sdp(&text.replace('\n', "\r\n")), facts);
    }
}

/// A text from the server. It is read or refused; a frame stays the same when it is written and read again; and a connected
/// client handles it.
///
/// # Panics
/// A rule is broken.
pub fn frame(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut raw = Raw::new(&mut Bytes(&[]));
    raw.connect_and_welcome();
    let socket = SocketId(raw.last_socket);
    let before = raw.machine.state();
    match decode_text(&text) {
        Ok(frame) => {
            // Fractions may lose their last digit.
            if !text.contains(['.', 'e', 'E']) {
                assert_eq!(decode_text(&encode(&frame)).as_ref(), Ok(&frame));
            }
            raw.machine.handle_input(Input::Frame { socket, frame }, raw.now);
        }
        Err(why) => raw.machine.handle_input(Input::Malformed { socket, why }, raw.now),
    }
    raw.drain();
    assert_eq!(raw.machine.state(), before, "no frame ends a connection");
}

/// A whole session whose choices are the bytes; see [`run`](crate::run).
///
/// # Panics
/// A rule is broken. The message has the trace.
pub fn session(bytes: &[u8]) {
    run(bytes, crate::run);
}

/// The same of rooms.
///
/// # Panics
/// A rule is broken. The message has the trace.
pub fn rooms(bytes: &[u8]) {
    run(bytes, crate::rooms::run);
}

fn run<T>(bytes: &[u8], session: Session<T>) {
    let number = |pair: &[u8]| pair.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let choices: Vec<u64> = bytes.chunks(2).map(number).collect();
    if let Some(broken) = session(Dice::scripted(choices.clone()), false).broken {
        let trace = session(Dice::scripted(choices), true).trace.unwrap_or_default();
        panic!("{broken}\n{trace}");
    }
}

/// The data of a `direct` frame. It is a signal, data or nothing; a signal stays the same when it is written and read again;
/// and a room with the sender in it handles it.
///
/// # Panics
/// A rule is broken.
pub fn signal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(json) = Json::parse(&text) else { return };
    match decode(&json, text.len()) {
        Decoded::Signal(signal) => {
            let again = signal.to_json(Clone::clone);
            let json = Json::parse(&again).expect("a signal is written as JSON");
            assert_eq!(decode(&json, text.len()), Decoded::Signal(signal.clone()));
            let mut room = RawRoom::joined_with_a_member();
            room.signal("a", signal);
            room.end();
        }
        Decoded::Data => {}
        Decoded::Malformed => assert!(json.is_object(), "only objects are signals"),
    }
}

/// Inputs and calls of a room in any order, plausible or not.
///
/// # Panics
/// A rule is broken.
pub fn room(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut room = RawRoom::joined_with_a_member();
    while let Some(what) = bytes.next() {
        room.step(what, &mut bytes);
    }
    room.end();
}

/// Inputs and calls in any order, plausible or not: ids of sockets that do not exist, answers that nobody waits for.
///
/// # Panics
/// A rule is broken.
pub fn inputs(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut raw = Raw::new(&mut bytes);
    while let Some(what) = bytes.next() {
        raw.step(what, &mut bytes);
    }
    raw.end();
}
