//! One WebSocket, from the welcome to its end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use metered_realtime_proto::wire::{CloseCode, fit_reason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::counters::Refusal;
use super::link::Link;
use super::outbox::{End, Outbox};
use super::shared::{Seat, Shared};
use super::silence::Silence;

/// A WebSocket over TCP or TLS.
pub(super) type Socket = WebSocketStream<Link>;

/// How the transport is set up: small buffers, as most connections idle, and no frame larger than allowed. TLS has a buffer
/// for reading of its own, so less is needed here.
pub(super) fn transport(max_message_size: usize, is_encrypted: bool) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(if is_encrypted { 1 << 10 } else { 4 << 10 })
        .write_buffer_size(32 << 10)
        .max_message_size(Some(max_message_size))
        .max_frame_size(Some(max_message_size))
}

/// Serves a connection until it ends.
pub(super) async fn serve(mut socket: Socket, seat: Seat) {
    let ended = run(&mut socket, &seat).await;
    if matches!(ended, Ended::Silent) {
        seat.shared.counters.refused(Refusal::Silent);
    }
    let outbox = Arc::clone(&seat.outbox);
    if matches!(ended, Ended::ByServer(End::HalfOpen)) {
        // The hub still counts the peer as connected.
        return outbox.dropped().await;
    }
    drop(seat); // Other peers learn of it now, not after the closing handshake.
    let closing = timeout(CLOSE_TIMEOUT, finish(&mut socket, ended));
    tokio::select! {
        _ = closing => {}
        () = outbox.dropped() => {}
    }
}

enum Ended {
    ByServer(End),
    ByClient,
    TooBig,
    BadText,
    Lost,
    Silent,
}

async fn run(socket: &mut Socket, seat: &Seat) -> Ended {
    let mut pings = pings(&seat.shared);
    let mut silence = Silence::new(seat.shared.config.bounds.silence_timeout);
    let mut batch = VecDeque::new();
    loop {
        tokio::select! {
            biased;
            () = seat.outbox.changed() => {
                let written = write_queued(socket, &seat.outbox, &mut batch, &mut silence).await;
                if let Some(ended) = written {
                    return ended;
                }
            }
            frame = socket.next() => {
                silence.broken();
                if let Some(ended) = read(frame, seat) {
                    return ended;
                }
            }
            _ = pings.tick() => {
                if seat.outbox.push(Message::Ping(Bytes::new())).is_err() {
                    tracing::debug!("no room for a ping");
                }
            }
            () = silence.too_long() => return Ended::Silent,
        }
    }
}

/// Writes what is queued with as few system calls as possible: feed all, flush once.
async fn write_queued(
    socket: &mut Socket,
    outbox: &Outbox,
    batch: &mut VecDeque<Message>,
    silence: &mut Silence,
) -> Option<Ended> {
    let taken = outbox.take(batch);
    if let Some(drip) = taken.drip {
        socket.get_mut().drip(drip);
    }
    match taken.end {
        Some(end @ (End::Drop | End::HalfOpen)) => return Some(Ended::ByServer(end)),
        Some(end @ End::Close { .. }) => {
            // Queued frames go first, within the time of a closing handshake.
            let _ = timeout(CLOSE_TIMEOUT, write(socket, batch)).await;
            return Some(Ended::ByServer(end));
        }
        None => {}
    }
    tokio::select! {
        biased;
        written = write(socket, batch) => {
            if written.is_err() {
                return Some(Ended::Lost);
            }
        }
        // The peer does not read. The end is still in the outbox.
        () = outbox.ended() => return outbox.take(batch).end.map(Ended::ByServer),
        () = silence.too_long() => return Some(Ended::Silent),
    }
    if batch.capacity() > IDLE_CAPACITY {
        batch.shrink_to(IDLE_CAPACITY);
    }
    None
}

async fn write(socket: &mut Socket, batch: &mut VecDeque<Message>) -> Result<(), Error> {
    while let Some(message) = batch.pop_front() {
        socket.feed(message).await?;
    }
    socket.flush().await
}

fn read(frame: Option<Result<Message, Error>>, seat: &Seat) -> Option<Ended> {
    match frame {
        Some(Ok(Message::Text(text))) => {
            seat.shared.drive(|hub, now| hub.text(seat.id, &text, now));
            None
        }
        Some(Ok(Message::Binary(_))) => {
            seat.shared.drive(|hub, now| hub.binary(seat.id, now));
            None
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
        Some(Ok(Message::Close(_))) => Some(Ended::ByClient),
        Some(Err(Error::Capacity(_))) => Some(Ended::TooBig),
        Some(Err(Error::Utf8(_))) => Some(Ended::BadText),
        Some(Err(_)) | None => Some(Ended::Lost),
    }
}

/// The closing handshake.
async fn finish(socket: &mut Socket, ended: Ended) {
    let result = match ended {
        Ended::ByServer(End::Close { code, reason }) => close(socket, code, &reason).await,
        // Reading on is what sends the answer, which the library has already prepared.
        Ended::ByClient => read_out(socket).await,
        Ended::TooBig => {
            let code = CloseCode::MessageTooBig.as_u16();
            refuse_frame(socket, code, "frame too large").await
        }
        Ended::BadText => refuse_frame(socket, INVALID_PAYLOAD, "text is not UTF-8").await,
        Ended::ByServer(End::Drop | End::HalfOpen) | Ended::Lost | Ended::Silent => Ok(()),
    };
    if let Err(error) = result {
        tracing::debug!("the closing handshake failed: {error}");
    }
}

async fn close(socket: &mut Socket, code: u16, reason: &str) -> Result<(), Error> {
    let frame = CloseFrame { code: code.into(), reason: fit_reason(reason).into() };
    socket.close(Some(frame)).await?;
    read_out(socket).await
}

async fn read_out(socket: &mut Socket) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        message?;
    }
    Ok(())
}

/// Closes after a frame that was refused before its end. The rest is read and dropped, so that a TCP reset does not discard
/// the close frame.
async fn refuse_frame(socket: &mut Socket, code: u16, reason: &str) -> Result<(), Error> {
    let frame = CloseFrame { code: code.into(), reason: reason.into() };
    socket.close(Some(frame)).await?;
    // A client that has answered waits for the server to end TCP first (RFC 6455, 7.1.1).
    socket.get_mut().shutdown().await?;
    let mut rest = [0; 4096];
    while let 1.. = socket.get_mut().read(&mut rest).await? {}
    Ok(())
}

fn pings(shared: &Shared) -> Interval {
    let period = shared.config.ping_interval;
    let mut pings = interval_at(Instant::now() + period, period);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

/// How long a closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// RFC 6455: data that does not fit its type, such as text that is not UTF-8.
const INVALID_PAYLOAD: u16 = 1007;

/// The capacity that an idle connection's batch may keep.
const IDLE_CAPACITY: usize = 16;
