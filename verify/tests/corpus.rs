//! The corpus of the fuzz targets (`fuzz/corpus`), on stable Rust.

use metered_realtime_verify::{campaign, fuzz};

fn replay(target: &str, body: fn(&[u8])) {
    campaign::corpus(target).iter().for_each(|input| body(input));
}

#[test]
fn the_frames_of_the_corpus_break_no_rule() {
    replay("frame", fuzz::frame);
}

#[test]
fn the_input_sequences_of_the_corpus_break_no_rule() {
    replay("inputs", fuzz::inputs);
}

#[test]
fn the_sessions_of_the_corpus_break_no_rule() {
    replay("session", fuzz::session);
}

#[test]
fn the_session_descriptions_of_the_corpus_break_no_rule() {
    replay("sdp", fuzz::sdp);
}

#[test]
fn the_signals_of_the_corpus_break_no_rule() {
    replay("signal", fuzz::signal);
}

#[test]
fn the_input_sequences_of_rooms_of_the_corpus_break_no_rule() {
    replay("room", fuzz::room);
}

#[test]
fn the_room_sessions_of_the_corpus_break_no_rule() {
    replay("rooms", fuzz::rooms);
}
