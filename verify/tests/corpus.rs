//! What the fuzzer has found interesting so far (`fuzz/corpus`), replayed on stable Rust.

use std::fs;
use std::path::Path;

use metered_realtime_verify::fuzz;

fn replay(target: &str, body: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&directory)
        .expect("the corpus is committed")
        .map(|entry| entry.expect("the directory can be read").path())
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{} holds {} files", directory.display(), files.len());
    for file in files {
        body(&fs::read(&file).expect("the file can be read"));
    }
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
