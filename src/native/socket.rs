//! One WebSocket of the machine's, from the dial to the end.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures::{Sink, StreamExt};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::dial::{Stream, dial};
use super::json::parse;
use super::tls::Tls;
use crate::client::BoxFuture;
use crate::data::Payload;
use crate::machine::{Close, SocketId};
use crate::wire::{Malformed, Secret, ServerFrame};

pub(super) struct Socket {
    pub(super) id: SocketId,
    phase: Phase,
}

/// ```text
/// Dialling ──► Open ──► Over
///     └──────────────────▲
/// ```
enum Phase {
    Dialling(BoxFuture<Result<Stream, Close>>),
    Open {
        stream: Box<Stream>,
        /// Something is written that was not flushed.
        dirty: bool,
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
                Ok(stream) => {
                    self.phase = Phase::Open { stream: Box::new(stream), dirty: false };
                    Poll::Ready(News::Opened)
                }
                Err(close) => self.end(close),
            },
            Phase::Open { stream, dirty } => {
                if *dirty && Pin::new(&mut **stream).poll_flush(cx).is_ready() {
                    // If it failed, reading fails too, and says more.
                    *dirty = false;
                }
                self.read(cx)
            }
            Phase::Over => Poll::Pending,
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        let Phase::Open { stream, .. } = &mut self.phase else { return Poll::Pending };
        loop {
            return match ready!(stream.poll_next_unpin(cx)) {
                // The text is let go here, so the library's buffer is used again for the next ones.
                Some(Ok(Message::Text(text))) => Poll::Ready(match parse(&text) {
                    Ok(frame) => News::Frame(frame),
                    Err(why) => News::Malformed(why),
                }),
                Some(Ok(Message::Binary(_))) => Poll::Ready(News::Binary),
                Some(Ok(Message::Close(frame))) => {
                    // The answer to the peer's close was queued by the library.
                    flush_once(stream);
                    self.end(close_of(frame))
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(Error::Capacity(_))) => Poll::Ready(News::Oversize),
                Some(Err(error)) => self.end(Close::failed("", &error.to_string())),
                None => self.end(Close::new(1006, "")),
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
            Phase::Open { stream, dirty } => {
                *dirty = true;
                Pin::new(&mut **stream).start_send(Message::text(text)).is_ok()
            }
            Phase::Dialling(_) | Phase::Over => false,
        }
    }

    /// Starts the closing handshake; its end is news. An attempt to dial ends at once.
    pub(super) fn close(&mut self, code: u16, reason: &str) -> Option<News> {
        match &mut self.phase {
            Phase::Open { stream, dirty } => {
                *dirty = true;
                match Pin::new(&mut **stream).start_send(close_frame(code, reason)) {
                    Ok(()) => None,
                    Err(_) => Some(self.closed_here(code, reason)),
                }
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
        if let Phase::Open { stream, .. } = &mut self.phase
            && Pin::new(&mut **stream).start_send(close_frame(code, reason)).is_ok()
        {
            flush_once(stream);
        }
    }
}

/// Writes what the operating system takes without a wait.
fn flush_once(stream: &mut Stream) {
    let _ = Pin::new(stream).poll_flush(&mut Context::from_waker(Waker::noop()));
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
