//! Admission: the checks before the handshake, and the steps right after it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use metered_realtime_proto::wire::CloseCode;

use super::Hub;
use super::connection::Connection;
use super::faults::Plan;
use super::frames;
use super::grant::Grant;
use super::io::{ConnId, FrameKind, Output, Time};
use super::later::Later;

/// The handshake is answered with an HTTP status in place of 101.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// The status.
    pub status: u16,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl Hub {
    /// Somebody asks for a connection.
    ///
    /// # Errors
    /// The address connects too often, or a fault was ordered.
    pub fn knock(&mut self, ip: IpAddr, now: Time) -> Result<Plan, TurnedAway> {
        self.begin(now);
        let plan = self.faults.plan();
        if let Some(status) = plan.http_status() {
            return Err(TurnedAway { status, retry_after: None });
        }
        if let Some(rate) = self.limits.connect_rate {
            let counted = self.connects.count(ip, rate, self.now);
            counted.map_err(|wait| TurnedAway { status: 429, retry_after: Some(wait) })?;
        }
        Ok(plan)
    }

    /// A connection was admitted: registers it and welcomes it, or closes it if its app may not have it.
    pub fn open(&mut self, grant: Grant, plan: Plan, now: Time) -> ConnId {
        self.begin(now);
        let elsewhere = self.used_elsewhere(&grant.app).concurrent_now;
        let app = self.apps.entry(Arc::clone(&grant.app)).or_default();
        let full = self
            .limits
            .connections_per_app
            .is_some_and(|limit| app.connections() + elsewhere >= limit);
        if grant.suspended {
            let code = CloseCode::AccountSuspended.as_u16();
            return self.reject(code, "the account is suspended", now);
        }
        if full {
            let code = CloseCode::OverConcurrentLimit.as_u16();
            return self.reject(code, "too many concurrent connections", now);
        }
        let id = self.new_id();
        let expiry = grant.expires_at.map(|expires_at| {
            let at = Time::since_epoch(Duration::from_secs(expires_at)).minus(EXPIRY_LEAD);
            self.agenda.add(at, Later::Expire(id))
        });
        let grant = Arc::new(grant);
        let connection =
            Connection::new(Arc::clone(&grant), expiry, self.limits.message_rate, self.now);
        self.connections.insert(id, connection);
        self.stats.opened += 1;
        self.welcome_with(id, plan);
        self.settle();
        id
    }

    /// A handshake was accepted only to be closed: how some credentials are refused.
    pub fn reject(&mut self, code: u16, reason: &str, now: Time) -> ConnId {
        self.begin(now);
        let id = self.new_id();
        self.stats.count_close(code);
        self.outputs.push_back(Output::Close { id, code, reason: reason.to_owned() });
        id
    }

    /// From here on a connection can be reached.
    pub(super) fn welcome(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let grant = Arc::clone(connection.grant());
        let app = self.apps.get_mut(&grant.app);
        if app.is_some_and(|app| app.add_socket(&grant.peer, id)) {
            self.peer_moved(&grant.app, &grant.peer, true);
        }
        let text = frames::welcome(&grant, &self.limits, self.now);
        self.send(FrameKind::Welcome, vec![id], text);
    }

    /// Another welcome, which changes nothing.
    pub(super) fn send_welcome(&mut self, id: ConnId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let text = frames::welcome(connection.grant(), &self.limits, self.now);
        self.send_unharmed(FrameKind::Welcome, vec![id], text);
    }

    fn new_id(&mut self) -> ConnId {
        let id = ConnId(self.next_id);
        self.next_id += 1;
        id
    }
}

/// How long before `exp` the service closes.
const EXPIRY_LEAD: Duration = Duration::from_millis(250);
