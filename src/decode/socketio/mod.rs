//! Socket.IO: events with arguments, to namespaces, with acknowledgements.
//!
//! Socket.IO protocol v5, and v3 and v4 over Engine.IO 3, <https://github.com/socketio/socket.io-protocol>. A packet is a
//! text (`packet.rs`); the bytes among its arguments follow as attachments (`attachment.rs`).

mod attachment;
mod defs;
mod fields;
mod packet;
mod summary;

use self::defs::{
    ACK_WITHOUT_ID, BAD_ATTACHMENTS, BAD_ID, BAD_PLACEHOLDER, INTERRUPTED, INVALID_JSON, NO_EVENT_NAME,
    NOT_AN_ARRAY, PROTOCOL, RESERVED_EVENT, UNKNOWN_TYPE, WRONG_PAYLOAD,
};
use self::packet::{
    ACK, BINARY_ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, Content, DISCONNECT, EVENT, Packet, placeholders,
};
use super::dissect::{Carrier, Dissect, Payload};
use super::field::ProtocolDef;
use super::json::{Located, unquoted};
use super::limits::MAX_NAME;
use super::sink::{Detail, Sink};
use super::unit::{Announced, AnnouncedPacket, Fact, Memory};

/// Socket.IO.
pub struct SocketIo;

/// Names that only the libraries themselves raise (socket.io-parser 4, `RESERVED_EVENTS`).
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

impl Dissect for SocketIo {
    fn def(&self) -> &'static ProtocolDef {
        &PROTOCOL
    }

    fn claims(&self, payload: &Payload<'_>, memory: &Memory) -> bool {
        match payload.carrier {
            Carrier::EngineIoMessage { text: false } => true,
            Carrier::EngineIoMessage { text: true } => {
                memory.announced.is_some() || begins_like_packet(&payload.bytes)
            }
            _ => false,
        }
    }

    fn dissect<'a>(&self, payload: &Payload<'a>, memory: &mut Memory, sink: &mut Sink) -> Vec<Payload<'a>> {
        if payload.carrier == (Carrier::EngineIoMessage { text: false }) {
            attachment::dissect(payload, memory, sink);
        } else {
            text(payload, memory, sink);
        }
        Vec::new()
    }
}

/// Whether a text of an Engine.IO message is a packet, well-formed or not; an application may also speak plain
/// Engine.IO, whose messages are any text.
fn begins_like_packet(text: &[u8]) -> bool {
    let Some((b'0'..=b'9', rest)) = text.split_first() else { return false };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    match rest.get(digits) {
        None => digits == 0,
        Some(b'-') => matches!(text.first(), Some(b'5' | b'6')),
        Some(b'[' | b'{') => true,
        Some(b'/' | b'"') => digits == 0,
        _ => false,
    }
}

/// A text packet.
fn text(payload: &Payload<'_>, memory: &mut Memory, sink: &mut Sink) {
    sink.announced = None;
    if let Some(Announced { total, outstanding, .. }) = memory.announced.take() {
        let missing = format!("{outstanding} of {total} still to come");
        sink.finding(&INTERRUPTED, payload.whole(), missing);
    }
    let text = Located::of(payload);
    let Some((text, packet)) = text.and_then(|text| Some((text, Packet::parse(text.text)?))) else {
        sink.finding(&INVALID_JSON, payload.whole(), "not UTF-8 text");
        sink.summary(|| "unreadable packet".to_owned());
        return;
    };
    let content = Content::read(packet.payload);
    check(text, &packet, &content, memory, sink);
    facts(&packet, sink);
    let total = total(&packet);
    if total > 0 {
        memory.announced = Some(Announced { by: payload.unit, total, outstanding: total });
    }
    if sink.detail() >= Detail::Summary {
        sink.summary(|| summary::announcing(&packet, &content, payload.dir, total));
        fields::packet(text, &packet, &content, payload.dir, &[], sink);
        sink.announced = (total > 0).then(|| AnnouncedPacket {
            subject: summary::subject(&packet, &content),
            packet: attachment::part(payload),
            attachments: Vec::new(),
        });
    }
}

/// How many attachments a packet announces. More than 65,535 are counted as that many.
fn total(packet: &Packet<'_>) -> u16 {
    packet.attachments.map_or(0, |digits| digits.parse().unwrap_or(u16::MAX))
}

/// Adds what the session ties together.
fn facts(packet: &Packet<'_>, sink: &mut Sink) {
    let Some(id) = packet.id.and_then(|digits| digits.parse().ok()) else { return };
    if packet.namespace().len() > MAX_NAME {
        return;
    }
    let namespace = || packet.namespace().to_owned();
    match packet.packet_type {
        Some(EVENT | BINARY_EVENT) => sink.fact(Fact::AskedAck { namespace: namespace(), id }),
        Some(ACK | BINARY_ACK) => sink.fact(Fact::Acked { namespace: namespace(), id }),
        _ => {}
    }
}

/// Adds the rules that a packet breaks.
fn check(text: Located<'_>, packet: &Packet<'_>, content: &Content<'_>, memory: &Memory, sink: &mut Sink) {
    let Some(packet_type @ ..=BINARY_ACK) = packet.packet_type else {
        return sink.finding(&UNKNOWN_TYPE, text.part(packet.digit).span(), packet.digit);
    };
    if packet.is_binary() && packet.attachments.is_none() {
        sink.finding(&BAD_ATTACHMENTS, text.span(), "");
    }
    match packet.id {
        Some(digits) if digits.parse::<u64>().is_err() => {
            sink.finding(&BAD_ID, text.part(digits).span(), "");
        }
        None if packet.is_ack() => sink.finding(&ACK_WITHOUT_ID, text.span(), ""),
        _ => {}
    }
    let span = text.part(packet.payload).span();
    match (packet_type, content) {
        (_, Content::Invalid(why)) => sink.finding(&INVALID_JSON, span, why.as_str()),
        (EVENT | BINARY_EVENT, Content::Array { first, .. }) => name(text, *first, memory, sink),
        (ACK | BINARY_ACK, Content::Array { .. }) => {}
        (EVENT | BINARY_EVENT | ACK | BINARY_ACK, _) => sink.finding(&NOT_AN_ARRAY, span, ""),
        (_, Content::Nothing) => {}
        (CONNECT, Content::Other(json)) if json.starts_with('{') => {}
        (CONNECT_ERROR, Content::Other(json)) if json.starts_with(['{', '"']) => {}
        (CONNECT | DISCONNECT | CONNECT_ERROR, _) => sink.finding(&WRONG_PAYLOAD, span, ""),
        _ => {}
    }
    if packet.is_binary() {
        let total = u64::from(total(packet));
        for (range, _) in placeholders(packet.payload).filter(|(_, number)| *number >= total).take(1) {
            let object = text.part(packet.payload.get(range).unwrap_or_default());
            sink.finding(&BAD_PLACEHOLDER, object.span(), format!("{} of {total} attachments", object.text));
        }
    }
}

/// Checks the first element of an event's array. The JavaScript libraries take numbers, too.
fn name(text: Located<'_>, first: Option<&str>, memory: &Memory, sink: &mut Sink) {
    let Some(name) =
        first.filter(|name| name.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit()))
    else {
        let span = first.map_or_else(|| text.span(), |first| text.part(first).span());
        return sink.finding(&NO_EVENT_NAME, span, "");
    };
    let refuses = memory.engineio.is_none_or(|engineio| engineio.version >= 4);
    if refuses && RESERVED.contains(&&*unquoted(name)) {
        sink.finding(&RESERVED_EVENT, text.part(name).span(), name);
    }
}

#[cfg(test)]
mod tests;
