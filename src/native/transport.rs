//! The connection below a WebSocket. Nearly all that arrives are texts of one frame each, and those are taken right here. The
//! library reads everything else: it gets the bytes of other frames, and no byte of the next one.
//!
//! What would have to wait is an error, `WouldBlock`, and wakes the task when it is worth another try.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// TCP, or TLS over it.
trait Connection: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Connection for T {}

pub(super) struct Transport {
    connection: Pin<Box<dyn Connection>>,
    /// Of the one task that reads and writes.
    waker: Waker,
    buffer: Box<[u8]>,
    /// Where in the buffer is what has arrived and nobody has read.
    arrived: Range<usize>,
    /// So many bytes the library has to read before anything else.
    lent: u64,
    /// The answer to the upgrade has arrived.
    upgraded: bool,
    /// The library has the beginning of a message whose other frames come.
    fragmented: bool,
}

/// What comes next.
pub(super) enum Next {
    /// A text at this place in the buffer; see [`take`](Transport::take).
    Text(Range<usize>),
    /// Something that the library has to read.
    Other,
}

impl Transport {
    pub(super) fn new(connection: impl AsyncRead + AsyncWrite + Send + 'static) -> Transport {
        Transport {
            connection: Box::pin(connection),
            waker: Waker::noop().clone(),
            buffer: vec![0; BUFFER].into(),
            arrived: 0..0,
            lent: 0,
            upgraded: false,
            fragmented: false,
        }
    }

    /// From now on this is who is woken.
    pub(super) fn serve(&mut self, cx: &Context<'_>) {
        self.waker.clone_from(cx.waker());
    }

    /// Finds out what comes next, and receives more if it has to.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        loop {
            if self.lent > 0 {
                return Ok(Next::Other);
            }
            if let Some(next) = self.look() {
                return Ok(next);
            }
            if self.receive()? == 0 {
                // The rest is the library's, with the end that it then sees as well.
                self.lent = u64::MAX;
            }
        }
    }

    /// Takes a text that comes next.
    pub(super) fn take(&mut self, text: Range<usize>) -> &[u8] {
        self.arrived.start = text.end;
        &self.buffer[text]
    }

    /// What comes next, if enough of it has arrived. Lends the library what is for it.
    fn look(&mut self) -> Option<Next> {
        let arrived = &self.buffer[self.arrived.clone()];
        if !self.upgraded {
            let end = arrived.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END);
            self.upgraded = end.is_some();
            self.lent = match end {
                Some(at) => (at + HEAD_END.len()) as u64,
                // That it is too long is the library's to say.
                None if arrived.len() == self.buffer.len() => arrived.len() as u64,
                None => return None,
            };
            return Some(Next::Other);
        }
        let frame = Frame::of(arrived)?;
        if frame.is_text && !self.fragmented && frame.size <= self.buffer.len() as u64 {
            let start = self.arrived.start;
            let text = start + frame.header..start + frame.size as usize;
            return (text.end <= self.arrived.end).then_some(Next::Text(text));
        }
        if let Some(is_last) = frame.is_last_of_message {
            self.fragmented = !is_last;
        }
        self.lent = frame.size;
        Some(Next::Other)
    }

    /// Receives more behind what has arrived.
    fn receive(&mut self) -> io::Result<usize> {
        self.buffer.copy_within(self.arrived.clone(), 0);
        self.arrived = 0..self.arrived.len();
        let mut cx = Context::from_waker(&self.waker);
        let room = &mut self.buffer[self.arrived.end..];
        let received = read(self.connection.as_mut(), &mut cx, room)?;
        self.arrived.end += received;
        Ok(received)
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Next::Text(_) = self.next()? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let most = usize::try_from(self.lent).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..most];
        let count = if self.arrived.is_empty() {
            let mut cx = Context::from_waker(&self.waker);
            read(self.connection.as_mut(), &mut cx, buffer)?
        } else {
            (&self.buffer[self.arrived.clone()]).read(buffer)?
        };
        self.arrived.start = self.arrived.end.min(self.arrived.start + count);
        self.lent -= count as u64;
        Ok(count)
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        at_once(self.connection.as_mut().poll_write(&mut Context::from_waker(&self.waker), bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        at_once(self.connection.as_mut().poll_flush(&mut Context::from_waker(&self.waker)))
    }
}

/// What the beginning of a frame says (RFC 6455, section 5.2).
struct Frame {
    /// A whole message of text, as servers send it.
    is_text: bool,
    /// `None`: it is a control frame, which may come between those of a message.
    is_last_of_message: Option<bool>,
    /// How many bytes come before the payload.
    header: usize,
    /// How many bytes it has in all.
    size: u64,
}

impl Frame {
    /// `None`: too little of it has arrived.
    fn of(arrived: &[u8]) -> Option<Frame> {
        let (&[first, second], rest) = arrived.split_first_chunk()?;
        let is_masked = second >= 0x80;
        let (length, payload) = match second & 0x7F {
            126 => (2, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
            127 => (8, u64::from_be_bytes(*rest.first_chunk()?)),
            payload => (0, u64::from(payload)),
        };
        let header = 2 + length + if is_masked { 4 } else { 0 };
        Some(Frame {
            is_text: first == 0x81 && !is_masked,
            is_last_of_message: (first & 0x08 == 0).then_some(first >= 0x80),
            header,
            size: payload.saturating_add(header as u64),
        })
    }
}

fn read(
    connection: Pin<&mut dyn Connection>,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let mut buffer = ReadBuf::new(buffer);
    at_once(connection.poll_read(cx, &mut buffer))?;
    Ok(buffer.filled().len())
}

fn at_once<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// The end of the answer to the upgrade.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Bytes that are received at once: a hundred small messages, and little enough for thousands of clients in a process.
const BUFFER: usize = 16 * 1024;

#[cfg(test)]
mod tests;
