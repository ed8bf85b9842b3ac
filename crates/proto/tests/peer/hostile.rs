//! Members that mean harm: bounded work, bounded memory, and the call goes on.

use metered_realtime_proto::peer::{ConnectionEvent, ConnectionState, Failure, Sdp, Signalling};

use crate::sim::{Sim, candidate, sdp};

#[test]
fn p160_of_200_offers_in_a_burst_few_are_applied_and_the_latest_one_is() {
    for member in ["a", "z"] {
        let mut sim = Sim::joined(&[member]);
        sim.add_track(1);
        sim.offers(member, sdp("A", 1));
        sim.applied(member);
        sim.local(member, sdp("M", 1));
        sim.state(member, ConnectionState::Connected);
        sim.forget();
        for version in 2..202 {
            sim.offers(member, sdp("A", version));
            let open = sim.lines_with("set remote").len() - sim.lines_with("error").len();
            if open == 1 {
                sim.fails(member, Signalling::Stable);
            }
        }
        assert!(sim.lines_with("set remote").len() <= 9);
        assert!(sim.lines_with("error").len() <= 9);
        sim.advance(1_000);
        let last = sim.lines_with("set remote").pop().unwrap();
        assert_eq!(last, format!("{member}#1 set remote offer A.201"));
    }
}

#[test]
fn p158_a_description_of_a_megabyte_is_dropped() {
    let mut sim = Sim::calling("M", "A");
    let text = "a=mid:0\n".repeat(131_072);
    sim.offers("a", Sdp::new(&text, "long".into()));
    assert!(sim.lines().is_empty());
}

#[test]
fn p158_garbage_is_an_event_at_most_and_the_call_goes_on() {
    let mut sim = Sim::calling("M", "A");
    sim.offers("a", Sdp::new("garbage", "garbage".into()));
    sim.fails("a", Signalling::Stable);
    sim.answers("a", Sdp::new("garbage", "garbage".into()));
    sim.candidate("a", "garbage", None);
    sim.pc("a", ConnectionEvent::CandidateFailed(Failure::new("OperationError", "no")));
    let events = ["a: negotiation-error OperationError", "a: ice-candidate-error OperationError"];
    assert_eq!(sim.lines_with("a:"), events);
    sim.forget();
    sim.offers("a", sdp("A", 2));
    assert_eq!(sim.lines(), ["a#1 set remote offer A.2"]);
}

#[test]
fn p159_of_5000_candidates_fewer_than_400_reach_the_connection() {
    let mut sim = Sim::joined(&["a"]);
    for number in 0..2_500 {
        sim.candidate("a", &format!("c{number}"), Some("uA"));
    }
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    for number in 2_500..5_000 {
        sim.candidate("a", &format!("c{number}"), Some("uA"));
    }
    assert_eq!(sim.lines_with("add candidate").len(), 200);
    assert!(format!("{:?}", sim.room).len() < 100_000);
}

#[test]
fn p005_p157_a_connection_that_cannot_be_made_is_one_event_at_that_member() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.add_track(1);
    sim.forget();
    let failure = Failure::new("UnknownError", "Cannot create so many PeerConnections");
    sim.pc("a", ConnectionEvent::CreateFailed(failure));
    sim.offers("a", sdp("A", 1));
    sim.add_track(2);
    sim.advance(60_000);
    assert_eq!(sim.lines_with("a:"), ["a: negotiation-error UnknownError"]);
    assert_eq!(sim.lines_with("a#"), [""; 0]);
    assert_eq!(sim.lines_with("b#"), ["b#1 add track 2 of 9"]);
    assert_eq!(sim.members(), ["a", "b"]);
}

#[test]
fn p152_members_that_come_and_go_leave_no_connection_and_no_alarm() {
    let mut sim = Sim::joined(&[]);
    sim.add_track(1);
    for number in 0..30 {
        let peer = format!("p{number}");
        sim.presence(&[&peer], &[]);
        sim.needs_negotiation(&peer);
        sim.local(&peer, sdp("M", 1));
        sim.presence(&[], &[&peer]);
    }
    let count = |text: &str| sim.orders.iter().filter(|(_, order)| order == text).count();
    assert_eq!((count("create"), count("drop")), (30, 30));
    assert_eq!(sim.room.poll_timeout(), None);
}

#[test]
fn p087_p148_signals_to_30_members_keep_within_the_budget_and_offers_go_first() {
    let peers: Vec<String> = (0..30).map(|number| format!("p{number:02}")).collect();
    let peers: Vec<&str> = peers.iter().map(String::as_str).collect();
    let mut sim = Sim::new();
    sim.add_track(1);
    sim.add_track(2);
    sim.join("room").unwrap();
    sim.presence(&peers, &[]);
    let joined = sim.now;
    for peer in &peers {
        sim.needs_negotiation(peer);
    }
    for peer in &peers {
        for number in 0..20 {
            let own = candidate(&format!("c{number}"), Some("uM"));
            sim.pc(peer, ConnectionEvent::Candidate(Some(own)));
        }
        sim.local(peer, sdp("M", 1));
    }
    assert_eq!(sim.signals.len(), 150);
    sim.advance(3_000);
    let offers = sim.lines_with("offer").iter().filter(|line| line.starts_with("to ")).count();
    assert_eq!(offers, 30);
    for (sent, (at, _, _)) in sim.signals.iter().enumerate() {
        let allowed = 150 + 80 * at.since(joined) / 1_000;
        assert!((sent as u64) < allowed, "{sent} signals before {at:?}");
    }
    sim.advance(5_000);
    assert_eq!(sim.lines_with("candidate").len(), 600);
}

#[test]
fn p087_what_the_application_sends_counts_and_is_not_held_up() {
    let mut sim = Sim::joined(&["a"]);
    for _ in 0..150 {
        sim.send(4).unwrap();
    }
    assert_eq!(sim.lines_with("client publish").len(), 150);
    sim.forget();
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 1));
    assert_eq!(sim.lines_with("to a"), [""; 0]);
    sim.advance(13);
    assert_eq!(sim.lines_with("to a"), ["to a: metadata track-1 t1"]);
    sim.advance(12);
    assert_eq!(sim.lines_with("to a").len(), 2);
}

#[test]
fn p087_an_answer_that_waits_for_the_budget_is_sent_though_an_own_offer_follows_it() {
    let mut sim = Sim::joined(&["a"]);
    for _ in 0..150 {
        sim.send(4).unwrap();
    }
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    sim.advance(1_000);
    assert_eq!(sim.lines_with("to a"), ["to a: answer M.1 to A 1", "to a: offer M.2"]);
}

#[test]
fn p164_log_lines_hold_nothing_of_what_members_send() {
    let mut sim = Sim::calling("M", "A");
    let secret = "a=ice-pwd:hunter2";
    for _ in 0..300 {
        sim.candidate("a", secret, Some("uA"));
        sim.candidate("stranger", secret, Some("hunter2"));
    }
    sim.offers("a", Sdp { size: 1_000_000, ..sdp("hunter2", 1) });
    sim.answers("a", sdp("hunter2", 2));
    sim.presence(&[], &["hunter2"]);
    sim.fails("a", Signalling::Stable);
    assert!(sim.logs.len() >= 3);
    assert!(sim.logs.iter().all(|log| !log.contains("hunter2")), "{:?}", sim.logs);
}
