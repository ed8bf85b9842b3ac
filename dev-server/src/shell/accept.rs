//! From a TCP connection to a served one: its place, TLS, HTTP, and then the WebSocket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::either::Either;

use super::clients::{Crowded, Place, is_trusted};
use super::counters::Refusal;
use super::http::{Door, Visit};
use super::link::Stream;
use super::shared::Shared;
use super::{socket, upgrade};

/// Accepts until told to stop; then hands the connections over. Aborting the task aborts them all.
pub(super) async fn accept(
    listener: TcpListener,
    door: Door,
    shared: Arc<Shared>,
    mut stopped: oneshot::Receiver<()>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, remote)) => match take_place(&shared, remote, door) {
                    Ok(place) => {
                        connections.spawn(serve(stream, remote, door, place, Arc::clone(&shared)));
                    }
                    Err(refusal) => {
                        shared.counters.refused(refusal);
                        tracing::debug!(%remote, "no place: {refusal:?}");
                    }
                },
                Err(error) => {
                    // Out of file descriptors, most likely: waiting is all that helps.
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = &mut stopped => return connections,
        }
    }
}

/// Decides whether a connection may stay, before anything is read from it. Behind a proxy the client's address becomes known
/// only with the request. Monitoring has places of its own.
fn take_place(shared: &Shared, remote: SocketAddr, door: Door) -> Result<Place, Refusal> {
    let places = match door {
        Door::Clients => &shared.places,
        Door::Metrics => &shared.metrics_places,
    };
    let mut place = places.take().map_err(refusal)?;
    if !is_trusted(&shared.config.trusted_proxies, remote.ip()) {
        place.assign(remote.ip()).map_err(refusal)?;
    }
    Ok(place)
}

fn refusal(crowded: Crowded) -> Refusal {
    match crowded {
        Crowded::Server => Refusal::ServerFull,
        Crowded::Address => Refusal::AddressFull,
    }
}

/// Serves one TCP connection, first as HTTP and then, if it asks for it, as WebSocket.
async fn serve(tcp: TcpStream, remote: SocketAddr, door: Door, place: Place, shared: Arc<Shared>) {
    let _ = tcp.set_nodelay(true);
    // Boxed, so that an idle WebSocket does not keep the memory of the handshakes.
    let Some(stream) = Box::pin(encrypt(tcp, remote, door, &shared)).await else { return };
    let (accepted, _place) = {
        let visit = Visit {
            shared: &shared,
            remote,
            door,
            place: Mutex::new(place),
            accepted: Mutex::default(),
        };
        Box::pin(visit.serve(stream)).await;
        let accepted = visit.accepted.into_inner().unwrap_or_else(PoisonError::into_inner);
        (accepted, visit.place)
    };
    let Some((on_upgrade, seat)) = accepted else { return };
    let max_message_size = shared.config.limits.max_message_size;
    if let Some(socket) = upgrade::take_over(on_upgrade, max_message_size).await {
        socket::serve(socket, seat).await;
    }
}

/// The TLS handshake, if there is a certificate.
async fn encrypt(
    tcp: TcpStream,
    remote: SocketAddr,
    door: Door,
    shared: &Shared,
) -> Option<Stream> {
    let Some(tls) = shared.tls.as_ref().filter(|_| door == Door::Clients) else {
        return Some(Either::Left(tcp));
    };
    let handshake = tls.acceptor().accept(tcp);
    let refusal = match timeout(shared.config.bounds.request_timeout, handshake).await {
        Ok(Ok(stream)) => return Some(Either::Right(Box::new(stream))),
        Ok(Err(error)) => {
            tracing::debug!(%remote, "the TLS handshake failed: {error}");
            Refusal::Tls
        }
        Err(_) => {
            tracing::debug!(%remote, "the TLS handshake took too long");
            Refusal::TooSlow
        }
    };
    shared.counters.refused(refusal);
    None
}

/// The pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
