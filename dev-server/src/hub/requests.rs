//! What each request does.

use std::borrow::Cow;
use std::sync::Arc;

use metered_realtime_proto::wire::{CloseCode, ErrorCode, PEER_ID_MAX, check_channel};

use super::Hub;
use super::app::Moved;
use super::frames;
use super::grant::{Action, Grant};
use super::io::{ConnId, FrameKind, Time};
use super::nodes::{From, Handed, Receiver};
use super::request::{self, Body, Refusal};

impl Hub {
    /// A text frame arrived. Never fails: what is wrong with it becomes an `error` frame or a close.
    pub fn text(&mut self, id: ConnId, text: &str, now: Time) {
        self.begin(now);
        if self.may_speak(id) {
            self.request(id, text, true);
        }
        self.settle();
    }

    /// A binary frame arrived. It is no part of the protocol; the connection stays (assumed).
    pub fn binary(&mut self, id: ConnId, now: Time) {
        self.begin(now);
        if self.may_speak(id) {
            self.refuse_binary(id);
        }
        self.settle();
    }

    /// Every frame counts (assumed); too many end the connection.
    fn may_speak(&mut self, id: ConnId) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if connection.may_speak(self.now) {
            return true;
        }
        self.end_with_close(id, CloseCode::OverMessageRate.as_u16(), "too many messages");
        false
    }

    /// Carries out a request, unless a fault takes its place.
    pub(super) fn request(&mut self, id: ConnId, text: &str, may_be_struck: bool) {
        let Some(connection) = self.connections.get(&id) else { return };
        let grant = Arc::clone(connection.grant());
        let request = match request::parse(text) {
            Ok(request) => request,
            Err(refusal) => {
                self.stats.count_in("malformed");
                return self.refuse(id, None, &refusal);
            }
        };
        let kind = request.body.kind();
        let request_id = request.id.as_deref();
        if may_be_struck {
            self.stats.count_in(kind);
            if self.request_is_struck(id, kind, request_id, text) {
                return;
            }
        }
        if let Err(refusal) = self.carry_out(id, &grant, request_id, request.body) {
            if refusal.code == ErrorCode::CHANNEL_NOT_AUTHORIZED && self.limits.close_unauthorized {
                let code = CloseCode::ChannelNotAuthorized.as_u16();
                return self.end_with_close(id, code, &refusal.message);
            }
            self.refuse(id, request_id, &refusal);
        }
    }

    fn carry_out(
        &mut self,
        id: ConnId,
        grant: &Arc<Grant>,
        request_id: Option<&str>,
        body: Body<'_>,
    ) -> Result<(), Refusal> {
        match body {
            Body::Subscribe { channel, include_sender_metadata } => {
                let channel = self.channel(channel)?;
                self.subscribe(id, grant, request_id, channel, include_sender_metadata)
            }
            Body::Unsubscribe { channel } => {
                let channel = self.channel(channel)?;
                self.unsubscribe(id, grant, request_id, &channel);
                Ok(())
            }
            Body::Publish { channel, data } => {
                let channel = self.channel(channel)?;
                self.publish(id, grant, request_id, &channel, data)
            }
            Body::Send { to, data } => self.direct(id, grant, request_id, to, data),
            Body::Ping => {
                self.send(FrameKind::Pong, vec![id], frames::PONG.to_owned());
                Ok(())
            }
            Body::Unknown => Err(Refusal::new(ErrorCode::UNKNOWN_TYPE, "unknown type")),
        }
    }

    /// Ack first, then the snapshot, then presence for the others. Idempotent: the options of the last one win.
    fn subscribe(
        &mut self,
        id: ConnId,
        grant: &Arc<Grant>,
        request_id: Option<&str>,
        channel: Cow<'_, str>,
        include_sender_metadata: bool,
    ) -> Result<(), Refusal> {
        not_reserved(&channel)?;
        permitted(grant, Action::Subscribe)?;
        covered(grant, &channel)?;
        self.needs_bus()?;
        let limit = self.limits.channels_per_connection;
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        if !connection.holds(&channel) && connection.channels().len() >= limit {
            let message = format!("a connection may hold {limit} channels");
            return Err(Refusal::new(ErrorCode::CHANNEL_LIMIT_EXCEEDED, message));
        }
        let channel: Arc<str> = Arc::from(&*channel);
        connection.add_channel(Arc::clone(&channel));
        if self.must_open(grant, &channel) {
            let asker = (id, request_id);
            self.open_channel_for(asker, &grant.app, &channel, include_sender_metadata);
        } else {
            self.seat(id, grant, request_id, &channel, include_sender_metadata);
        }
        Ok(())
    }

    /// Ack first, then the snapshot, then the news for the others.
    pub(super) fn seat(
        &mut self,
        id: ConnId,
        grant: &Arc<Grant>,
        request_id: Option<&str>,
        channel: &Arc<str>,
        include_sender_metadata: bool,
    ) {
        let Some(app) = self.apps.get_mut(&grant.app) else { return };
        let moved = app.subscribe(channel, id, grant, include_sender_metadata);
        let snapshot = frames::presence(channel, &app.present(channel, Some(&grant.peer)), &[]);
        self.ack(id, request_id);
        if grant.actions.allows(Action::Presence) {
            self.send(FrameKind::Presence, vec![id], snapshot);
        }
        self.tell_moved(&grant.app, channel, moved, true);
    }

    /// Tells the others, here and on other nodes.
    pub(super) fn tell_moved(
        &mut self,
        app: &Arc<str>,
        channel: &Arc<str>,
        moved: Option<Moved>,
        here: bool,
    ) {
        let Some(Moved { entry, notice }) = moved else { return };
        if let Some((to, text)) = notice {
            self.send(FrameKind::Presence, to, text);
        }
        self.presence_moved(app, channel, entry, here);
    }

    fn unsubscribe(
        &mut self,
        id: ConnId,
        grant: &Arc<Grant>,
        request_id: Option<&str>,
        channel: &str,
    ) {
        let held = self.connections.get_mut(&id).and_then(|c| c.remove_channel(channel));
        let Some(channel) = held else { return self.ack(id, request_id) };
        self.withdraw(id, &grant.app, &channel);
        let app = self.apps.get_mut(&grant.app);
        let moved = app.and_then(|app| app.unsubscribe(&channel, id, grant));
        self.ack(id, request_id);
        self.tell_moved(&grant.app, &channel, moved, false);
        self.close_channel_if_empty(&grant.app, &channel);
    }

    fn publish(
        &mut self,
        id: ConnId,
        grant: &Arc<Grant>,
        request_id: Option<&str>,
        channel: &str,
        data: Option<&str>,
    ) -> Result<(), Refusal> {
        not_reserved(channel)?;
        permitted(grant, Action::Publish)?;
        covered(grant, channel)?;
        let data = data.ok_or_else(missing_data)?;
        self.needs_bus()?;
        self.within_quota(grant)?;
        if self.has_nodes() {
            let receiver = Receiver::Channel(Arc::from(channel));
            self.hand_over_for(id, grant, request_id, receiver, data);
            return Ok(());
        }
        self.ack(id, request_id);
        let sender = (&*grant.peer, grant.peer_metadata.as_deref());
        self.broadcast(&grant.app, sender, Some(id), channel, data);
        Ok(())
    }

    fn hand_over_for(
        &mut self,
        id: ConnId,
        grant: &Arc<Grant>,
        request_id: Option<&str>,
        receiver: Receiver,
        data: &str,
    ) {
        self.hand_over(Handed {
            from: From::Client { id, request_id: request_id.map(str::to_owned) },
            sender: Arc::clone(grant),
            receiver,
            data: data.to_owned(),
        });
    }

    /// Gives a message to everyone in a channel but the publisher's own connection.
    pub(super) fn broadcast(
        &mut self,
        app: &str,
        (from, metadata): (&str, Option<&str>),
        publisher: Option<ConnId>,
        channel: &str,
        data: &str,
    ) {
        let Some(app) = self.apps.get(app) else { return };
        let recipients = app.recipients(channel, publisher);
        if !recipients.plain.is_empty() {
            let text = frames::message(channel, from, data, None);
            self.send(FrameKind::Message, recipients.plain, text);
        }
        if !recipients.with_metadata.is_empty() {
            let text = frames::message(channel, from, data, metadata);
            self.send(FrameKind::Message, recipients.with_metadata, text);
        }
    }

    fn direct(
        &mut self,
        id: ConnId,
        grant: &Arc<Grant>,
        request_id: Option<&str>,
        to: Option<Cow<'_, str>>,
        data: Option<&str>,
    ) -> Result<(), Refusal> {
        let to = to.filter(|to| is_peer_id(to)).ok_or_else(|| {
            let rule = "to must be 1 to 128 printable ASCII characters";
            Refusal::new(ErrorCode::INVALID_PEER_ID, rule)
        })?;
        permitted(grant, Action::Send)?;
        let data = data.ok_or_else(missing_data)?;
        self.needs_bus()?;
        if self.has_nodes() {
            self.within_quota(grant)?;
            self.hand_over_for(id, grant, request_id, Receiver::Peer(Arc::from(&*to)), data);
            return Ok(());
        }
        let sockets = self.apps.get(&grant.app).map(|app| app.sockets_of(&to)).unwrap_or_default();
        if sockets.is_empty() {
            return Err(Refusal::new(ErrorCode::PEER_NOT_FOUND, "no such peer is connected"));
        }
        self.within_quota(grant)?;
        self.ack(id, request_id);
        let text = frames::direct(&grant.peer, data, grant.peer_metadata.as_deref());
        self.send(FrameKind::Direct, sockets, text);
        Ok(())
    }

    fn within_quota(&mut self, grant: &Grant) -> Result<(), Refusal> {
        if self.count_message(&grant.app) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::OVER_MESSAGE_QUOTA, "the period's messages are used up"))
    }

    pub(super) fn ack(&mut self, id: ConnId, request_id: Option<&str>) {
        if let Some(request_id) = request_id {
            self.send(FrameKind::Ack, vec![id], frames::ack(request_id));
        }
    }

    pub(super) fn refuse(&mut self, id: ConnId, request_id: Option<&str>, refusal: &Refusal) {
        let text = frames::error(refusal.code, request_id, &refusal.message);
        self.send(FrameKind::Error, vec![id], text);
    }

    fn channel<'a>(&self, name: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, Refusal> {
        let invalid = |rule: &'static str| {
            Refusal::new(ErrorCode::INVALID_CHANNEL, format!("a channel {rule}"))
        };
        let name = name.ok_or_else(|| invalid("must be a string"))?;
        check_channel(&name).map_err(|error| invalid(error.rule()))?;
        if name.len() > self.limits.channel_name_bytes {
            return Err(invalid("is too long"));
        }
        Ok(name)
    }
}

