//! A room with a simulated clock, a client and connections that do what the test says.
//!
//! Everything that the room says becomes one line of a trace, in order. Time never ticks: it moves exactly to
//! `poll_timeout()`.

mod lines;
mod pc;

use metered_realtime_proto::machine::{self, Instant};
use metered_realtime_proto::peer::{
    CallError, CallId, ClientCall, ConnectionId, Event, Input, LocalTrack, Options, Output,
    Payload, RemoteId, RequestId, Room, Signal, State, StreamId, TrackId,
};
use metered_realtime_proto::wire::PresencePeer;

pub(crate) use pc::{candidate, sdp, sdp_with};

/// A handler of the user: runs when an event is dispatched and may call the room.
pub(crate) type Handler = Box<dyn FnMut(&mut Sim, &Event<String>)>;

/// The simulation. Own id `m` unless the test says otherwise.
pub(crate) struct Sim {
    pub(crate) room: Room<String>,
    pub(crate) now: Instant,
    lines: Vec<String>,
    handlers: Vec<Handler>,
    /// Whether the client does at once what it is asked for.
    pub(crate) auto: bool,
    /// Requests of the room that the client has not answered, oldest first.
    pub(crate) requests: Vec<(RequestId, &'static str)>,
    settled: Vec<(CallId, Result<(), CallError>)>,
    /// Signals that were sent, with their time and receiver.
    pub(crate) signals: Vec<(Instant, String, Signal<String>)>,
    /// Peer ids by their handle, also of those that left.
    names: std::collections::BTreeMap<RemoteId, String>,
    pub(crate) own_id: String,
    pub(crate) orders: Vec<(ConnectionId, String)>,
    pub(crate) logs: Vec<String>,
}

impl Sim {
    /// An idle room, whose client does what it is asked for.
    pub(crate) fn new() -> Sim {
        Sim::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Sim {
        let now = Instant::from_millis(1_000);
        Sim {
            room: Room::new(options, now),
            now,
            lines: Vec::new(),
            handlers: Vec::new(),
            auto: true,
            requests: Vec::new(),
            settled: Vec::new(),
            signals: Vec::new(),
            names: std::collections::BTreeMap::new(),
            own_id: "m".into(),
            orders: Vec::new(),
            logs: Vec::new(),
        }
    }

    /// In the room `room`, with these members and an empty trace.
    pub(crate) fn joined(members: &[&str]) -> Sim {
        Sim::joined_with(Options::default(), members)
    }

    pub(crate) fn joined_with(options: Options, members: &[&str]) -> Sim {
        let mut sim = Sim::with(options);
        sim.join("room").unwrap();
        sim.presence(members, &[]);
        assert_eq!(sim.room.state(), State::Joined);
        sim.forget();
        sim
    }

    pub(crate) fn join(&mut self, channel: &str) -> Result<CallId, CallError> {
        let call = self.room.join(channel, false, self.now);
        self.pump();
        call
    }

    pub(crate) fn send(&mut self, size: usize) -> Result<CallId, CallError> {
        let call = self.room.send(Some(payload("data", size)), self.now);
        self.pump();
        call
    }

    pub(crate) fn send_to(&mut self, peer: &str) -> Result<CallId, CallError> {
        let call = self.room.send_to(Some(peer), Some(payload("data", 4)), self.now);
        self.pump();
        call
    }

    pub(crate) fn close(&mut self, reason: &str) -> CallId {
        let call = self.room.close(Some(reason), self.now);
        self.pump();
        call
    }

    /// Adds video track `track` of stream 9, with metadata `"t<track>"`.
    pub(crate) fn add_track(&mut self, track: u32) {
        self.room.add_track(local(track, Some(9), Some(&format!("t{track}"))), self.now).unwrap();
        self.pump();
    }

    pub(crate) fn remove_track(&mut self, track: u32) {
        self.room.remove_track(TrackId(track), self.now).unwrap();
        self.pump();
    }

    pub(crate) fn use_connection(&mut self, peer: &str) {
        let remote = self.remote(peer);
        self.room.use_connection(remote, self.now).expect("the platform makes connections");
        self.pump();
    }

    pub(crate) fn input(&mut self, input: Input<String>) {
        self.room.handle_input(input, self.now);
        self.pump();
    }

    /// The channel's presence.
    pub(crate) fn presence(&mut self, joined: &[&str], left: &[&str]) {
        self.presence_of("room", joined, left);
    }

    pub(crate) fn presence_of(&mut self, channel: &str, joined: &[&str], left: &[&str]) {
        let peer = |id: &&str| PresencePeer { peer_id: (*id).into(), metadata: None };
        self.input(Input::Presence {
            channel: channel.into(),
            joined: joined.iter().map(peer).collect(),
            left: left.iter().map(peer).collect(),
        });
    }

    pub(crate) fn welcome(&mut self) {
        let peer_id = self.own_id.clone();
        self.input(Input::Connected { peer_id, max_message_size: 65_536.0, ice_servers: None });
    }

    /// The connection to the server is lost.
    pub(crate) fn drop_link(&mut self, code: u16, will_reconnect: bool) {
        self.input(Input::Disconnected { code, reason: String::new(), will_reconnect });
    }

    pub(crate) fn signal(&mut self, from: &str, signal: Signal<String>) {
        self.input(Input::Signal { from: from.into(), signal });
    }

    /// Answers the oldest request of this kind.
    pub(crate) fn answer(&mut self, kind: &str, result: Result<(), machine::CallError>) {
        let at = self.requests.iter().position(|(_, asked)| *asked == kind);
        let (request, _) = self.requests.remove(at.expect("the room asked for it"));
        self.input(Input::ClientDone { request, result });
    }

    /// Turns the clock, ringing each alarm at its time.
    pub(crate) fn advance(&mut self, ms: u64) {
        let until = self.now.after(ms);
        while let Some(due) = self.room.poll_timeout().filter(|due| *due <= until) {
            assert!(due >= self.now, "an alarm in the past");
            self.now = due;
            self.room.handle_timeout(due);
            self.pump();
            let next = self.room.poll_timeout();
            assert!(next.is_none_or(|next| next > due), "the alarm rings for ever");
        }
        self.now = until;
        self.room.handle_timeout(until);
        self.pump();
    }

    pub(crate) fn on(&mut self, handler: impl FnMut(&mut Sim, &Event<String>) + 'static) {
        self.handlers.push(Box::new(handler));
    }

    /// The trace, which is empty then.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// The lines of the trace with this text.
    pub(crate) fn lines_with(&self, text: &str) -> Vec<String> {
        self.lines.iter().filter(|line| line.contains(text)).cloned().collect()
    }

    pub(crate) fn forget(&mut self) {
        self.lines.clear();
        self.signals.clear();
        self.orders.clear();
    }

    pub(crate) fn result(&self, call: CallId) -> Option<Result<(), CallError>> {
        self.settled.iter().find(|(other, _)| *other == call).map(|(_, result)| result.clone())
    }

    pub(crate) fn remote(&self, peer: &str) -> RemoteId {
        let mut remotes = self.room.remotes();
        let is_it = |id: &RemoteId| self.room.remote(*id).unwrap().peer_id == peer;
        remotes.find(is_it).unwrap_or_else(|| panic!("{peer} is not in the room"))
    }

    pub(crate) fn members(&self) -> Vec<String> {
        self.room.remotes().map(|id| self.room.remote(id).unwrap().peer_id.into()).collect()
    }

    pub(crate) fn pump(&mut self) {
        while let Some(output) = self.room.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output<String>) {
        for id in self.room.remotes() {
            let name = self.room.remote(id).unwrap().peer_id.to_owned();
            self.names.insert(id, name);
        }
        if let Some(line) = self.line(&output) {
            self.lines.push(line);
        }
        match output {
            Output::Client(call) => self.client(call),
            Output::Settle { call, result } => self.settled.push((call, result)),
            Output::Event(event) => {
                let mut handlers = std::mem::take(&mut self.handlers);
                handlers.iter_mut().for_each(|handler| handler(self, &event));
                handlers.append(&mut self.handlers);
                self.handlers = handlers;
            }
            Output::Connection { connection, order } => {
                let order = lines::order(&order);
                self.orders.push((connection, order));
            }
            Output::ForgetRemote(_) => {}
            Output::Log(log) => self.logs.push(format!("{log:?}")),
        }
    }

    fn client(&mut self, call: ClientCall<String>) {
        let (request, kind) = match call {
            ClientCall::Connect { request } => {
                if self.auto {
                    let peer_id = self.own_id.clone();
                    let connected =
                        Input::Connected { peer_id, max_message_size: 65_536.0, ice_servers: None };
                    self.room.handle_input(connected, self.now);
                }
                (request, "connect")
            }
            ClientCall::Subscribe { request, .. } => (request, "subscribe"),
            ClientCall::Publish { request, .. } => (request, "publish"),
            ClientCall::Send { request, .. } => (request, "send"),
            ClientCall::Close { request, .. } => (request, "close"),
            ClientCall::Unsubscribe { .. } => return,
            ClientCall::Signal { to, signal } => {
                self.signals.push((self.now, to, signal));
                return;
            }
        };
        if self.auto {
            self.room.handle_input(Input::ClientDone { request, result: Ok(()) }, self.now);
        } else {
            self.requests.push((request, kind));
        }
    }
}

/// Data of the application.
pub(crate) fn payload(value: &str, size: usize) -> Payload<String> {
    Payload { value: value.into(), size, is_signal: false }
}

/// A video track.
pub(crate) fn local(track: u32, stream: Option<u32>, metadata: Option<&str>) -> LocalTrack<String> {
    LocalTrack {
        track: TrackId(track),
        id: format!("track-{track}"),
        kind: metered_realtime_proto::peer::Kind::Video,
        stream: stream.map(|stream| (StreamId(stream), format!("stream-{stream}"))),
        metadata: metadata.map(|text| (text.to_owned(), text.len())),
    }
}
