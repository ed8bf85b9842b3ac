//! The simulation of rooms is tested itself: the machine is built with a bug, and the simulation has to find it. A bug that
//! shows only where the simulation does not go fails a test of the machine.
//!
//! Each bug is an edit of the machine's text in a copy of the crates, so that the machine has no switches for tests. That is
//! slow: `cargo xtask verify --rooms --seeded-bugs` runs all of them, `cargo xtask test` five. That the edits fit the machine is
//! an ordinary test.
//!
//! Most of these bugs are what the official client does.

mod copy;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A bug: edits of files of the machine, and what shows it.
struct Bug {
    edits: &'static [Edit],
    found_by: FoundBy,
}

/// A file of the machine, a text that is in it once, and what stands there instead.
type Edit = (&'static str, &'static str, &'static str);

enum FoundBy {
    /// One of these rules of the simulation is broken.
    Simulation(&'static [&'static str]),
    /// This test of the machine fails.
    Test(&'static str),
}
use FoundBy::{Simulation, Test};

const CONNECTED: &str = "every pair with something to say is connected in the end";
const ERRORS: &str = "a negotiation fails only if the platform does";
const RESTARTED: &str = "where nothing goes wrong nothing is restarted";
const ROSTER: &str = "a room knows who is there";
const TWICE: &str = "where nothing goes wrong no offer is sent twice";

/// Makes a test of each bug, and a list of all.
macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident: $edits:expr, $found_by:expr;)*) => {
        const ALL: &[Bug] = &[$(Bug { edits: &$edits, found_by: $found_by },)*];

        $(
            $(#[$doc])*
            #[test]
            #[ignore = "builds the machine with a bug: cargo xtask verify --rooms --seeded-bugs"]
            fn $name() {
                find(stringify!($name), &Bug { edits: &$edits, found_by: $found_by });
            }
        )*
    };
}

bugs! {
    an_offer_without_a_watchdog:
        [
            ("watch.rs", "const AGAIN_MS: u64 = 4_000;", "const AGAIN_MS: u64 = 1 << 60;"),
            ("watch.rs", "const ANSWER_MS: u64 = 15_000;", "const ANSWER_MS: u64 = 1 << 60;"),
            ("watch.rs", "LONGEST_ANSWER_MS: u64 = 60_000;", "LONGEST_ANSWER_MS: u64 = 1 << 60;"),
        ],
        Simulation(&[CONNECTED]);

    an_offer_counts_as_being_made_until_long_after_it_is_made:
        [(
            "offers.rs",
            "if connection.signalling == Signalling::HaveLocalOffer && !self.polite {",
            "let late = self.applied.back().is_some_and(|at| now.since(*at) < 300);\n        \
             if (late || connection.signalling == Signalling::HaveLocalOffer) && !self.polite {",
        )],
        Simulation(&[TWICE, CONNECTED]);

    candidates_before_their_description_are_lost:
        [(
            "candidates.rs",
            "        self.waiting.push_back(candidate);",
            "        let current = self.current.as_ref();\n        \
             if !candidate.ufrag.as_ref().is_some_and(|it| current.is_some_and(|all| all.contains(it))) {\n            \
             return;\n        }\n        self.waiting.push_back(candidate);",
        )],
        Simulation(&[RESTARTED, CONNECTED]);

    sessions_are_not_told_apart:
        [SESSIONS_ARE_ONE],
        Simulation(&[CONNECTED, ERRORS]);

    ones_own_ghost_is_a_member:
        [(
            "client.rs",
            "self.peer_id.as_deref() == Some(peer) || self.former_ids.iter().any(|id| id == peer)",
            "self.peer_id.as_deref() == Some(peer)",
        )],
        Simulation(&["nobody meets himself"]);

    metadata_is_looked_up_by_the_receivers_id_of_the_track:
        [("metadata.rs", ".by_id(inbound.msid)", ".by_id(None)")],
        Simulation(&["where nothing goes wrong metadata arrives"]);

    an_answer_is_taken_for_that_of_any_offer:
        [("negotiation.rs", "return *answers == origin.to_text();", "return true;")],
        Simulation(&["an answer is applied to its own offer", ERRORS]);

    signals_are_sent_as_fast_as_they_come:
        [("outbox.rs", "pub const BURST: u64 = 150;", "pub const BURST: u64 = 1 << 40;")],
        Simulation(&["signals keep within the budget", "signals keep within the rate of the server"]);

    signals_before_presence_are_lost:
        [(
            "held.rs",
            "if !known && !self.peers.contains_key(&from) && self.peers.len() >= MAX_PEERS {",
            "if !known {",
        )],
        Simulation(&[TWICE]);

    every_reconnect_replaces_connections_that_work:
        [(
            "reconcile.rs",
            "keep: !id_changed && self.options.reconcile == Reconcile::Auto,",
            "keep: id_changed && false,",
        )],
        Simulation(&["a connection that works is kept"]);

    presence_before_the_ack_of_the_subscribe_is_lost:
        [(
            "roster.rs",
            "State::Joining | State::Joined => {}",
            "State::Joining => return,\n            State::Joined => {}",
        )],
        Simulation(&[ROSTER, CONNECTED]);

    who_leaves_and_comes_back_in_one_frame_is_gone:
        [
            (
                "roster.rs",
                "        steps.extend(left.into_iter().map(|peer| Step::Left(peer.peer_id)));\n",
                "",
            ),
            (
                "roster.rs",
                "        steps.extend(joined.into_iter().map(Step::Joined));\n",
                "        steps.extend(joined.into_iter().map(Step::Joined));\n        \
                 steps.extend(left.into_iter().map(|peer| Step::Left(peer.peer_id)));\n",
            ),
        ],
        Simulation(&[ROSTER, CONNECTED]);

    a_message_larger_than_the_buffer_waits_for_ever:
        [("channel.rs", "if !fits && self.buffered > 0 {", "if !fits {")],
        Test("channel::p125_a_message_larger_than_the_cap_is_sent_when_the_buffer_is_empty");

    a_message_that_does_not_fit_waits_for_an_event_that_does_not_come:
        [("channel.rs", "self.look = Some(now.after(LOOK_MS));", "let _ = (now, LOOK_MS);")],
        Test("channel::p126_a_message_that_waits_for_room_is_looked_at_every_100_ms");

    an_offer_of_the_peer_is_applied_while_the_own_one_is_made:
        [(
            "negotiation.rs",
            "            if connection.operation.is_some() {\n                return;",
            "            if matches!(connection.operation, Some(Operation::Answer | Operation::Remote(_))) {\n                \
             return;",
        )],
        Simulation(&["a connection does one thing at a time"]);

    members_beyond_256_are_forgotten:
        [("roster.rs", "waiting.push_back(entry);", "drop(entry);")],
        Test("roster::p031_p032_of_300_members_256_are_met_and_the_others_when_there_is_room");

    two_tabs_with_one_id_are_one_session:
        [SESSIONS_ARE_ONE],
        Test("sessions::p036_of_two_tabs_with_one_id_the_one_that_offers_last_gets_the_connection");

    ice_servers_of_a_later_welcome_reach_new_connections_alone:
        [(
            "client.rs",
            "self.shared.order(connection, Order::SetConfiguration { ice_servers });",
            "let _ = (connection, Order::<P>::SetConfiguration { ice_servers });",
        )],
        Simulation(&["connections use the latest ICE servers"]);

    an_interruption_is_waited_for_until_it_is_a_failure:
        [("watch.rs", "const INTERRUPTION_MS: u64 = 5_000;", "const INTERRUPTION_MS: u64 = 1 << 60;")],
        Test("ladder::p095_an_interruption_of_five_seconds_is_a_failure");

    offers_of_a_member_are_applied_without_a_limit:
        [("offers.rs", "const OFFERS_A_SECOND: usize = 10;", "const OFFERS_A_SECOND: usize = 1 << 30;")],
        Simulation(&["ten offers of a member a second are applied"]);

    malformed_metadata_reaches_the_application:
        [("signal.rs", ".map_or(Decoded::Malformed, |it|", ".map_or(Decoded::Data, |it|")],
        Test("signals::p106_malformed_metadata_is_swallowed");
}

