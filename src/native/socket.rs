//! One WebSocket, from the dial to the end.

use std::task::{Context, Poll, ready};

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::dial::{WebSocket, dial};
use super::json::parse;
use super::tls::Tls;
use crate::client::BoxFuture;
use crate::data::Payload;
use metered_realtime_proto::machine::{Close, SocketId};
use metered_realtime_proto::wire::{Malformed, Secret, ServerFrame};

pub(super) struct Socket {
    pub(super) id: SocketId,
    phase: Phase,
}

/// ```text
/// Dialling ──► Open ──► Over
///     └──────────────────▲
/// ```
enum Phase {
    Dialling(BoxFuture<Result<WebSocket, Close>>),
    Open {
        websocket: Box<WebSocket>,
        /// Frames wait to be flushed.
        dirty: bool,
    },
    Over,
}

/// What happened on a socket.
#[derive(Debug)]
pub(super) enum SocketEvent {
    Opened,
    Frame(ServerFrame<Payload>),
    Malformed(Malformed),
    Binary,
    Oversize,
    /// The last event.
    Closed(Close),
}

impl Socket {
    pub(super) fn open(id: SocketId, address: Secret, tls: Tls) -> Socket {
        Socket { id, phase: Phase::Dialling(Box::pin(dial(address, tls))) }
    }

    /// The next event. Flushes queued frames first.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<SocketEvent> {
        let event = match &mut self.phase {
            Phase::Dialling(dial) => match ready!(dial.as_mut().poll(cx)) {
                Ok(websocket) => {
                    self.phase = Phase::Open { websocket: Box::new(websocket), dirty: false };
                    SocketEvent::Opened
                }
                Err(close) => SocketEvent::Closed(close),
            },
            Phase::Open { websocket, dirty } => {
                if *dirty && websocket.poll_flush_unpin(cx).is_ready() {
                    // An error comes up again when the socket is read.
                    *dirty = false;
                }
                ready!(read(websocket, cx))
            }
            Phase::Over => return Poll::Pending,
        };
        if matches!(event, SocketEvent::Closed(_)) {
            self.phase = Phase::Over;
        }
        Poll::Ready(event)
    }

    /// Queues a text frame. `false`: it cannot be sent.
    pub(super) fn send(&mut self, text: String) -> bool {
        self.queue(Message::text(text))
    }

    /// Starts the closing handshake. `false`: the socket is not open, so there is no handshake, and the socket is over.
    pub(super) fn close(&mut self, code: u16, reason: &str) -> bool {
        let started = self.queue(close_frame(code, reason));
        if !started {
            self.phase = Phase::Over;
        }
        started
    }

    /// Sends a close frame, unless the operating system makes it wait. The caller drops the socket after this.
    pub(super) fn send_close_now(&mut self, code: u16, reason: &str) {
        if self.queue(close_frame(code, reason))
            && let Phase::Open { websocket, .. } = &mut self.phase
        {
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let _ = websocket.poll_flush_unpin(&mut cx);
        }
    }

    fn queue(&mut self, message: Message) -> bool {
        match &mut self.phase {
            Phase::Open { websocket, dirty } => {
                *dirty = true;
                // The library's buffer has no limit, so it need not be ready first.
                websocket.start_send_unpin(message).is_ok()
            }
            Phase::Dialling(_) | Phase::Over => false,
        }
    }
}

fn read(websocket: &mut WebSocket, cx: &mut Context<'_>) -> Poll<SocketEvent> {
    loop {
        return Poll::Ready(match ready!(websocket.poll_next_unpin(cx)) {
            Some(Ok(Message::Text(text))) => {
                parse(&text).map_or_else(SocketEvent::Malformed, SocketEvent::Frame)
            }
            Some(Ok(Message::Binary(_))) => SocketEvent::Binary,
            Some(Ok(Message::Close(frame))) => {
                // The library has queued the answer.
                let _ = websocket.poll_flush_unpin(cx);
                SocketEvent::Closed(close_of(frame))
            }
            // The library has queued the answer to a ping. It is sent by the next read.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(Error::Capacity(_))) => SocketEvent::Oversize,
            Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => {
                SocketEvent::Closed(Close::new(1006, ""))
            }
            Some(Err(error)) => SocketEvent::Closed(Close::failed("", &error.to_string())),
        });
    }
}

fn close_frame(code: u16, reason: &str) -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() }))
}

/// 1005 stands for a close frame without a code.
fn close_of(frame: Option<CloseFrame>) -> Close {
    match frame {
        Some(frame) => Close::new(frame.code.into(), frame.reason.as_str()),
        None => Close::new(1005, ""),
    }
}
