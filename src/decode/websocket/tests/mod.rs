//! Tests of framing as a whole, and of what is said of a frame.

mod deflating;
mod dissecting;
mod framing;
mod splitting;

use super::deflate::Parameters;
use super::frame::{FrameHeader, unmask};
use super::framing::{Framing, Step};
use crate::wire::Direction;

/// A frame with everything that is known of it, owned.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    header: FrameHeader,
    /// Each finding as `key first_bit..last_bit detail`, without `websocket.`.
    findings: Vec<String>,
    continues: bool,
    message: Option<SeenMessage>,
    /// Whether the stream ended inside it.
    cut: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct SeenMessage {
    text: bool,
    bytes: Vec<u8>,
    compressed: bool,
    whole: bool,
}

fn seen(frame: super::Frame<'_>, cut: bool) -> Seen {
    let written = |finding: &crate::decode::unit::Finding| {
        let key = finding.rule.key.strip_prefix("websocket.").unwrap();
        let bits = &finding.span.bits;
        format!("{key} {}..{} {}", bits.start, bits.end, finding.detail).trim_end().to_string()
    };
    Seen {
        header: frame.header,
        findings: frame.findings.iter().map(written).collect(),
        continues: frame.continues,
        message: frame.message.map(|m| SeenMessage {
            text: m.text,
            bytes: m.bytes.into_owned(),
            compressed: m.compressed,
            whole: m.whole,
        }),
        cut,
    }
}

/// All frames of a stream that comes cut at `cuts`.
fn frames(framing: &mut Framing, stream: &[u8], cuts: &[usize]) -> Vec<Seen> {
    let mut frames = Vec::new();
    let (mut taken, mut of_frame) = (0, 0);
    for end in cuts.iter().copied().filter(|cut| *cut < stream.len()).chain([stream.len()]) {
        loop {
            match framing.step(&stream[taken..end]) {
                Step::Need => break,
                Step::Taken { len } => {
                    assert!(len > 0);
                    taken += len;
                    of_frame += len as u64;
                }
                Step::Frame { len, frame } => {
                    taken += len;
                    of_frame += len as u64;
                    let payload = if frame.header.is_endless() { 0 } else { frame.header.length };
                    assert_eq!(of_frame, frame.header.len() as u64 + payload);
                    frames.push(seen(frame, false));
                    of_frame = 0;
                }
            }
        }
    }
    frames.extend(framing.end().map(|frame| seen(frame, true)));
    frames
}

/// A frame on the wire with the shortest length form. `first` holds FIN, the reserved bits and the opcode.
fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = match payload.len() {
        len @ 0..126 => vec![first, masked | len as u8],
        len @ 126..65536 => vec![first, masked | 126, (len >> 8) as u8, len as u8],
        len => [&[first, masked | 127][..], &(len as u64).to_be_bytes()].concat(),
    };
    bytes.extend(mask.iter().flatten());
    let start = bytes.len();
    bytes.extend(payload);
    unmask(&mut bytes[start..], mask.unwrap_or_default(), 0);
    bytes
}

const KEY: Option<[u8; 4]> = Some([0x37, 0xfa, 0x21, 0x3d]);

const DEFLATE: Parameters = Parameters {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};

/// The frames of a stream of the server, with permessage-deflate or without, and ample limits.
fn of_server(deflate: Option<Parameters>, stream: &[u8]) -> Vec<Seen> {
    frames(&mut Framing::new(Direction::ToClient, deflate, 1 << 20), stream, &[])
}

/// What was found in each frame.
fn findings(frames: &[Seen]) -> Vec<Vec<&str>> {
    frames.iter().map(|frame| frame.findings.iter().map(String::as_str).collect()).collect()
}

/// The messages, each with its text, or an empty one where it is not whole.
fn texts(frames: &[Seen]) -> Vec<&str> {
    let messages = frames.iter().filter_map(|frame| frame.message.as_ref());
    messages.map(|message| std::str::from_utf8(&message.bytes).unwrap()).collect()
}
