//! One end of a WebSocket with permessage-deflate (RFC 6455, RFC 7692).
//!
//! tungstenite refuses frames with RSV1, so the demo frames this connection for itself. tungstenite's frame header
//! still serves; what is here is the masking, the fragments, and the two windows. Both are kept from message to
//! message (context takeover, RFC 7692 §7.2.3.2), which is why an equal message is so short the second time.
//!
//! It is as much as the demo needs: text messages, up to [`MAX_MESSAGE`]. A peer that sends anything else, or
//! that breaks either RFC, gets an [`ErrorKind::InvalidData`].

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Cursor, ErrorKind};

use bytes::{Buf, Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

/// The longest message, in bytes, both as it travels and inflated.
pub(super) const MAX_MESSAGE: usize = 64 * 1024;

/// What a sync flush ends with. The sender takes it off and the receiver puts it back (RFC 7692 §7.2.1).
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// How a text message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// As it is: RSV1 is 0, and neither window changes.
    Plain,
    /// Compressed, in one frame.
    Compressed,
    /// Compressed as a whole, then cut into this many frames of about the same length. Only the first has RSV1.
    Fragmented(usize),
}

/// What the other end sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A whole text message.
    Text {
        /// The text, inflated.
        text: String,
        /// Whether it was compressed.
        compressed: bool,
        /// How many bytes of payload its frames carried.
        wire: usize,
        /// How many frames it came in.
        frames: usize,
    },
    /// A ping, with its payload.
    Ping(Bytes),
    /// A pong, with its payload.
    Pong(Bytes),
    /// A close frame; the code is `None` where its payload is empty.
    Close(Option<u16>, String),
}

/// One end of the connection, after the 101.
pub(super) struct Endpoint<S> {
    stream: S,
    role: Role,
    deflate: Compress,
    inflate: Decompress,
    /// Bytes received that are not a whole frame yet: at most a header and [`MAX_MESSAGE`], and one read more.
    received: BytesMut,
    message: Option<Partial>,
}

