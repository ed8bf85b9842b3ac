//! The client's machine with arbitrary inputs.

use std::collections::BTreeSet;

use metered_realtime_proto::machine::{
    CallError, CallId, Close, Event, Input, Instant, Machine, Options, ProviderFailure, RawOptions,
    RawReconnect, SocketId, State, TokenRequestId,
};
use metered_realtime_proto::wire::{
    ApplicationFrame, Malformed, OutgoingFrame, Secret, ServerFrame,
};
use metered_realtime_proto_testing::{Driver, welcome};

use super::bytes::Bytes;

/// A machine that gets arbitrary inputs, and the rules that hold even then.
pub(super) struct Raw {
    pub(super) machine: Machine<String>,
    pub(super) now: Instant,
    pub(super) last_socket: u32,
    last_token: u32,
    last_call: u32,
    /// Calls that wait for an answer.
    waiting: BTreeSet<CallId>,
    open: BTreeSet<u32>,
    shown: State,
    shut: bool,
}

impl Raw {
    pub(super) fn new(bytes: &mut Bytes<'_>) -> Raw {
        let provider = bytes.byte() % 2 == 1;
        let raw = RawOptions {
            key: (!provider).then(|| "pk_live_fuzz".into()),
            has_provider: provider,
            inactivity_timeout_ms: bytes.pick(&[60_000.0, 0.0, 1.0, 3_000.0]),
            token_provider_timeout_ms: bytes.pick(&[10_000.0, 1.0]),
            auto_resubscribe: bytes.byte() % 4 != 3,
            renew_before_expiry_ms: bytes.pick(&[0.0, 5_000.0]),
            reconnect: (bytes.byte() % 8 != 7).then(|| RawReconnect {
                max_attempts: bytes.pick(&[100.0, 0.0, 2.0]),
                max_dials_per_minute: bytes.pick(&[20.0, 1.0]),
                fleet_spread_ms: bytes.pick(&[0.0, 1_000.0]),
                honour_going_away: bytes.byte() % 2 == 1,
                ..RawReconnect::default()
            }),
            ..RawOptions::default()
        };
        let options = Options::check(raw).expect("these options keep all rules");
        let now = Instant::from_millis(1_000_000);
        Raw {
            machine: Machine::new(options, 7, now),
            now,
            last_socket: 0,
            last_token: 0,
            last_call: 0,
            waiting: BTreeSet::new(),
            open: BTreeSet::new(),
            shown: State::Idle,
            shut: false,
        }
    }

    pub(super) fn connect_and_welcome(&mut self) {
        let call = self.machine.connect(self.now);
        self.called(call);
        self.drain_all();
        let socket = SocketId(self.last_socket);
        let frame = ServerFrame::Welcome(welcome("me", 65_536.0, None));
        self.machine.handle_input(Input::Frame { socket, frame }, self.now);
        self.drain_all();
    }

    fn called(&mut self, call: Result<CallId, CallError>) {
        if let Ok(call) = call {
            assert!(self.waiting.insert(call), "each call has an id of its own");
            self.last_call = call.0;
        }
    }

    pub(super) fn step(&mut self, what: u8, bytes: &mut Bytes<'_>) {
        match what % 24 {
            0 => {
                let call = self.machine.connect(self.now);
                self.shut &= call.is_err();
                self.called(call);
            }
            1 => {
                let call = self.machine.close(1_000 + u16::from(bytes.byte()), "bye", self.now);
                self.shut = true;
                self.called(Ok(call));
            }
            2 => {
                let channel = bytes.pick(&CHANNELS);
                let timeout = bytes.pick(&TIMEOUTS);
                let call = self.machine.subscribe(channel, what > 127, timeout, self.now);
                self.called(call);
            }
            3 => {
                let channel = bytes.pick(&CHANNELS);
                let call = self.machine.unsubscribe(channel, bytes.pick(&TIMEOUTS), self.now);
                self.called(call);
            }
            4 => self.publish(bytes),
            5 => {
                let call = CallId(bytes.id(self.last_call));
                // Only the machine knows the ids of replays.
                if self.waiting.contains(&call) {
                    self.machine.abort(call, self.now);
                }
            }
            6 => {
                let call = CallId(bytes.id(self.last_call));
                if self.waiting.contains(&call)
                    && self.machine.take_ack(SocketId(self.last_socket), call, self.now)
                {
                    self.waiting.remove(&call);
                }
            }
            7 => {
                self.machine.admit(SocketId(bytes.id(self.last_socket)), self.now);
            }
            8 | 9 => self.advance_to_alarm(),
            10 => self.now = self.now.after(1 << (bytes.byte() % 32)),
            11 => self.ring(),
            12 => {
                self.carry_out_next();
            }
            13..=15 => self.drain(),
            16 => {
                let back = u64::from(bytes.byte());
                self.now = Instant::from_millis(self.now.as_millis().saturating_sub(back));
            }
            _ => {
                let input = self.input(what, bytes);
                if let Input::SocketClosed { socket, .. } | Input::SocketUnavailable { socket } =
                    input
                {
                    self.open.remove(&socket.0);
                }
                self.machine.handle_input(input, self.now);
            }
        }
    }

    fn publish(&mut self, bytes: &mut Bytes<'_>) {
        let size = bytes.pick(&[2, 70_000]);
        let call = self.machine.reserve(size, bytes.pick(&TIMEOUTS), self.now);
        if let Ok(call) = call {
            let frame = OutgoingFrame::Publish { channel: "a", data: "{}", request_id: call.0 };
            self.called(Ok(call));
            if bytes.byte() < 128 || self.machine.transmitted(call).is_none() {
                self.machine.transmit(call, frame.to_text());
            }
        }
    }

