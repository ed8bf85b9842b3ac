//! What the room says, in words.

use metered_realtime_proto::peer::{
    ClientCall, Event, Order, Output, RemoteEvent, RemoteId, Signal,
};

use super::Sim;

impl Sim {
    /// One line; log lines have none.
    pub(super) fn line(&self, output: &Output<String>) -> Option<String> {
        Some(match output {
            Output::Client(call) => client(call),
            Output::Connection { connection, order } => {
                let (remote, number) = (self.name(connection.remote), connection.generation.0);
                format!("{remote}#{number} {}", self::order(order))
            }
            Output::Settle { call, result: Ok(()) } => format!("call {} ok", call.0),
            Output::Settle { call, result: Err(error) } => format!("call {} {error:?}", call.0),
            Output::ForgetRemote(remote) => format!("forget {}", self.name(*remote)),
            Output::Event(event) => self.event(event),
            Output::Log(_) => return None,
        })
    }

    fn name(&self, remote: RemoteId) -> &str {
        self.names.get(&remote).map_or("?", |name| name)
    }

    fn event(&self, event: &Event<String>) -> String {
        match event {
            Event::StateChange { from, to } => format!("state {} -> {}", from.name(), to.name()),
            Event::Joined { peer_id, channel } => format!("joined {channel} as {peer_id}"),
            Event::Left { channel, reason, .. } => {
                let channel = channel.as_deref().unwrap_or("nothing");
                format!("left {channel}: {}", reason.as_deref().unwrap_or("no reason"))
            }
            Event::PeerJoined(remote) => format!("peer-joined {}", self.name(*remote)),
            Event::PeerLeft(remote) => format!("peer-left {}", self.name(*remote)),
            Event::Data { from, data, direct, sender_metadata } => {
                let kind = if *direct { "direct" } else { "broadcast" };
                let metadata = sender_metadata.as_deref().unwrap_or("-");
                format!("{kind} {data} from {from} {metadata}")
            }
            Event::Error(failure) => format!("error {}", failure.name),
            Event::Remote { remote, event } => {
                format!("{}: {}", self.name(*remote), remote_event(event))
            }
        }
    }
}

fn remote_event(event: &RemoteEvent<String>) -> String {
    let or_none = |metadata: &Option<String>| metadata.clone().unwrap_or_else(|| "-".into());
    match event {
        RemoteEvent::StateChange { from, to } => format!("{} -> {}", from.name(), to.name()),
        RemoteEvent::Track { track, metadata, .. } => {
            format!("track {} {}", track.0, or_none(metadata))
        }
        RemoteEvent::StreamAdded { stream, metadata } => {
            format!("stream-added {} {}", stream.0, or_none(metadata))
        }
        RemoteEvent::StreamRemoved { stream } => format!("stream-removed {}", stream.0),
        RemoteEvent::DataChannel(channel) => format!("data-channel {}", channel.0),
        RemoteEvent::NegotiationError(failure) => format!("negotiation-error {}", failure.name),
        RemoteEvent::CandidateError(failure) => format!("ice-candidate-error {}", failure.name),
        RemoteEvent::ConnectionReset => "connection-reset".into(),
    }
}

fn client(call: &ClientCall<String>) -> String {
    match call {
        ClientCall::Connect { .. } => "client connect".into(),
        ClientCall::Subscribe { channel, include_sender_metadata, .. } => {
            let with = if *include_sender_metadata { " with metadata" } else { "" };
            format!("client subscribe {channel}{with}")
        }
        ClientCall::Unsubscribe { channel } => format!("client unsubscribe {channel}"),
        ClientCall::Publish { channel, data, .. } => format!("client publish {channel} {data}"),
        ClientCall::Send { to, data, .. } => format!("client send {to} {data}"),
        ClientCall::Close { reason, .. } => {
            format!("client close {}", reason.as_deref().unwrap_or("without reason"))
        }
        ClientCall::Signal { to, signal } => format!("to {to}: {}", self::signal(signal)),
    }
}

/// A signal in words.
pub(super) fn signal(signal: &Signal<String>) -> String {
    match signal {
        Signal::Description(description) => {
            let kind = description.kind.name();
            let of = description.answers.as_ref().map_or(String::new(), |of| format!(" to {of}"));
            format!("{kind} {}{of}", description.sdp.text)
        }
        Signal::Candidate(candidate) => {
            format!("candidate {}", candidate.init.as_deref().unwrap_or("end"))
        }
        Signal::Metadata(metadata) => {
            let what = metadata.metadata.as_deref().unwrap_or("forget");
            format!("metadata {} {what}", metadata.track)
        }
    }
}

/// An order in words.
pub(super) fn order(order: &Order<String>) -> String {
    match order {
        Order::Create { ice_servers } => match ice_servers {
            Some(servers) => format!("create with {} servers", servers.len()),
            None => "create".into(),
        },
        Order::SetLocal { kind, ice_restart } => {
            format!("set local {}{}", kind.name(), if *ice_restart { " with restart" } else { "" })
        }
        Order::SetRemote { kind, sdp, rollback } => {
            let rollback = if *rollback { " with rollback" } else { "" };
            format!("set remote {} {sdp}{rollback}", kind.name())
        }
        Order::AddCandidate(candidate) => {
            format!("add candidate {}", candidate.as_deref().unwrap_or("end"))
        }
        Order::SetConfiguration { ice_servers } => format!("use {} servers", ice_servers.len()),
        Order::AddTrack { track, stream } => match stream {
            Some(stream) => format!("add track {} of {}", track.0, stream.0),
            None => format!("add track {}", track.0),
        },
        Order::RemoveTrack { track } => format!("remove track {}", track.0),
        Order::ReplaceTrack { old, new, .. } => {
            let new = new.map_or("nothing".into(), |new| new.0.to_string());
            format!("replace track {} by {new}", old.0)
        }
        Order::Drop => "drop".into(),
    }
}
