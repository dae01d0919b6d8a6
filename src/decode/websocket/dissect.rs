//! What a frame means, bit by bit, and the message that it ends.

use bytes::Bytes;

use super::fields::*;
use super::frame::{FrameHeader, opcode, unmask};
use super::{PROTOCOL, close};
use crate::decode::dissect::{Carrier, Input, Message, Payload, payload};
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{Memory, SourceId, SourceKind, Span, Value};
use crate::wire::Told;
use crate::words;

/// Of a control frame's text, so many characters go into its summary.
const MAX_QUOTED: usize = 60;

/// Says what a frame means: its header bit by bit, its payload masked and unmasked, and, where it ends a message,
/// the message (`input.message`), which is handed on to [`super::super::dissect::payload`].
///
/// The findings of a frame come from [`super::Framing`] and are not repeated here.
pub fn dissect(input: &Input<'_>, memory: &mut Memory, sink: &mut Sink) {
    sink.open_layer(&PROTOCOL, Span::bytes(SourceId::WIRE, 0..input.wire.len()));
    match FrameHeader::parse(input.wire) {
        None => sink.summary(|| format!("beginning of a frame, {}", count(input.wire.len() as u64))),
        Some(header) => {
            header_fields(&header, sink);
            let carried = Carried::of(&header, input, sink);
            payload_fields(&header, &carried, sink);
            sink.summary(|| summary(&header, &carried.bytes, input));
            if let Some(message) = input.message {
                hand_on(message, &header, &carried, input, memory, sink);
            }
        }
    }
    sink.close_layer();
}

/// Says what a message means that another program tells of: no frame of it is known, so nothing is said of one.
pub fn told(input: &Input<'_>, memory: &mut Memory, sink: &mut Sink) {
    let (length, text) = (input.wire.len(), memory.told == Some(Told::Text));
    let whole = Span::bytes(SourceId::WIRE, 0..length);
    let opcode = if text { opcode::TEXT } else { opcode::BINARY };
    sink.open_layer(&PROTOCOL, whole.clone());
    sink.field(&OPCODE, Span::default(), || Value::Unsigned(opcode.into()));
    sink.open(&MESSAGE, whole.clone(), || Value::None);
    sink.field(&MESSAGE_LENGTH, whole, || Value::Unsigned(input.length));
    sink.close();
    let name = if text { "text" } else { "binary" };
    sink.summary(|| format!("{name}, {}", count(input.length)));
    if let Some(message) = input.message {
        let inside = Payload {
            bytes: message.bytes.as_ref().into(),
            source: SourceId::WIRE,
            offset: 0,
            carrier: Carrier::WebSocketMessage { text },
            dir: input.dir,
            unit: input.unit,
        };
        payload(&inside, memory, sink);
    }
    sink.close_layer();
}

fn bits(from: u64, to: u64) -> Span {
    Span::bits(SourceId::WIRE, from..to)
}

fn header_fields(header: &FrameHeader, sink: &mut Sink) {
    let FrameHeader { fin, rsv, opcode, extended, length, mask } = *header;
    sink.field(&FIN, bits(0, 1), || Value::Flag(fin));
    sink.open(&RSV, bits(1, 4), || Value::Unsigned(rsv.into()));
    sink.field(&RSV1, bits(1, 2), || Value::Flag(rsv & 0b100 != 0));
    sink.field(&RSV2, bits(2, 3), || Value::Flag(rsv & 0b010 != 0));
    sink.field(&RSV3, bits(3, 4), || Value::Flag(rsv & 0b001 != 0));
    sink.close();
    sink.field(&OPCODE, bits(4, 8), || Value::Unsigned(opcode.into()));
    sink.field(&MASK, bits(8, 9), || Value::Flag(mask.is_some()));
    let (short, extension) = match extended {
        0 => (length, None),
        2 => (126, Some(&PAYLOAD_LENGTH_EXT_16)),
        _ => (127, Some(&PAYLOAD_LENGTH_EXT_64)),
    };
    sink.field(&PAYLOAD_LENGTH, bits(9, 16), || Value::Unsigned(short));
    let end = 16 + 8 * u64::from(extended);
    if let Some(def) = extension {
        sink.field(def, bits(16, end), || Value::Unsigned(length));
    }
    if mask.is_some() {
        sink.field(&MASKING_KEY, bits(end, end + 32), || Value::Bytes);
    }
}

/// A frame's payload, without its mask.
struct Carried {
    bytes: Bytes,
    source: SourceId,
    /// Where in the source it begins.
    offset: usize,
    /// Where it is on the wire.
    wire: Span,
}

impl Carried {
    fn of(header: &FrameHeader, input: &Input<'_>, sink: &mut Sink) -> Carried {
        // The wire may have been cut, of a frame that never ended or is very long.
        let start = header.len().min(input.wire.len());
        let end = usize::try_from(header.length).ok().and_then(|length| start.checked_add(length));
        let end = end.map_or(input.wire.len(), |end| end.min(input.wire.len()));
        let bytes = input.wire.slice(start..end);
        let wire = Span::bytes(SourceId::WIRE, start..end);
        let Some(key) = header.mask.filter(|_| !bytes.is_empty()) else {
            return Carried { bytes, source: SourceId::WIRE, offset: start, wire };
        };
        let plain = match input.message {
            Some(message) if message.kind == SourceKind::Unmasked && message.bytes.len() == bytes.len() => {
                message.bytes.clone()
            }
            // A summary needs the payload of control frames alone.
            _ if sink.detail() == Detail::Tree || header.is_control() => {
                let mut plain = bytes.to_vec();
                unmask(&mut plain, key, 0);
                Bytes::from(plain)
            }
            _ => return Carried { bytes, source: SourceId::WIRE, offset: start, wire },
        };
        match sink.source(SourceKind::Unmasked, plain.clone()) {
            Some(source) => Carried { bytes: plain, source, offset: 0, wire },
            None => Carried { bytes, source: SourceId::WIRE, offset: start, wire },
        }
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span::bytes(self.source, self.offset + from..self.offset + to)
    }
}

