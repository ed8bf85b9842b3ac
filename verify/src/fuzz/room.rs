//! A room with arbitrary inputs.

use std::collections::{BTreeMap, BTreeSet};

use metered_realtime_proto::machine::{self, Close, Instant};
use metered_realtime_proto::peer::{
    CallId, ClientCall, ConnectionEvent, ConnectionId, Event, Gen, Input, Kind, LocalTrack,
    Options, Order, Output, Payload, RemoteEvent, RemoteId, RequestId, Room, Signal, State,
    StreamId, TrackId,
};
use metered_realtime_proto::wire::PresencePeer;

use super::bytes::Bytes;
use super::draw::{event, signal};

/// A room that gets arbitrary inputs, and the rules that hold even then.
pub(super) struct RawRoom {
    room: Room<String>,
    now: Instant,
    /// Calls that wait for an answer.
    waiting: BTreeSet<CallId>,
    /// Requests of the client that are not answered.
    requests: Vec<RequestId>,
    /// Living connections, each with what it is doing.
    living: BTreeMap<ConnectionId, Option<Doing>>,
    members: BTreeSet<RemoteId>,
    shown: State,
    left: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Doing {
    Local,
    Remote,
}

const PEERS: [&str; 5] = ["a", "b", "z", "m", "n"];

impl RawRoom {
    /// A room that is joined as `m`, with a member `a` and a track.
    pub(super) fn joined_with_a_member() -> RawRoom {
        let now = Instant::from_millis(1_000_000);
        let mut raw = RawRoom {
            room: Room::new(Options::default(), now),
            now,
            waiting: BTreeSet::new(),
            requests: Vec::new(),
            living: BTreeMap::new(),
            members: BTreeSet::new(),
            shown: State::Idle,
            left: false,
        };
        raw.join();
        raw.welcome("m");
        while let Some(request) = raw.requests.pop() {
            raw.input(Input::ClientDone { request, result: Ok(()) });
        }
        raw.presence(&["a"], &[]);
        raw.add_track(1);
        raw
    }

    pub(super) fn signal(&mut self, from: &str, signal: Signal<String>) {
        self.input(Input::Signal { from: from.into(), signal });
    }

    fn input(&mut self, input: Input<String>) {
        self.room.handle_input(input, self.now);
        self.drain();
    }

    fn called<E>(&mut self, call: Result<CallId, E>) {
        if let Ok(call) = call {
            assert!(self.waiting.insert(call), "each call has an id of its own");
        }
        self.drain();
    }

    fn join(&mut self) {
        let call = self.room.join("room", false, self.now);
        self.called(call);
    }

    fn welcome(&mut self, peer_id: &str) {
        let peer_id = peer_id.to_owned();
        self.input(Input::Connected { peer_id, max_message_size: 65_536.0, ice_servers: None });
    }

    fn presence(&mut self, joined: &[&str], left: &[&str]) {
        let peers = |ids: &[&str]| {
            let peer = |id: &&str| PresencePeer { peer_id: (*id).to_owned(), metadata: None };
            ids.iter().map(peer).collect()
        };
        let (joined, left) = (peers(joined), peers(left));
        self.input(Input::Presence { channel: "room".into(), joined, left });
    }

    fn add_track(&mut self, number: u32) {
        let track = LocalTrack {
            track: TrackId(number),
            id: number.to_string(),
            kind: [Kind::Audio, Kind::Video][number as usize % 2],
            stream: Some((StreamId(9), "nine".into())),
            metadata: Some(("{}".into(), 2)),
        };
        // A track of another stream, and a room that closes, refuse.
        drop(self.room.add_track(track, self.now));
        self.drain();
    }

