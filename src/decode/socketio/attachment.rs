//! The bytes that belong to a packet and follow it.
//!
//! Over a WebSocket each is a message of its own. Polling may spread a packet and its attachments over several bodies,
//! on several connections: the JavaScript servers send the text at once and the attachments with the next body, which
//! may even be the WebSocket. An attachment without its packet is a finding on a WebSocket alone: of an engine session
//! that polls, the beginning may not have been seen.

use bytes::Bytes;

use super::defs::{ATTACHMENT, UNANNOUNCED};
use super::packet::{Content, Packet};
use super::{fields, summary};
use crate::decode::dissect::Payload;
use crate::decode::json::Located;
use crate::decode::plain::size;
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{
    Announced, AnnouncedPacket, Fact, Memory, Part, SourceKind, Span, Transport, UnitId, Value,
};

/// Reads an attachment.
pub(super) fn dissect(payload: &Payload<'_>, memory: &mut Memory, sink: &mut Sink) {
    sink.field(&ATTACHMENT, payload.whole(), || Value::Bytes);
    let this = payload.bytes.len();
    let Some(announced) = memory.announced else {
        if memory.engineio.is_some_and(|engineio| engineio.transport == Transport::WebSocket) {
            sink.finding(&UNANNOUNCED, payload.whole(), "");
        }
        return sink.summary(|| format!("attachment <{}>", size(this)));
    };
    let Announced { by, total, outstanding } = announced;
    let left = outstanding.saturating_sub(1);
    memory.announced = (left > 0).then_some(Announced { by, total, outstanding: left });
    if by != payload.unit {
        sink.fact(Fact::Attached { to: by });
    }
    if sink.detail() < Detail::Summary {
        return;
    }
    let number = total.saturating_sub(left);
    let Some(mut packet) = sink.announced.take() else {
        return sink.summary(|| format!("attachment {number} of {total} <{}>", size(this)));
    };
    sink.summary(|| format!("attachment {number} of {total} for {}", packet.subject));
    packet.attachments.push(part(payload));
    if left == 0 && packet.attachments.len() == usize::from(total) {
        complete(&packet, payload, sink);
    } else {
        sink.announced = Some(packet);
    }
}

/// Keeps a packet or an attachment for the units that follow.
pub(super) fn part(payload: &Payload<'_>) -> Part {
    let bytes = Bytes::copy_from_slice(&payload.bytes);
    Part { unit: payload.unit, span: payload.whole(), bytes }
}

/// All attachments are here: says what the packet says, with them in their places.
fn complete(announced: &AnnouncedPacket, payload: &Payload<'_>, sink: &mut Sink) {
    let Some(place) = place(&announced.packet, payload.unit, sink) else { return };
    let attachments: Vec<Span> =
        announced.attachments.iter().map_while(|part| self::place(part, payload.unit, sink)).collect();
    let Some(text) = std::str::from_utf8(&announced.packet.bytes).ok() else { return };
    let Some(packet) = Packet::parse(text) else { return };
    let content = Content::read(packet.payload);
    sink.summary(|| {
        summary::complete(&packet, &content, &|number| {
            let part = usize::try_from(number).ok().and_then(|n| announced.attachments.get(n));
            part.map_or_else(|| "<missing>".to_owned(), |part| format!("<{}>", size(part.bytes.len())))
        })
    });
    let offset = usize::try_from(place.bits.start / 8).unwrap_or_default();
    let text = Located { text, source: place.source, offset };
    fields::packet(text, &packet, &content, payload.dir, &attachments, sink);
}

/// Where a part is among the sources of `unit`: what an earlier unit held becomes one. `None` where the unit has more
/// sources than can be counted.
fn place(part: &Part, unit: UnitId, sink: &mut Sink) -> Option<Span> {
    if part.unit == unit {
        return Some(part.span.clone());
    }
    let source = sink.source(SourceKind::Attachment, part.bytes.clone())?;
    Some(Span::bytes(source, 0..part.bytes.len()))
}
