//! How NATS is dialled: one address at a time, once, and never again by the library itself.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Start;

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct ConnectError(String);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A connection to the first server that takes one, and what becomes of it.
pub(super) async fn connect(
    start: &Start,
) -> Result<(Client, UnboundedReceiver<Event>), ConnectError> {
    let mut failures = Vec::new();
    for server in &start.nats.servers {
        match connect_to(start, server).await {
            Ok(connected) => return Ok(connected),
            Err(error) => failures.push(format!("{}: {error}", without_credentials(server))),
        }
    }
    Err(ConnectError(failures.join("; ")))
}

async fn connect_to(
    start: &Start,
    server: &str,
) -> Result<(Client, UnboundedReceiver<Event>), ConnectError> {
    let failed = |error: &dyn fmt::Display| ConnectError(error.to_string());
    let (sender, events) = unbounded_channel();
    let is_first = AtomicBool::new(true);
    let mut options = ConnectOptions::new()
        .name(format!("metered-realtime-server {}", start.node))
        .no_echo()
        .ignore_discovered_servers()
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_INTERVAL)
        .client_capacity(COMMANDS)
        .reconnect_delay_callback(move |_| {
            // The session ends long before the library would dial again.
            if is_first.swap(false, Ordering::Relaxed) { Duration::ZERO } else { NEVER }
        })
        .event_callback(move |event| {
            let _ = sender.send(event); // The session is over.
            std::future::ready(())
        });
    let address = ServerAddr::from_str(server).map_err(|error| failed(&error))?;
    if let (Some(user), Some(password)) = (address.username(), address.password()) {
        options = options.user_and_password(user.to_owned(), password.to_owned());
    }
    let nats = &start.nats;
    if let Some(file) = &nats.credentials {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| ConnectError(format!("{}: {error}", file.display())))?;
        options = options.credentials(&text).map_err(|error| failed(&error))?;
    }
    if let Some(file) = &nats.certificate_authority {
        options = options.add_root_certificates(file.clone()).require_tls(true);
    }
    if let Some(files) = &nats.certificate {
        let (certificate, key) = (files.certificate.clone(), files.private_key.clone());
        options = options.add_client_certificate(certificate, key).require_tls(true);
    }
    let client = options.connect(address).await.map_err(|error| failed(&error))?;
    let (has, needs) = (client.server_info().max_payload, start.max_message_size + ROOM);
    if has < needs {
        let error = format!("its max_payload is {has} bytes; it must be at least {needs}");
        return Err(ConnectError(error));
    }
    Ok((client, events))
}

/// An address for the log.
fn without_credentials(server: &str) -> &str {
    server.rsplit_once('@').map_or(server, |(_, address)| address)
}

/// How long a dial may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How often NATS is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// How much the library queues before it makes us wait.
const COMMANDS: usize = 8192;

/// Longer than any session outlives its connection.
const NEVER: Duration = Duration::from_secs(3600);

/// What a message between nodes needs besides a client's largest message.
const ROOM: usize = 600 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_does_not_reach_the_log() {
        assert_eq!(without_credentials("nats://u:p@h:4222"), "h:4222");
        assert_eq!(without_credentials("nats://h:4222"), "nats://h:4222");
    }
}
