//! That whatever arrives, and however it is cut, is what the library alone would have read.

use std::collections::VecDeque;
use std::io::Cursor;

use proptest::prelude::*;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

use super::*;

/// A connection on which pieces arrive, each after a wait, and then the end.
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    waits: bool,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.waits = !self.waits;
        if self.waits {
            return Poll::Pending;
        }
        if let Some(mut piece) = self.pieces.pop_front() {
            let rest = piece.split_off(piece.len().min(room.remaining()));
            room.put_slice(&piece);
            if !rest.is_empty() {
                self.pieces.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The same for the library alone: all of it is there at once.
struct Whole(Cursor<Vec<u8>>);

impl Read for Whole {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn limits() -> Option<WebSocketConfig> {
    Some(WebSocketConfig::default().max_message_size(Some(30_000)).max_frame_size(Some(30_000)))
}

/// What is read up to a close or the first error, after which nobody reads on.
fn all(mut read: impl FnMut() -> Result<Message, Error>) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        match read() {
            Ok(message) => {
                all.push(format!("{message:?}"));
                if message.is_close() {
                    return all;
                }
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                all.push(error.to_string());
                return all;
            }
        }
    }
}

fn through_a_transport(pieces: VecDeque<Vec<u8>>) -> Vec<String> {
    let mut transport = Transport::new(Pieces { pieces, waits: false });
    transport.upgraded = true;
    let mut websocket = WebSocket::from_raw_socket(transport, Role::Client, limits());
    all(move || match websocket.get_mut().next()? {
        Next::Text(place) => {
            let text = str::from_utf8(websocket.get_mut().take(place))?;
            Ok(Message::text(text))
        }
        Next::Other => websocket.read(),
    })
}

fn by_the_library(bytes: Vec<u8>) -> Vec<String> {
    let mut websocket =
        WebSocket::from_raw_socket(Whole(Cursor::new(bytes)), Role::Client, limits());
    all(move || websocket.read())
}

/// Frames as servers send them, and some that they must not send.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => Just(0x81_u8),
        4 => prop::sample::select(&[0x01, 0x00, 0x80, 0x82, 0x89, 0x8A]),
        1 => prop::sample::select(&[0x88, 0x02, 0xC1, 0x83, 0x09, 0x91]),
    ];
    let length = prop_oneof![
        8 => 0..140_usize,
        2 => prop::sample::select(&[16_370_usize, 16_379, 16_380, 16_381, 16_384, 20_000]),
        1 => Just(30_001_usize),
    ];
    // The second looks like frames itself.
    let bytes =
        prop_oneof![16 => Just([b'x'; 3]), 4 => Just([0x00, 0x81, 0x00]), 1 => any::<[u8; 3]>()];
    let frame = (first, length, bytes, prop::bool::weighted(0.02)).prop_map(frame);
    prop::collection::vec(frame, 0..12).prop_map(|frames| frames.concat())
}

fn frame((first, length, pattern, masked): (u8, usize, [u8; 3], bool)) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(mask | length as u8),
        _ => bytes.extend([&[mask | 126], &(length as u16).to_be_bytes()[..]].concat()),
    }
    if masked {
        bytes.extend([1, 2, 3, 4]);
    }
    bytes.extend(pattern.iter().cycle().take(length));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_arrives_is_what_the_library_alone_would_read(
        mut bytes in frames(),
        missing in prop_oneof![Just(0), 0..30_usize],
        cut in prop_oneof![1..40_usize, 40..40_000_usize],
    ) {
        bytes.truncate(bytes.len().saturating_sub(missing));
        let pieces = bytes.chunks(cut).map(<[u8]>::to_vec).collect();
        prop_assert_eq!(through_a_transport(pieces), by_the_library(bytes));
    }
}
