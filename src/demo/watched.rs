//! The server's end of a connection, which tells of each WebSocket message that it reads or writes whole.
//!
//! It tells by a `tracing` span for each, with the number of the peer's port, the message's length and its CRC-32. Bytes pass as they
//! are; only a read ends where a message does, so that whoever reads does with one message after the other.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flate2::Crc;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection of the server.
#[derive(Debug)]
pub struct Watched {
    stream: TcpStream,
    port: u16,
    /// What was read and is to be handed on after what was handed on.
    ahead: Vec<u8>,
    from_client: Messages,
    to_client: Messages,
}

impl Watched {
    /// Watches a connection to a peer on this port.
    pub fn new(stream: TcpStream, port: u16) -> Watched {
        Watched {
            stream,
            port,
            ahead: Vec::new(),
            from_client: Messages::default(),
            to_client: Messages::default(),
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let watched = &mut *self;
        if watched.ahead.is_empty() {
            let mut bytes = [0; 4096];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut watched.stream).poll_read(cx, &mut read))?;
            watched.ahead.extend_from_slice(read.filled());
        }
        let room = watched.ahead.len().min(buf.remaining());
        let offered = watched.ahead.get(..room).unwrap_or_default();
        let (taken, message) = watched.from_client.take(offered);
        buf.put_slice(offered.get(..taken).unwrap_or_default());
        watched.ahead.drain(..taken);
        if let Some((length, crc32)) = message {
            tracing::info_span!("Watched.poll_read", port = watched.port, received = length, crc32)
                .in_scope(|| ());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let watched = &mut *self;
        let written = ready!(Pin::new(&mut watched.stream).poll_write(cx, bytes))?;
        let mut rest = bytes.get(..written).unwrap_or_default();
        while !rest.is_empty() {
            let (taken, message) = watched.to_client.take(rest);
            rest = rest.get(taken..).unwrap_or_default();
            if let Some((length, crc32)) = message {
                tracing::info_span!("Watched.poll_write", port = watched.port, sent = length, crc32)
                    .in_scope(|| ());
            }
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Finds the WebSocket messages in one direction of a connection, behind the head of the upgrade (RFC 6455 §5.2).
#[derive(Debug, Default)]
struct Messages {
    /// The last bytes before frames begin, or what of a frame's header has come.
    begun: Vec<u8>,
    is_websocket: bool,
    /// How many bytes of the payload are still to come, and how many have come.
    left: u64,
    done: usize,
    mask: Option<[u8; 4]>,
    is_last: bool,
    is_data: bool,
    is_compressed: bool,
    message: Option<Crc>,
}

impl Messages {
    /// Takes bytes up to the end of a message, and gives its length and CRC-32. A compressed one is none that is told of.
    fn take(&mut self, bytes: &[u8]) -> (usize, Option<(u64, u32)>) {
        for (at, &byte) in bytes.iter().enumerate() {
            let message = match (self.is_websocket, self.left) {
                (false, _) => {
                    self.head(byte);
                    None
                }
                (true, 0) => self.header(byte),
                (true, _) => self.payload(byte),
            };
            if message.is_some() {
                return (at + 1, message);
            }
        }
        (bytes.len(), None)
    }

    /// Heads that ask for the WebSocket or agree to it are followed by frames.
    fn head(&mut self, byte: u8) {
        self.begun.push(byte);
        if self.begun.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&std::mem::take(&mut self.begun)).to_lowercase();
            self.is_websocket = head.contains("\r\nupgrade: websocket\r\n");
        }
        if self.begun.len() > 1 << 16 {
            self.begun.clear();
        }
    }

    fn header(&mut self, byte: u8) -> Option<(u64, u32)> {
        self.begun.push(byte);
        let (first, second) = (*self.begun.first()?, *self.begun.get(1)?);
        let (extended, masked) = (usize::from(second & 0x7f), second & 0x80 != 0);
        let length_bytes = match extended {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if self.begun.len() < 2 + length_bytes + if masked { 4 } else { 0 } {
            return None;
        }
        let header = std::mem::take(&mut self.begun);
        let wide =
            header.get(2..2 + length_bytes)?.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        self.left = if length_bytes == 0 { extended as u64 } else { wide };
        self.mask = header.get(2 + length_bytes..).and_then(|mask| mask.try_into().ok()).filter(|_| masked);
        self.done = 0;
        self.is_last = first & 0x80 != 0;
        self.is_data = first & 0x08 == 0;
        if self.is_data && first & 0x0f != 0 {
            self.is_compressed = first & 0x40 != 0;
            self.message = Some(Crc::new());
        }
        if self.left == 0 { self.end() } else { None }
    }

    fn payload(&mut self, byte: u8) -> Option<(u64, u32)> {
        let mask = self.mask.and_then(|mask| mask.get(self.done % 4).copied()).unwrap_or_default();
        if self.is_data
            && let Some(message) = &mut self.message
        {
            message.update(&[byte ^ mask]);
        }
        self.done += 1;
        self.left -= 1;
        if self.left == 0 { self.end() } else { None }
    }

    fn end(&mut self) -> Option<(u64, u32)> {
        if !self.is_data || !self.is_last {
            return None;
        }
        let message = self.message.take().filter(|_| !self.is_compressed)?;
        Some((u64::from(message.amount()), message.sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_however_the_bytes_are_cut() {
        // RFC 6455 §5.7: "Hello" masked; fragmented, with a ping between; 256 bytes.
        let mut said = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec();
        said.extend(
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x01\x03Hel\x89\x01x\x80\x02lo\x82\x7e\x01\x00",
        );
        said.extend([7; 256]);
        let crc = |bytes: &[u8]| {
            let mut crc = Crc::new();
            crc.update(bytes);
            (bytes.len() as u64, crc.sum())
        };
        let expected = [crc(b"Hello"), crc(b"Hello"), crc(&[7; 256])];
        for step in [1, 2, 3, 7, said.len()] {
            let mut messages = Messages::default();
            let mut found = Vec::new();
            for mut piece in said.chunks(step) {
                while !piece.is_empty() {
                    let (taken, message) = messages.take(piece);
                    found.extend(message);
                    piece = &piece[taken..];
                }
            }
            assert_eq!(found, expected, "{step}");
        }
    }
}