    pub(super) fn step(&mut self, what: u8, bytes: &mut Bytes<'_>) {
        match what % 16 {
            0..=4 => {
                let event = event(bytes);
                self.connection(bytes, event);
            }
            5 | 6 => {
                let signal = signal(bytes);
                self.signal(bytes.pick(&PEERS), signal);
            }
            7 => self.presence(&[bytes.pick(&PEERS)], &[bytes.pick(&PEERS)]),
            8 => self.welcome(bytes.pick(&["m", "m", "n"])),
            9 => {
                let (code, will_reconnect) = (bytes.pick(&[1006, 4001]), bytes.byte() % 8 != 7);
                let reason = String::new();
                self.input(Input::Disconnected { code, reason, will_reconnect });
            }
            10 => {
                self.now = self.now.after(1 << (bytes.byte() % 20));
                self.room.handle_timeout(self.now);
                self.drain();
            }
            11 => {
                if let Some(due) = self.room.poll_timeout() {
                    self.now = self.now.max(due);
                    self.room.handle_timeout(self.now);
                    self.drain();
                }
            }
            12 => self.answer(bytes),
            13 => self.call(bytes),
            14 => self.change_tracks(bytes),
            _ => self.input(Input::Online),
        }
    }

    fn connection(&mut self, bytes: &mut Bytes<'_>, event: ConnectionEvent<String>) {
        let any = ConnectionId {
            remote: RemoteId(u32::from(bytes.byte() % 8)),
            generation: Gen(u32::from(bytes.byte() % 4)),
        };
        let at = usize::from(bytes.byte());
        let connection = match self.living.len() {
            0 => any,
            count => *self.living.keys().nth(at % count).unwrap_or(&any),
        };
        if let Some(doing) = self.living.get_mut(&connection) {
            let ends = match &event {
                ConnectionEvent::LocalDescription { .. } => *doing == Some(Doing::Local),
                ConnectionEvent::RemoteApplied => *doing == Some(Doing::Remote),
                ConnectionEvent::OperationFailed { .. } => true,
                ConnectionEvent::CreateFailed(_)
                | ConnectionEvent::NegotiationNeeded
                | ConnectionEvent::Candidate(_)
                | ConnectionEvent::CandidateFailed(_)
                | ConnectionEvent::Ice(_)
                | ConnectionEvent::State(_)
                | ConnectionEvent::Track { .. }
                | ConnectionEvent::TrackGone { .. }
                | ConnectionEvent::DataChannel(_)
                | ConnectionEvent::ChannelClosed
                | ConnectionEvent::TransportClosed
                | ConnectionEvent::TrackFailed { .. }
                | ConnectionEvent::TrackReplaced { .. } => false,
            };
            if ends {
                *doing = None;
            }
            if let ConnectionEvent::CreateFailed(_) = event {
                self.living.remove(&connection);
            }
        }
        self.input(Input::Connection { connection, event });
    }

    /// The client answers one of its requests.
    fn answer(&mut self, bytes: &mut Bytes<'_>) {
        let at = usize::from(bytes.byte());
        if self.requests.is_empty() {
            return;
        }
        let request = self.requests.swap_remove(at % self.requests.len());
        let result = match bytes.byte() % 4 {
            3 => Err(machine::CallError::Connect(Close::new(1006, ""))),
            _ => Ok(()),
        };
        self.input(Input::ClientDone { request, result });
    }

    fn call(&mut self, bytes: &mut Bytes<'_>) {
        let data = Payload { value: "1".to_owned(), size: 1, is_signal: false };
        let peer = bytes.pick(&PEERS);
        match bytes.byte() % 16 {
            0 => {
                let call = self.room.close(Some("bye"), self.now);
                self.called(Ok::<_, ()>(call));
            }
            1..=3 => self.join(),
            4..=7 => {
                let call = self.room.send(Some(data), self.now);
                self.called(call);
            }
            8..=11 => {
                let call = self.room.send_to(Some(peer), Some(data), self.now);
                self.called(call);
            }
            other => {
                let remote = RemoteId(u32::from(bytes.byte() % 8));
                if other % 2 == 0 {
                    self.room.restart(remote, self.now);
                } else {
                    self.room.use_connection(remote, self.now);
                }
                self.drain();
            }
        }
    }

