//! The bytes that belong to a packet and follow it.
//!
//! Over a WebSocket each is a message of its own. Polling may spread a packet and its attachments over several bodies,
//! on several connections: the JavaScript libraries send the text at once and the attachments with the next body. So
//! an attachment without its packet is a finding on a WebSocket alone.

use bytes::Bytes;

use super::defs::{ATTACHMENT, UNANNOUNCED};
use super::packet::{Content, Packet};
use super::{fields, summary};
use crate::decode::dissect::{AnnouncedPacket, Payload};
use crate::decode::engineio;
use crate::decode::json::Located;
use crate::decode::plain::size;
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{Announced, Memory, SourceId, SourceKind, Span, Transport, Value};

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
    if sink.detail() < Detail::Summary {
        return;
    }
    let number = total.saturating_sub(left);
    let version = memory.engineio.map_or(4, |engineio| engineio.version);
    let earlier = payload.announced.and_then(|packet| Earlier::new(packet, version, sink));
    let Some((text, packet, content)) = earlier.as_ref().and_then(Earlier::packet) else {
        return sink.summary(|| format!("attachment {number} of {total} <{}>", size(this)));
    };
    if left > 0 {
        let subject = summary::subject(&packet, &content);
        return sink.summary(|| format!("attachment {number} of {total} for {subject}"));
    }
    let mut attachments = earlier.as_ref().map(|e| e.attachments.clone()).unwrap_or_default();
    attachments.push(payload.whole());
    sink.summary(|| {
        summary::complete(&packet, &content, &|number| {
            let span = usize::try_from(number).ok().and_then(|n| attachments.get(n));
            span.map_or_else(|| "<missing>".to_owned(), |s| format!("<{}>", size(len(s))))
        })
    });
    fields::packet(text, &packet, &content, payload.dir, &attachments, sink);
}

/// What came before the attachment, each message as a source of its own.
struct Earlier {
    packet: Bytes,
    source: SourceId,
    attachments: Vec<Span>,
}

impl Earlier {
    /// `None` where the unit has more sources than can be counted.
    fn new(announced: &AnnouncedPacket, version: u8, sink: &mut Sink) -> Option<Earlier> {
        let packet = engineio::content(&announced.packet, version, false);
        let source = sink.source(SourceKind::Attachment, packet.clone())?;
        let attachment = |message| {
            let bytes = engineio::content(message, version, true);
            let len = bytes.len();
            sink.source(SourceKind::Attachment, bytes).map(|source| Span::bytes(source, 0..len))
        };
        let attachments = announced.attachments.iter().map_while(attachment).collect();
        Some(Earlier { packet, source, attachments })
    }

    fn packet(&self) -> Option<(Located<'_>, Packet<'_>, Content<'_>)> {
        let text = std::str::from_utf8(&self.packet).ok()?;
        let packet = Packet::parse(text)?;
        Some((Located { text, source: self.source, offset: 0 }, packet, Content::read(packet.payload)))
    }
}

/// How many bytes a span has.
fn len(span: &Span) -> usize {
    usize::try_from(span.bits.end.saturating_sub(span.bits.start) / 8).unwrap_or(usize::MAX)
}
