//! The connection below HTTP and WebSocket: TCP or TLS, with a valve for the fault `drip`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// TCP, or TLS over it.
pub(super) type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A connection that can be made to trickle.
#[derive(Debug)]
pub(super) struct Link {
    stream: Stream,
    valve: Option<Box<Valve>>,
}

/// How fast bytes trickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drip {
    pub(super) bytes: usize,
    pub(super) interval: Duration,
}

#[derive(Debug)]
struct Valve {
    drip: Drip,
    shut: Option<Pin<Box<Sleep>>>,
}

impl Link {
    pub(super) fn new(stream: Stream) -> Link {
        Link { stream, valve: None }
    }

    /// From now on, writes only a few bytes at a time.
    pub(super) fn drip(&mut self, drip: Drip) {
        self.valve = Some(Box::new(Valve { drip, shut: None }));
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Link { stream, valve } = &mut *self;
        let Some(valve) = valve else { return Pin::new(stream).poll_write(cx, bytes) };
        if let Some(shut) = &mut valve.shut {
            ready!(shut.as_mut().poll(cx));
        }
        let few = &bytes[..bytes.len().min(valve.drip.bytes)];
        let written = ready!(Pin::new(stream).poll_write(cx, few));
        valve.shut = Some(Box::pin(sleep(valve.drip.interval)));
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}
