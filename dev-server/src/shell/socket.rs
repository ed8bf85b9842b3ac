//! One WebSocket, from the welcome to its end.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use metered_realtime::wire::{CloseCode, fit_reason};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::outbox::{End, Outbox};
use super::shared::{Seat, Shared};

/// A WebSocket over TCP.
pub(super) type Socket = WebSocketStream<TcpStream>;

/// How the transport is set up: small buffers, as most connections idle, and no frame larger than allowed.
pub(super) fn transport(max_message_size: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(32 << 10)
        .max_message_size(Some(max_message_size))
        .max_frame_size(Some(max_message_size))
}

/// Serves a connection until it ends.
pub(super) async fn serve(mut socket: Socket, seat: Seat) {
    let end = run(&mut socket, &seat).await;
    let outbox = std::sync::Arc::clone(&seat.outbox);
    drop(seat); // The others hear of it now, not after the closing handshake.
    match end {
        Ended::ByServer(End::Drop) | Ended::Lost => {}
        Ended::ByServer(End::Close { code, reason }) => {
            let closing = close(&mut socket, code, &reason);
            tokio::select! {
                _ = timeout(CLOSE_TIMEOUT, closing) => {}
                () = dropped(&outbox) => {}
            }
        }
        Ended::TooBig => {
            let code = CloseCode::MessageTooBig.as_u16();
            let _ =
                timeout(CLOSE_TIMEOUT, refuse_frame(&mut socket, code, "frame too large")).await;
        }
        Ended::BadText => {
            let _ =
                timeout(CLOSE_TIMEOUT, refuse_frame(&mut socket, 1007, "text is not UTF-8")).await;
        }
        Ended::ByClient => {
            let _ = timeout(CLOSE_TIMEOUT, socket.close(None)).await;
        }
    }
}

enum Ended {
    ByServer(End),
    ByClient,
    TooBig,
    BadText,
    Lost,
}

async fn run(socket: &mut Socket, seat: &Seat) -> Ended {
    let mut pings = pings(&seat.shared);
    let mut batch = VecDeque::new();
    loop {
        tokio::select! {
            biased;
            () = seat.outbox.changed() => {
                if let Some(ended) = write_queued(socket, &seat.outbox, &mut batch).await {
                    return ended;
                }
            }
            frame = socket.next() => {
                if let Some(ended) = read(frame, seat) {
                    return ended;
                }
            }
            _ = pings.tick() => {
                if socket.send(Message::Ping(Bytes::new())).await.is_err() {
                    return Ended::Lost;
                }
            }
        }
    }
}

/// Writes what is queued with as few system calls as possible: feed all, flush once.
async fn write_queued(
    socket: &mut Socket,
    outbox: &Outbox,
    batch: &mut VecDeque<Message>,
) -> Option<Ended> {
    let end = outbox.take(batch);
    if end == Some(End::Drop) {
        return Some(Ended::ByServer(End::Drop));
    }
    let writing = async {
        while let Some(message) = batch.pop_front() {
            socket.feed(message).await?;
        }
        socket.flush().await
    };
    if let Some(end) = end {
        // Closing: what is queued goes first, for as long as a closing handshake may take.
        let _ = timeout(CLOSE_TIMEOUT, writing).await;
        return Some(Ended::ByServer(end));
    }
    let written = tokio::select! {
        biased;
        written = writing => written,
        end = outbox.ended() => return Some(Ended::ByServer(end)),
    };
    if batch.capacity() > IDLE_CAPACITY {
        batch.shrink_to(IDLE_CAPACITY);
    }
    written.is_err().then_some(Ended::Lost)
}

fn read(frame: Option<Result<Message, Error>>, seat: &Seat) -> Option<Ended> {
    match frame {
        Some(Ok(Message::Text(text))) => {
            seat.shared.drive(|hub, now| hub.text(seat.id, &text, now));
            None
        }
        Some(Ok(Message::Binary(_))) => {
            seat.shared.drive(|hub, _| hub.binary(seat.id));
            None
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
        Some(Ok(Message::Close(_))) => Some(Ended::ByClient),
        Some(Err(Error::Capacity(_))) => Some(Ended::TooBig),
        Some(Err(Error::Utf8(_))) => Some(Ended::BadText),
        Some(Err(_)) | None => Some(Ended::Lost),
    }
}

async fn close(socket: &mut Socket, code: u16, reason: &str) -> Result<(), Error> {
    let frame = CloseFrame { code: code.into(), reason: fit_reason(reason).into() };
    socket.close(Some(frame)).await?;
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}

/// Closes after a frame that was not read to its end: what follows is no frame, and is read only so that the close
/// frame is not lost to a TCP reset.
async fn refuse_frame(socket: &mut Socket, code: u16, reason: &str) {
    let frame = CloseFrame { code: code.into(), reason: reason.into() };
    if socket.close(Some(frame)).await.is_ok() {
        let mut rest = [0; 4096];
        while let Ok(1..) = socket.get_mut().read(&mut rest).await {}
    }
}

async fn dropped(outbox: &Outbox) {
    while outbox.ended().await != End::Drop {
        outbox.changed().await;
    }
}

fn pings(shared: &Shared) -> Interval {
    let period = shared.config.ping_interval;
    let mut pings = interval_at(Instant::now() + period, period);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

/// How long a closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What an idle connection's batch may keep allocated.
const IDLE_CAPACITY: usize = 16;
