//! One WebSocket of the machine's, from the dial to the end.

use std::io;
use std::task::{Context, Poll, ready};

use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};

use super::dial::{WebSocket, dial};
use super::json::parse;
use super::tls::Tls;
use super::transport::Next;
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
        /// Something is written that was not flushed.
        dirty: bool,
        /// What comes next cannot be read.
        broken: bool,
    },
    /// Its end is reported.
    Over,
}

/// What happened on a socket.
#[derive(Debug)]
pub(super) enum News {
    Opened,
    Frame(ServerFrame<Payload>),
    Malformed(Malformed),
    Binary,
    Oversize,
    Closed(Close),
}

impl News {
    fn of(text: &str) -> News {
        parse(text).map_or_else(News::Malformed, News::Frame)
    }
}

impl Socket {
    pub(super) fn open(id: SocketId, address: Secret, tls: Tls) -> Socket {
        Socket { id, phase: Phase::Dialling(Box::pin(dial(address, tls))) }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// The next thing that happened. Writes what was sent before it looks.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        match &mut self.phase {
            Phase::Dialling(dial) => match ready!(dial.as_mut().poll(cx)) {
                Ok(websocket) => {
                    let websocket = Box::new(websocket);
                    self.phase = Phase::Open { websocket, dirty: false, broken: false };
                    Poll::Ready(News::Opened)
                }
                Err(close) => self.end(close),
            },
            Phase::Open { websocket, dirty, broken: false } => {
                websocket.get_mut().serve(cx);
                if *dirty && !would_block(&websocket.flush()) {
                    // If it failed, reading fails too, and says more.
                    *dirty = false;
                }
                self.read()
            }
            Phase::Open { .. } => self.end(Close::new(1006, "")),
            Phase::Over => Poll::Pending,
        }
    }

    fn read(&mut self) -> Poll<News> {
        let Phase::Open { websocket, dirty, broken } = &mut self.phase else {
            return Poll::Pending;
        };
        loop {
            let transport = websocket.get_mut();
            let read = match transport.next() {
                Ok(Next::Text(place)) => match str::from_utf8(transport.take(place)) {
                    Ok(text) => return Poll::Ready(News::of(text)),
                    Err(error) => Err(error.into()),
                },
                Ok(Next::Other) => websocket.read(),
                Err(error) => Err(error.into()),
            };
            if would_block(&read) {
                return Poll::Pending;
            }
            return match read {
                Ok(Message::Text(text)) => Poll::Ready(News::of(&text)),
                Ok(Message::Binary(_)) => Poll::Ready(News::Binary),
                Ok(Message::Close(frame)) => {
                    // The answer to the peer's close was queued by the library.
                    let _ = websocket.flush();
                    self.end(close_of(frame))
                }
                Ok(Message::Ping(_)) => {
                    // So was that to a ping.
                    *dirty = would_block(&websocket.flush());
                    continue;
                }
                Ok(Message::Pong(_) | Message::Frame(_)) => continue,
                Err(Error::Capacity(_)) => {
                    *broken = true;
                    Poll::Ready(News::Oversize)
                }
                Err(error) => self.end(broken_by(&error)),
            };
        }
    }

    fn end(&mut self, close: Close) -> Poll<News> {
        self.phase = Phase::Over;
        Poll::Ready(News::Closed(close))
    }

    /// Queues a text. `false`: it cannot be sent.
    pub(super) fn send(&mut self, text: String) -> bool {
        match &mut self.phase {
            Phase::Open { websocket, dirty, .. } => {
                *dirty = true;
                write(websocket, Message::text(text))
            }
            Phase::Dialling(_) | Phase::Over => false,
        }
    }

    /// Starts the closing handshake; its end is news. An attempt to dial ends at once.
    pub(super) fn close(&mut self, code: u16, reason: &str) -> Option<News> {
        match &mut self.phase {
            Phase::Open { websocket, dirty, .. } => {
                *dirty = true;
                let sent = write(websocket, close_frame(code, reason));
                if sent { None } else { Some(self.closed_here(code, reason)) }
            }
            Phase::Dialling(_) | Phase::Over => Some(self.closed_here(code, reason)),
        }
    }

    fn closed_here(&mut self, code: u16, reason: &str) -> News {
        self.phase = Phase::Over;
        News::Closed(Close::new(code, reason))
    }

    /// Ends it at once: a close frame if there is room for it, and the connection is gone.
    pub(super) fn abandon(mut self, code: u16, reason: &str) {
        if let Phase::Open { websocket, .. } = &mut self.phase
            && write(websocket, close_frame(code, reason))
        {
            // What the operating system takes without a wait.
            let _ = websocket.flush();
        }
    }
}

/// Queues a message. `false`: it cannot be sent.
fn write(websocket: &mut WebSocket, message: Message) -> bool {
    let written = websocket.write(message);
    // It waits in the library's buffer then.
    written.is_ok() || would_block(&written)
}

fn would_block<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock)
}

fn broken_by(error: &Error) -> Close {
    let is_end = matches!(error, Error::ConnectionClosed | Error::AlreadyClosed);
    if is_end { Close::new(1006, "") } else { Close::failed("", &error.to_string()) }
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