fn payload_fields(header: &FrameHeader, carried: &Carried, sink: &mut Sink) {
    let end = carried.bytes.len();
    if end == 0 || !sink.wants_fields() {
        return;
    }
    if carried.source != SourceId::WIRE {
        sink.field(&MASKED_PAYLOAD, carried.wire.clone(), || Value::Bytes);
    }
    sink.open(&PAYLOAD, carried.span(0, end), || Value::Bytes);
    match header.opcode {
        opcode::CLOSE => {
            if let Some((code, reason)) = carried.bytes.split_first_chunk() {
                let code = u16::from_be_bytes(*code);
                sink.open(&CLOSE_STATUS_CODE, carried.span(0, 2), || Value::Unsigned(code.into()));
                let range = || Value::Text(close::range(code).to_string());
                sink.field(&CLOSE_STATUS_CODE_RANGE, carried.span(0, 2), range);
                sink.close();
                if !reason.is_empty() {
                    let reason = || Value::Text(String::from_utf8_lossy(reason).into_owned());
                    sink.field(&CLOSE_REASON, carried.span(2, end), reason);
                }
            }
        }
        opcode::PING => sink.field(&PING, carried.span(0, end), || Value::Bytes),
        opcode::PONG => sink.field(&PONG, carried.span(0, end), || Value::Bytes),
        _ => {}
    }
    sink.close();
}

/// Says of what the message consists, and hands it on to the protocol that it carries.
fn hand_on(
    message: &Message,
    header: &FrameHeader,
    carried: &Carried,
    input: &Input<'_>,
    memory: &mut Memory,
    sink: &mut Sink,
) {
    let fragmented = header.opcode == opcode::CONTINUATION;
    // The message of a single frame is what the frame carries, unless it was compressed.
    let is_payload = !fragmented && message.kind != SourceKind::Inflated && message.bytes == carried.bytes;
    let (source, offset) = if is_payload {
        (carried.source, carried.offset)
    } else {
        let Some(source) = sink.source(message.kind, message.bytes.clone()) else { return };
        (source, 0)
    };
    let length = message.bytes.len();
    let span = Span::bytes(source, offset..offset + length);
    sink.open(&MESSAGE, span.clone(), || Value::None);
    sink.field(&MESSAGE_FRAGMENTED, bits(4, 8), || Value::Flag(fragmented));
    let def = if message.kind == SourceKind::Inflated { &INFLATED_LENGTH } else { &MESSAGE_LENGTH };
    sink.field(def, span, || Value::Unsigned(length as u64));
    sink.close();
    let inside = Payload {
        bytes: message.bytes.as_ref().into(),
        source,
        offset,
        carrier: Carrier::WebSocketMessage { text: message.text },
        dir: input.dir,
        unit: input.unit,
    };
    payload(&inside, memory, sink);
}

/// The frame in a line: `text, 5 bytes`, `ping "abc"`, `close 1000 normal closure "bye"`.
fn summary(header: &FrameHeader, payload: &[u8], input: &Input<'_>) -> String {
    let name = OPCODE.value(header.opcode.into()).map_or("", |value| value.name);
    let came = input.length.saturating_sub(header.len() as u64);
    let size =
        if came < header.length { format!("{came} of ") } else { String::new() } + &count(header.length);
    if header.is_control() {
        return match payload.split_first_chunk() {
            Some((code, reason)) if header.opcode == opcode::CLOSE => {
                let code = u16::from_be_bytes(*code);
                let meaning = CLOSE_STATUS_CODE.value(code.into()).map_or("", |value| value.name);
                let reason = quoted(reason);
                let words = [name, &code.to_string(), meaning, &reason];
                words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
            }
            _ => format!("{name} {}", quoted(payload)).trim_end().to_string(),
        };
    }
    let inflated = input.message.filter(|message| message.kind == SourceKind::Inflated);
    match (header.opcode, inflated) {
        (opcode::CONTINUATION, _) => {
            let Some(message) = input.message else { return format!("{name}, {size}") };
            let kind = if message.text { "text" } else { "binary" };
            let compressed = if inflated.is_some() { "compressed " } else { "" };
            let total = count(message.bytes.len() as u64);
            format!("{name}, {size}, ends a {compressed}{kind} message of {total}")
        }
        (_, Some(message)) => {
            format!("{name}, compressed {} → {}", header.length, count(message.bytes.len() as u64))
        }
        _ if header.fin => format!("{name}, {size}"),
        _ => format!("{name} fragment, {size}"),
    }
}

fn count(bytes: u64) -> String {
    words::count(bytes, "byte")
}

/// Text in quotes, other bytes in hexadecimal, nothing as nothing.
fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok("") => String::new(),
        Ok(text) => {
            let mut shown: String = text.chars().take(MAX_QUOTED).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            format!("\"{shown}\"")
        }
        Err(_) => {
            let hex: String = bytes.iter().take(MAX_QUOTED / 2).map(|byte| format!("{byte:02x}")).collect();
            let more = if bytes.len() > MAX_QUOTED / 2 { "…" } else { "" };
            format!("0x{hex}{more}")
        }
    }
}