/// A message of which some frames have come.
struct Partial {
    compressed: bool,
    /// What its frames carried so far, unmasked. At most [`MAX_MESSAGE`].
    payload: BytesMut,
    frames: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Endpoint<S> {
    /// An end of a connection on which permessage-deflate was agreed on without parameters: both windows have
    /// 32 KiB and are kept.
    pub(super) fn new(stream: S, role: Role) -> Self {
        Endpoint {
            stream,
            role,
            deflate: Compress::new(Compression::default(), false),
            inflate: Decompress::new(false),
            received: BytesMut::new(),
            message: None,
        }
    }

    /// Sends a text message, and says how many bytes of payload its frames carried.
    pub(super) async fn text(&mut self, text: &str, how: How) -> io::Result<usize> {
        let (payload, frames) = match how {
            How::Plain => (text.as_bytes().to_vec(), 1),
            How::Compressed => (deflate(&mut self.deflate, text.as_bytes())?, 1),
            How::Fragmented(frames) => (deflate(&mut self.deflate, text.as_bytes())?, frames.max(1)),
        };
        let wire = payload.len();
        let mut rest = Bytes::from(payload);
        for frame in 0..frames {
            let part = rest.split_to(rest.len().div_ceil(frames - frame));
            let header = FrameHeader {
                is_final: frame + 1 == frames,
                rsv1: how != How::Plain && frame == 0,
                opcode: OpCode::Data(if frame == 0 { Data::Text } else { Data::Continue }),
                ..FrameHeader::default()
            };
            self.send(header, part).await?;
        }
        Ok(wire)
    }

    /// Sends a ping with `payload`.
    pub(super) async fn ping(&mut self, payload: &'static str) -> io::Result<()> {
        self.control(Control::Ping, Bytes::from_static(payload.as_bytes())).await
    }

    /// Sends a pong with `payload`, which is the ping's (RFC 6455 §5.5.3).
    pub(super) async fn pong(&mut self, payload: Bytes) -> io::Result<()> {
        self.control(Control::Pong, payload).await
    }

    /// Sends a close frame (RFC 6455 §5.5.1); with no code its payload is empty.
    pub(super) async fn close(&mut self, code: Option<u16>, reason: &str) -> io::Result<()> {
        let mut payload = Vec::new();
        if let Some(code) = code {
            payload.extend(code.to_be_bytes());
            payload.extend(reason.as_bytes());
        }
        self.control(Control::Close, payload.into()).await
    }

    /// Ends the sending side of the TCP connection.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// The next message or control frame, or `None` where the connection has ended.
    pub(super) async fn next(&mut self) -> io::Result<Option<Incoming>> {
        while let Some((header, payload)) = self.frame().await? {
            match header.opcode {
                OpCode::Control(control) => return incoming_control(control, &header, payload).map(Some),
                OpCode::Data(data) => self.collect(data, &header, &payload)?,
            }
            if header.is_final {
                return self.whole().map(Some);
            }
        }
        Ok(None)
    }

    async fn control(&mut self, control: Control, payload: Bytes) -> io::Result<()> {
        let header = FrameHeader { opcode: OpCode::Control(control), ..FrameHeader::default() };
        self.send(header, payload).await
    }

    /// Sends a frame, masked where this end is the client (RFC 6455 §5.3).
    async fn send(&mut self, mut header: FrameHeader, payload: Bytes) -> io::Result<()> {
        header.mask = (self.role == Role::Client).then(masking_key);
        let mut frame = Vec::with_capacity(header.len(payload.len() as u64) + payload.len());
        Frame::from_payload(header, payload).format(&mut frame).map_err(io::Error::other)?;
        self.stream.write_all(&frame).await
    }

    /// The next frame, unmasked, or `None` where the connection has ended between two frames.
    async fn frame(&mut self) -> io::Result<Option<(FrameHeader, Bytes)>> {
        loop {
            let mut cursor = Cursor::new(&self.received[..]);
            let parsed = FrameHeader::parse(&mut cursor).map_err(|_| invalid("a reserved opcode"))?;
            if let Some((header, length)) = parsed {
                let start = cursor.position() as usize;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > MAX_MESSAGE {
                    return Err(invalid("a frame that is too long"));
                }
                if self.received.len() - start >= length {
                    self.received.advance(start);
                    let payload = self.received.split_to(length);
                    return self.unmasked(header, payload).map(Some);
                }
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return if self.received.is_empty() {
                    Ok(None)
                } else {
                    Err(ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    fn unmasked(&self, header: FrameHeader, mut payload: BytesMut) -> io::Result<(FrameHeader, Bytes)> {
        match (self.role, header.mask) {
            (Role::Server, Some(key)) => {
                payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
            }
            (Role::Client, None) => {}
            (Role::Server, None) => return Err(invalid("an unmasked frame from the client")),
            (Role::Client, Some(_)) => return Err(invalid("a masked frame from the server")),
        }
        if header.rsv2 || header.rsv3 {
            return Err(invalid("a reserved bit that no extension defines"));
        }
        Ok((header, payload.freeze()))
    }

    /// Adds a data frame to the message that it belongs to.
    fn collect(&mut self, data: Data, header: &FrameHeader, payload: &[u8]) -> io::Result<()> {
        let message = match (data, &mut self.message) {
            (Data::Text, message @ None) => {
                message.insert(Partial { compressed: header.rsv1, payload: BytesMut::new(), frames: 0 })
            }
            (Data::Continue, Some(message)) if !header.rsv1 => message,
            (Data::Continue, Some(_)) => return Err(invalid("RSV1 on a continuation frame")),
            (Data::Continue, None) => return Err(invalid("a continuation of no message")),
            (Data::Text, Some(_)) => return Err(invalid("a new message within another")),
            (Data::Binary | Data::Reserved(_), _) => return Err(invalid("a message that is not text")),
        };
        if message.payload.len() + payload.len() > MAX_MESSAGE {
            return Err(invalid("a message that is too long"));
        }
        message.payload.extend_from_slice(payload);
        message.frames += 1;
        Ok(())
    }

    /// Takes the message whose last frame has come.
    fn whole(&mut self) -> io::Result<Incoming> {
        let Partial { compressed, payload, frames } =
            self.message.take().ok_or_else(|| invalid("a continuation of no message"))?;
        let wire = payload.len();
        let text = if compressed { inflate(&mut self.inflate, payload)? } else { payload.to_vec() };
        let text = String::from_utf8(text).map_err(|_| invalid("a text message that is not UTF-8"))?;
        Ok(Incoming::Text { text, compressed, wire, frames })
    }
}

/// Reads a control frame (RFC 6455 §5.5).
fn incoming_control(control: Control, header: &FrameHeader, mut payload: Bytes) -> io::Result<Incoming> {
    if !header.is_final || header.rsv1 || payload.len() > 125 {
        return Err(invalid("a control frame that is fragmented, compressed or longer than 125 bytes"));
    }
    match control {
        Control::Ping => Ok(Incoming::Ping(payload)),
        Control::Pong => Ok(Incoming::Pong(payload)),
        Control::Close if payload.is_empty() => Ok(Incoming::Close(None, String::new())),
        Control::Close => {
            let code = payload.try_get_u16().map_err(|_| invalid("half a close code"))?;
            if !CloseCode::from(code).is_allowed() {
                return Err(invalid("a close code that must not be sent"));
            }
            let reason =
                String::from_utf8(payload.into()).map_err(|_| invalid("a close reason that is not UTF-8"))?;
            Ok(Incoming::Close(Some(code), reason))
        }
        Control::Reserved(_) => Err(invalid("a reserved opcode")),
    }
}

/// Compresses one message (RFC 7692 §7.2.1): deflate with a sync flush, without the flush's tail.
fn deflate(window: &mut Compress, message: &[u8]) -> io::Result<Vec<u8>> {
    if message.is_empty() {
        // zlib has nothing to flush here; an empty stored block says the same (RFC 7692 §7.2.3.6).
        return Ok(vec![0x00]);
    }
    let before = window.total_in();
    // Incompressible bytes grow by a few bytes for each block; the flush needs less than the constant.
    let mut out = Vec::with_capacity(message.len() + message.len() / 8 + 64);
    window.compress_vec(message, &mut out, FlushCompress::Sync)?;
    let taken = window.total_in() - before;
    // zlib has flushed completely where it has left space over.
    if taken != message.len() as u64 || out.len() == out.capacity() || !out.ends_with(&FLUSH_TAIL) {
        return Err(io::Error::other("the compressor did not finish the message"));
    }
    out.truncate(out.len() - FLUSH_TAIL.len());
    Ok(out)
}

/// Inflates one message (RFC 7692 §7.2.2).
fn inflate(window: &mut Decompress, mut message: BytesMut) -> io::Result<Vec<u8>> {
    message.extend_from_slice(&FLUSH_TAIL);
    let before = window.total_in();
    let mut out = Vec::with_capacity(MAX_MESSAGE + 1);
    window
        .decompress_vec(&message, &mut out, FlushDecompress::Sync)
        .map_err(|_| invalid("a message that does not inflate"))?;
    if out.len() > MAX_MESSAGE {
        return Err(invalid("a message that inflates beyond the limit"));
    }
    // After a final block the window would have to be started anew; no peer of the demo sends one.
    if window.total_in() - before != message.len() as u64 {
        return Err(invalid("a compressed message with bytes behind its final block"));
    }
    Ok(out)
}

/// A masking key that a peer cannot foresee (RFC 6455 §5.3): the standard library keys its hashers from the
/// system's randomness, and each `RandomState` differently.
fn masking_key() -> [u8; 4] {
    (RandomState::new().hash_one("masking key") as u32).to_be_bytes()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    const HELLO: &str = "Hello";

    /// Two ends with `room` bytes of buffer between them.
    fn ends(room: usize) -> (Endpoint<DuplexStream>, Endpoint<DuplexStream>) {
        let (client, server) = duplex(room);
        (Endpoint::new(client, Role::Client), Endpoint::new(server, Role::Server))
    }

    /// What a client makes of `wire`, until the connection ends.
    async fn received(wire: &[u8]) -> io::Result<Vec<Incoming>> {
        let (near, mut far) = duplex(1 << 18);
        far.write_all(wire).await?;
        drop(far);
        let mut client = Endpoint::new(near, Role::Client);
        let mut all = Vec::new();
        while let Some(incoming) = client.next().await? {
            all.push(incoming);
        }
        Ok(all)
    }

    /// What a server sends for `messages`.
    async fn sent(messages: &[(&str, How)]) -> Vec<u8> {
        let (near, mut far) = duplex(1 << 18);
        let mut server = Endpoint::new(near, Role::Server);
        for (text, how) in messages {
            server.text(text, *how).await.unwrap();
        }
        drop(server);
        let mut wire = Vec::new();
        far.read_to_end(&mut wire).await.unwrap();
        wire
    }

    fn text(text: &str, compressed: bool, wire: usize, frames: usize) -> Incoming {
        Incoming::Text { text: text.into(), compressed, wire, frames }
    }

    #[tokio::test]
    async fn sends_the_examples_of_rfc_7692() {
        // §7.2.3.1, one compressed block, and §7.2.3.2, the same message again in the same window.
        let wire = sent(&[(HELLO, How::Compressed), (HELLO, How::Compressed)]).await;
        assert_eq!(wire, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00");
        // §7.2.3.1, the same in two fragments: RSV1 on the first alone. The RFC cuts after three bytes.
        let wire = sent(&[(HELLO, How::Fragmented(2))]).await;
        assert_eq!(wire, b"\x41\x04\xf2\x48\xcd\xc9\x80\x03\xc9\x07\x00");
    }

    #[tokio::test]
    async fn reads_the_examples_of_rfc_7692() {
        let wire = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00\
            \x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00";
        let expected = [text(HELLO, true, 7, 1), text(HELLO, true, 5, 1), text(HELLO, true, 7, 2)];
        assert_eq!(received(wire).await.unwrap(), expected);
        // §7.2.3.3, a block without compression, and §7.2.3.5, two blocks in one message.
        let stored = b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00";
        assert_eq!(received(stored).await.unwrap(), [text(HELLO, true, 11, 1)]);
        let blocks = b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00";
        assert_eq!(received(blocks).await.unwrap(), [text(HELLO, true, 13, 1)]);
        assert_eq!(received(b"").await.unwrap(), []);
    }

    #[tokio::test]
    async fn what_one_end_sends_the_other_hears_however_it_is_cut() {
        let long = "abc🦊".repeat(3000);
        let messages = [
            (HELLO, How::Plain),
            (HELLO, How::Compressed),
            (&long, How::Plain),
            (&long, How::Fragmented(5)),
            ("", How::Compressed),
            (HELLO, How::Fragmented(100)),
        ];
        // A buffer of one byte has every frame arrive byte by byte.
        for room in [1, 1 << 18] {
            let (mut client, mut server) = ends(room);
            for (said, how) in messages {
                let (wire, heard) = tokio::try_join!(client.text(said, how), server.next()).unwrap();
                let frames = if let How::Fragmented(frames) = how { frames } else { 1 };
                let expected = text(said, how != How::Plain, wire, frames);
                assert_eq!(heard, Some(expected));
            }
        }
    }

    #[tokio::test]
    async fn a_control_frame_may_come_between_fragments() {
        let wire = b"\x41\x03\xf2\x48\xcd\x89\x02hi\x80\x04\xc9\xc9\x07\x00\x88\x05\x03\xe8bye";
        let expected = [
            Incoming::Ping(Bytes::from_static(b"hi")),
            text(HELLO, true, 7, 2),
            Incoming::Close(Some(1000), "bye".into()),
        ];
        assert_eq!(received(wire).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn refuses_what_breaks_the_protocol() {
        let cases: [(&[u8], &str); 13] = [
            (b"\x81\x85\x00\x00\x00\x00Hello", "masked frame from the server"),
            (b"\x80\x00", "continuation of no message"),
            (b"\x01\x01a\x81\x01b", "new message within another"),
            (b"\x01\x01a\xc0\x01b", "RSV1 on a continuation"),
            (b"\xa1\x01a", "reserved bit"),
            (b"\x83\x01a", "reserved opcode"),
            (b"\x82\x01a", "not text"),
            (b"\x09\x01a", "control frame that is fragmented"),
            (b"\x88\x01a", "half a close code"),
            (b"\x88\x02\x03\xed", "must not be sent"),
            (b"\x81\x01\xff", "not UTF-8"),
            (b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "too long"),
            (b"\xc1\x03\x07\x07\x07", "does not inflate"),
        ];
        for (wire, why) in cases {
            let error = received(wire).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{why}");
            assert!(error.to_string().contains(why), "{error} is not: {why}");
        }
    }

    #[tokio::test]
    async fn refuses_a_frame_from_the_client_that_is_not_masked() {
        let (mut near, far) = duplex(64);
        near.write_all(b"\x81\x01a").await.unwrap();
        let error = Endpoint::new(far, Role::Server).next().await.unwrap_err();
        assert!(error.to_string().contains("unmasked"), "{error}");
    }

    #[tokio::test]
    async fn takes_the_longest_message_and_none_longer() {
        let longest = "x".repeat(MAX_MESSAGE);
        for how in [How::Plain, How::Compressed, How::Fragmented(2)] {
            let heard = received(&sent(&[(&longest, how)]).await).await.unwrap();
            assert!(matches!(&heard[..], [Incoming::Text { text, .. }] if *text == longest));
            // Compressed, the longer one is still a few dozen bytes: it is the inflating that is bounded.
            let longer = format!("{longest}x");
            let error = received(&sent(&[(&longer, how)]).await).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
        }
    }

    #[tokio::test]
    async fn an_end_within_a_frame_is_an_error() {
        let wire = b"\x81\x05Hello";
        for cut in 1..wire.len() {
            let error = received(&wire[..cut]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "cut at {cut}");
        }
    }
}