const SESSIONS_ARE_ONE: Edit = (
    "sdp.rs",
    "same_id || self.ufrags.iter().any(|ufrag| other.ufrags.contains(ufrag))",
    "true || same_id",
);

/// They share the copy.
static COPY: Mutex<()> = Mutex::new(());

#[test]
fn every_seeded_bug_is_an_edit_of_the_machine_as_it_is() {
    for bug in ALL {
        for edit in bug.edits {
            edited(&root(), edit);
        }
    }
}

#[test]
#[ignore = "builds the copy: cargo xtask verify --rooms --seeded-bugs"]
fn without_a_bug_nothing_is_found() {
    let _one_at_a_time = COPY.lock().unwrap_or_else(PoisonError::into_inner);
    let copy = fresh_copy(&[]);
    assert_eq!(copy::simulate(&copy), "");
}

fn find(name: &str, bug: &Bug) {
    let _one_at_a_time = COPY.lock().unwrap_or_else(PoisonError::into_inner);
    let copy = fresh_copy(bug.edits);
    match bug.found_by {
        Simulation(rules) => {
            let found = copy::simulate(&copy);
            let broken = rules.iter().find(|rule| found.contains(**rule));
            println!("{name}: found by the rule {:?}", broken.expect(&found));
        }
        Test(test) => {
            assert!(copy::fails(&copy, test), "{test} does not fail");
            println!("{name}: found by the test {test}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn fresh_copy(edits: &[Edit]) -> PathBuf {
    let copy = root().join("target/seeded-bugs");
    copy::prepare(&root(), &copy);
    for edit in edits {
        let (file, text) = edited(&copy, edit);
        fs::write(file, text).expect("the copy can be written");
    }
    copy
}

/// The file of an edit, and its text afterwards.
fn edited(root: &Path, (file, from, to): &Edit) -> (PathBuf, String) {
    let file = root.join("crates/proto/src/peer").join(file);
    let text = fs::read_to_string(&file).expect("the file is there");
    assert_eq!(text.matches(from).count(), 1, "{}: {from}", file.display());
    let text = text.replace(from, to);
    (file, text)
}