    fn change_tracks(&mut self, bytes: &mut Bytes<'_>) {
        let track = u32::from(bytes.byte() % 4);
        match bytes.byte() % 3 {
            0 => self.add_track(track),
            1 => {
                drop(self.room.remove_track(TrackId(track), self.now));
                self.drain();
            }
            _ => {
                let new = TrackId(u32::from(bytes.byte() % 4));
                let call = self.room.replace_track(TrackId(track), Some((new, "new")), self.now);
                self.called(call);
            }
        }
    }

    fn drain(&mut self) {
        let mut count = 0;
        while let Some(output) = self.room.poll_output() {
            count += 1;
            assert!(count < 10_000, "a room comes to rest");
            match output {
                Output::Client(call) => self.client(&call),
                Output::Connection { connection, order } => self.order(connection, &order),
                Output::Settle { call, .. } => {
                    assert!(self.waiting.remove(&call), "a call is answered once");
                }
                Output::ForgetRemote(remote) => {
                    assert!(self.living.keys().all(|living| living.remote != remote));
                }
                Output::Event(event) => self.event(&event),
                Output::Log(_) => {}
            }
        }
        assert_eq!(self.room.state(), self.shown);
    }

    fn client(&mut self, call: &ClientCall<String>) {
        match call {
            ClientCall::Connect { request }
            | ClientCall::Subscribe { request, .. }
            | ClientCall::Publish { request, .. }
            | ClientCall::Send { request, .. }
            | ClientCall::Close { request, .. } => self.requests.push(*request),
            ClientCall::Unsubscribe { .. } => {}
            ClientCall::Signal { .. } => assert!(!self.left, "nothing is sent after `left`"),
        }
    }

    fn order(&mut self, connection: ConnectionId, order: &Order<String>) {
        let doing = match order {
            Order::Create { .. } => {
                let has_other = self.living.keys().any(|other| other.remote == connection.remote);
                assert!(!self.left && !has_other, "one connection for each member");
                self.living.insert(connection, None);
                return;
            }
            Order::Drop => {
                assert!(self.living.remove(&connection).is_some(), "it is dropped once");
                return;
            }
            Order::SetLocal { .. } => Some(Doing::Local),
            Order::SetRemote { .. } => Some(Doing::Remote),
            Order::AddCandidate(_)
            | Order::SetConfiguration { .. }
            | Order::AddTrack { .. }
            | Order::RemoveTrack { .. }
            | Order::ReplaceTrack { .. } => None,
        };
        let now = self.living.get_mut(&connection).expect("orders are for living connections");
        if doing.is_some() {
            assert!(now.is_none(), "a connection does one thing at a time");
            *now = doing;
        }
    }

    fn event(&mut self, event: &Event<String>) {
        assert!(!self.left, "no event follows `left`");
        match event {
            Event::StateChange { from, to } => {
                assert_eq!(*from, self.shown);
                self.shown = *to;
            }
            Event::PeerJoined(remote) => assert!(self.members.insert(*remote)),
            Event::PeerLeft(remote) => assert!(self.members.remove(remote)),
            Event::Left { .. } => {
                assert!(self.members.is_empty(), "`left` comes last");
                self.left = true;
            }
            Event::Remote { remote, event } => {
                let known = self.members.contains(remote);
                let created_before = matches!(event, RemoteEvent::StateChange { .. });
                assert!(known || created_before, "events are of members that are there");
            }
            Event::Joined { .. } | Event::Data { .. } | Event::Error(_) => {}
        }
    }

    /// After any inputs, `close()` ends everything.
    pub(super) fn end(&mut self) {
        let call = self.room.close(None, self.now);
        self.called(Ok::<_, ()>(call));
        while let Some(request) = self.requests.pop() {
            self.input(Input::ClientDone { request, result: Ok(()) });
        }
        self.now = self.now.after(10_000_000);
        self.room.handle_timeout(self.now);
        self.drain();
        assert_eq!(self.room.state(), State::Closed);
        assert_eq!(self.room.poll_timeout(), None, "a closed room holds no alarm");
        assert!(self.living.is_empty(), "a closed room has no connection");
        assert!(self.waiting.is_empty(), "every call is answered: {:?}", self.waiting);
    }
}