/// Whether a text may be a peer's id: 1 to 128 printable ASCII characters.
#[must_use]
pub fn is_peer_id(id: &str) -> bool {
    (1..=PEER_ID_MAX).contains(&id.len()) && id.bytes().all(|b| (0x20..0x7f).contains(&b))
}

fn permitted(grant: &Arc<Grant>, action: Action) -> Result<(), Refusal> {
    if grant.actions.allows(action) {
        return Ok(());
    }
    let message = format!("the credential does not permit {}", action.as_str());
    Err(Refusal::new(ErrorCode::ACTION_NOT_PERMITTED, message))
}

fn covered(grant: &Grant, channel: &str) -> Result<(), Refusal> {
    if grant.scope.covers(channel) {
        return Ok(());
    }
    let message = format!("not authorized: {channel}");
    Err(Refusal::new(ErrorCode::CHANNEL_NOT_AUTHORIZED, message))
}

fn not_reserved(channel: &str) -> Result<(), Refusal> {
    if is_reserved(channel) {
        return Err(Refusal::new(ErrorCode::CHANNEL_RESERVED, "the prefix is reserved"));
    }
    Ok(())
}

/// Whether a channel's prefix belongs to the service, in upper or lower case.
#[must_use]
pub fn is_reserved(channel: &str) -> bool {
    RESERVED_PREFIXES.iter().any(|prefix| {
        channel.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    })
}

fn missing_data() -> Refusal {
    Refusal::new(ErrorCode::MISSING_DATA, "data is missing")
}

const RESERVED_PREFIXES: [&str; 3] = ["_metered/", "_internal/", "_system/"];
