//! The trace: one short line for everything that is observable, in order.

use metered_realtime_proto::machine::{CallError, CallId, Event};
use metered_realtime_proto::wire::ApplicationFrame;
use metered_realtime_proto::wire::PresencePeer;
use serde_json::Value;

use super::Sim;

/// What was observed, and when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) at: u64,
    pub(crate) text: String,
}

impl Sim {
    pub(super) fn trace(&mut self, text: String) {
        self.trace.push(Line { at: self.now(), text });
    }

    /// Everything since the last look.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        self.timed_lines().into_iter().map(|line| line.text).collect()
    }

    /// The same with times.
    pub(crate) fn timed_lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.trace)
    }

    /// The lines since the last look that start with one of these words. The others are forgotten.
    pub(crate) fn lines_of(&mut self, words: &[&str]) -> Vec<String> {
        let wanted = |line: &String| words.iter().any(|word| line.starts_with(word));
        self.lines().into_iter().filter(wanted).collect()
    }

    /// The times of the lines that start like this, in milliseconds. The others are forgotten.
    pub(crate) fn times_of(&mut self, word: &str) -> Vec<u64> {
        let lines = self.timed_lines().into_iter();
        lines.filter(|line| line.text.starts_with(word)).map(|line| line.at).collect()
    }

    /// Forgets all lines.
    pub(crate) fn forget_trace(&mut self) {
        self.trace.clear();
        self.events.clear();
        self.sent.clear();
        self.logs.clear();
    }

    /// The same, but the newest frame can still be answered.
    pub(crate) fn forget_trace_but_frames(&mut self) {
        let sent = std::mem::take(&mut self.sent);
        self.forget_trace();
        self.sent = sent;
    }

    /// The frames sent since the last look.
    pub(crate) fn frames(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.sent).into_iter().map(|(_, frame)| frame).collect()
    }

    /// The requests that were sent on a socket.
    pub(crate) fn requests_on(&self, socket: u32) -> Vec<(CallId, &Value)> {
        let frames = self.sent.iter().filter(|(on, _)| *on == socket).map(|(_, frame)| frame);
        frames
            .filter_map(|frame| {
                let id = frame["requestId"].as_str()?.parse().ok()?;
                Some((CallId(id), frame))
            })
            .collect()
    }

    /// The events since the last look.
    pub(crate) fn events(&mut self) -> Vec<Event<String>> {
        std::mem::take(&mut self.events).into_iter().map(|(_, event)| event).collect()
    }
}

pub(super) fn event_line(event: &Event<String>) -> String {
    match event {
        Event::StateChange { from, to } => format!("{} -> {}", from.name(), to.name()),
        Event::Connected(connected) if connected.is_reconnect => "connected again".into(),
        Event::Connected(_) => "connected".into(),
        Event::Disconnected { code, reason, will_reconnect } => {
            let what = if *will_reconnect { "will retry" } else { "final" };
            format!("disconnected {code} {reason}").trim_end().to_owned() + ", " + what
        }
        Event::Application(ApplicationFrame::Message { channel, from, data, .. }) => {
            format!("message {channel} {from} {data}")
        }
        Event::Application(ApplicationFrame::Direct { from, data, .. }) => {
            format!("direct {from} {data}")
        }
        Event::Application(ApplicationFrame::Presence { channel, joined, left }) => {
            format!("presence {channel} +{:?} -{:?}", ids(joined), ids(left))
        }
        Event::ServerError { code, request_id: Some(id), .. } => {
            format!("server error {code} {id}")
        }
        Event::ServerError { code, channel: Some(channel), .. } => {
            format!("server error {code} for {channel}")
        }
        Event::ServerError { code, .. } => format!("server error {code}"),
        Event::GoingAway { retry_after_ms } => format!("going away {retry_after_ms}"),
        Event::TokenProviderError { consecutive_failures, .. } => {
            format!("token provider error {consecutive_failures}")
        }
    }
}

fn ids(peers: &[PresencePeer<String>]) -> Vec<&str> {
    peers.iter().map(|peer| peer.peer_id.as_str()).collect()
}

pub(super) fn call_line(label: &str, result: &Result<(), CallError>) -> String {
    let end = match result {
        Ok(()) => "ok".into(),
        Err(CallError::WrongState { state }) => format!("wrong state {}", state.name()),
        Err(CallError::Connect(close)) => format!("connect error {}", close.code),
        Err(CallError::Unavailable) => "no WebSocket".into(),
        Err(CallError::Token(failure)) => format!("token error {}", failure.message),
        Err(CallError::Aborted { outcome }) => format!("aborted {}", outcome.name()),
        Err(CallError::NotConnected) => "not connected".into(),
        Err(CallError::Rejected { code, .. }) => format!("rejected {code}"),
        Err(CallError::AckTimeout { timeout_ms }) => format!("no answer in {timeout_ms}"),
        Err(CallError::Disconnected { close_code, outcome }) => {
            format!("lost {close_code} {}", outcome.name())
        }
        Err(CallError::Oversized { size, cap }) => format!("oversized {size} of {cap}"),
    };
    format!("{label}: {end}")
}

/// A frame in short: type, target, data.
pub(super) fn frame_line(frame: &Value) -> String {
    let text = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
    match frame["type"].as_str() {
        Some("subscribe") if frame["includeSenderMetadata"] == true => {
            format!("subscribe {} +metadata", text("channel"))
        }
        Some("publish") => format!("publish {} {}", text("channel"), frame["data"]),
        Some("send") => format!("send {} {}", text("to"), frame["data"]),
        Some("ping") => "ping".into(),
        Some(kind) => format!("{kind} {}", text("channel")),
        None => panic!("a frame without a type: {frame}"),
    }
}