    fn input(&self, what: u8, bytes: &mut Bytes<'_>) -> Input<String> {
        let socket = SocketId(bytes.id(self.last_socket));
        match what % 24 {
            17 => Input::SocketOpened { socket },
            18 | 19 => Input::Frame { socket, frame: self.frame(bytes) },
            20 => {
                let code = bytes.pick(&[1006, 1000, 1001, 1012, 4001, 4002, 4010, 4020]);
                Input::SocketClosed { socket, close: Close::new(code, "") }
            }
            21 => {
                let request = TokenRequestId(bytes.id(self.last_token));
                let result = match bytes.byte() % 4 {
                    0 => Err(ProviderFailure { name: "Error".into(), message: "no".into() }),
                    1 => Ok(Secret::new("")),
                    _ => Ok(Secret::new("a token")),
                };
                Input::Token { request, result }
            }
            22 => match bytes.byte() % 4 {
                0 => Input::SendFailed { call: Some(CallId(bytes.id(self.last_call))) },
                1 => Input::SendFailed { call: None },
                2 => Input::HandlersDrained,
                _ => Input::Wake,
            },
            _ => match bytes.byte() % 4 {
                0 => Input::Malformed { socket, why: Malformed::NotJson },
                1 => Input::Binary { socket },
                2 => Input::Oversize { socket },
                _ => Input::SocketUnavailable { socket },
            },
        }
    }

    fn frame(&self, bytes: &mut Bytes<'_>) -> ServerFrame<String> {
        match bytes.byte() % 10 {
            0..=2 => {
                let cap = bytes.pick(&[65_536.0, 1.0]);
                let expires = bytes.pick(&[None, Some(60.0), Some(0.0)]);
                ServerFrame::Welcome(welcome("me", cap, expires))
            }
            3..=5 => ServerFrame::Ack { request_id: bytes.id(self.last_call).to_string() },
            6 => ServerFrame::Error {
                code: bytes.pick(&["backend_error", "channel_reserved", "unknown_type"]).into(),
                request_id: match bytes.byte() % 4 {
                    0 => None,
                    _ => Some(bytes.id(self.last_call).to_string()),
                },
                message: None,
            },
            7 => ServerFrame::Pong,
            8 => ServerFrame::GoingAway { retry_after_ms: 1_000.0 },
            _ => ServerFrame::Application(ApplicationFrame::Message {
                channel: "a".into(),
                from: "somebody".into(),
                data: "{}".into(),
                from_metadata: None,
            }),
        }
    }

    fn advance_to_alarm(&mut self) {
        if let Some(due) = self.machine.poll_timeout() {
            self.now = self.now.max(due);
            self.ring();
        }
    }

    fn ring(&mut self) {
        self.machine.handle_timeout(self.now);
    }

    fn drain_all(&mut self) {
        self.drain();
        assert!(!self.machine.has_output());
        assert_eq!(self.machine.state(), self.shown);
        if matches!(self.shown, State::Connecting | State::Reconnecting) {
            assert!(self.machine.poll_timeout().is_some(), "no call and no connection hangs");
        }
    }

    /// After any inputs, `close()` ends everything.
    pub(super) fn end(&mut self) {
        self.drain_all();
        let call = self.machine.close(1000, "", self.now);
        self.shut = true;
        self.called(Ok(call));
        self.drain_all();
        // The clock may have been set back, by a quarter of a second each time.
        self.now = self.now.after(10_000_000);
        self.ring();
        self.drain_all();
        assert_eq!(self.machine.poll_timeout(), None, "a closed client holds no alarm");
        assert!(self.waiting.is_empty(), "every call is answered: {:?}", self.waiting);
        assert_eq!(self.machine.requests_in_flight() + self.machine.tracked_channels(), 0);
        assert_eq!(self.shown, State::Closed);
    }
}

impl Driver for Raw {
    fn machine(&mut self) -> &mut Machine<String> {
        &mut self.machine
    }

    fn open_socket(&mut self, socket: SocketId, _address: &Secret) {
        assert!(!self.shut, "no dial after close()");
        self.last_socket = socket.0;
        self.open.insert(socket.0);
        // Besides the current socket there may be one that takes over, and the one that it replaces.
        assert!(self.open.len() <= 3);
    }

    fn send(&mut self, _socket: SocketId, text: String, call: Option<CallId>) {
        assert!(!self.shut, "nothing is sent after close()");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        if let Some(call) = call {
            self.last_call = self.last_call.max(call.0);
        }
    }

    fn close_socket(&mut self, socket: SocketId, code: u16, reason: &str, _report: bool) {
        assert!(matches!(code, 1000 | 3000..=4999) && reason.len() <= 123);
        self.open.remove(&socket.0);
    }

    fn fetch_token(&mut self, request: TokenRequestId) {
        assert!(!self.shut, "no token after close()");
        self.last_token = request.0;
    }

    fn settle(&mut self, call: CallId, _result: Result<(), CallError>) {
        assert!(self.waiting.remove(&call), "a call is answered once");
    }

    fn event(&mut self, event: Event<String>) {
        if let Event::StateChange { from, to } = event {
            assert_eq!(from, self.shown);
            self.shown = to;
        }
    }
}

const CHANNELS: [&str; 3] = ["a", "b", "c\"\\"];
const TIMEOUTS: [u64; 4] = [15_000, 0, 1, u64::MAX];
