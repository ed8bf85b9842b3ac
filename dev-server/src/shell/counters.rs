//! Counters of the shell, beside those of the hub.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Why a connection was refused, or dropped as one that uses up the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server has as many connections as it may have.
    ServerFull,
    /// The address has as many connections as it may have.
    AddressFull,
    /// The address connects too often.
    ConnectRate,
    /// The credential was refused, by HTTP or by a close code.
    Credential,
    /// The TLS handshake failed.
    Tls,
    /// The TLS handshake, the head of a request or its body took too long.
    TooSlow,
    /// The head of a request or its body is too large.
    TooLarge,
    /// Nothing came from the client for too long.
    Silent,
    /// The server is going away.
    Draining,
}

impl Refusal {
    const ALL: [Refusal; 9] = [
        Refusal::ServerFull,
        Refusal::AddressFull,
        Refusal::ConnectRate,
        Refusal::Credential,
        Refusal::Tls,
        Refusal::TooSlow,
        Refusal::TooLarge,
        Refusal::Silent,
        Refusal::Draining,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Refusal::ServerFull => "server_full",
            Refusal::AddressFull => "address_full",
            Refusal::ConnectRate => "connect_rate",
            Refusal::Credential => "credential",
            Refusal::Tls => "tls",
            Refusal::TooSlow => "too_slow",
            Refusal::TooLarge => "too_large",
            Refusal::Silent => "silent",
            Refusal::Draining => "draining",
        }
    }
}

/// One label and its value.
type Label = [(&'static str, &'static str); 1];

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) refusals: Family<Label, Counter>,
    pub(super) certificate_reloads: Family<Label, Counter>,
}

impl Counters {
    /// Every series exists from the start, so that the first event is seen as a change.
    pub(super) fn new() -> Counters {
        let counters = Counters::default();
        for refusal in Refusal::ALL {
            drop(counters.refusals.get_or_create(&[("reason", refusal.as_str())]));
        }
        for result in ["ok", "failed"] {
            drop(counters.certificate_reloads.get_or_create(&[("result", result)]));
        }
        counters
    }

    pub(super) fn refused(&self, refusal: Refusal) {
        self.refusals.get_or_create(&[("reason", refusal.as_str())]).inc();
    }

    pub(super) fn reloaded(&self, worked: bool) {
        let result = if worked { "ok" } else { "failed" };
        self.certificate_reloads.get_or_create(&[("result", result)]).inc();
    }
}
