//! Looking at a unit: reads its bytes back, with those of the units that it belongs to, and decodes it again.

use bytes::{Bytes, BytesMut};

use super::index::UnitRef;
use super::{Session, StoreError};
use crate::decode::dissect::{self, AnnouncedPacket, Input, Message};
use crate::decode::http1::head::{Head, Parsed, Role};
use crate::decode::limits::{MAX_HEAD, MAX_HTTP_DISSECTED};
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{LinkKind, SourceKind, Tree, UnitId, UnitKind};
use crate::decode::websocket::frame::{FrameHeader, opcode, unmask};
use crate::wire::Record;

impl Session {
    /// The layers of a unit: with [`Detail::Summary`] their summaries, with [`Detail::Tree`] their fields and
    /// derived bytes too. Fails where its bytes cannot be read back.
    pub fn look(&self, unit: &UnitRef, detail: Detail) -> Result<Tree, StoreError> {
        let wire = self.wire(unit, self.dissected(unit))?;
        let happening = self.index.happenings.of(unit.id).first().map(|(_, h)| h.as_ref());
        let sent: Vec<Record> = self.index.sent.of(unit.id).iter().map(|(_, r)| r.as_ref().clone()).collect();
        let request = self.request(unit)?;
        let message = self.message(unit, &wire)?;
        let announced = self.announced(unit)?;
        let mut sink = Sink::new(detail, wire.clone());
        let input = Input {
            unit: unit.id,
            kind: unit.kind,
            dir: unit.dir,
            wire: &wire,
            length: unit.length,
            happening,
            sent: &sent,
            request: request.as_deref(),
            message: message.as_ref(),
            announced: announced.as_ref(),
        };
        dissect::unit(&input, &mut unit.memory.clone(), &mut sink);
        Ok(sink.finish().0)
    }

    /// How many of a unit's bytes are decoded when someone looks: as many as the first pass decoded.
    fn dissected(&self, unit: &UnitRef) -> u64 {
        match unit.kind {
            UnitKind::HttpRequest | UnitKind::HttpResponse => MAX_HTTP_DISSECTED as u64,
            _ => self.max_message as u64 + 14,
        }
    }

    /// The first bytes of a unit as they were on the wire, at most `limit` of them.
    pub fn wire(&self, unit: &UnitRef, limit: u64) -> Result<Bytes, StoreError> {
        if unit.length == 0 {
            return Ok(Bytes::new());
        }
        if unit.kind == UnitKind::Lost {
            return Ok(Bytes::new());
        }
        self.store.read(unit.conn, unit.dir, unit.begin..unit.begin + unit.length.min(limit))
    }

    fn linked(&self, unit: UnitId, kind: LinkKind) -> Option<UnitRef> {
        let (_, link) = self.links(unit).iter().find(|(_, link)| link.kind == kind)?;
        self.unit(link.to)
    }

    /// The head of the request that a response answers.
    fn request(&self, unit: &UnitRef) -> Result<Option<Bytes>, StoreError> {
        let Some(request) = self.linked(unit.id, LinkKind::Request) else { return Ok(None) };
        let bytes = self.wire(&request, MAX_HEAD as u64)?;
        Ok(match Head::parse(&bytes, Role::Request) {
            Parsed::Complete(head) => Some(bytes.slice(..head.len.min(bytes.len()))),
            _ => None,
        })
    }

    /// The message that ends in a frame, as the first pass put it together.
    fn message(&self, unit: &UnitRef, wire: &Bytes) -> Result<Option<Message>, StoreError> {
        if unit.kind != UnitKind::Frame || unit.undecoded {
            return Ok(None);
        }
        let Some(header) = FrameHeader::parse(wire) else { return Ok(None) };
        if !header.fin || header.is_control() {
            return Ok(None);
        }
        let fragments = self.fragments(unit);
        let text = match fragments.first() {
            Some(first) => {
                FrameHeader::parse(&self.wire(first, 14)?).is_some_and(|h| h.opcode == opcode::TEXT)
            }
            None => header.opcode == opcode::TEXT,
        };
        if let Some((_, place)) = self.index.inflated.of(unit.id).first() {
            return Ok(Some(Message {
                text,
                kind: SourceKind::Inflated,
                bytes: self.store.derived(*place)?,
            }));
        }
        let (payload, masked) = payload(wire);
        if fragments.is_empty() {
            let kind = if masked { SourceKind::Unmasked } else { SourceKind::Wire };
            return Ok(Some(Message { text, kind, bytes: payload }));
        }
        let mut bytes = BytesMut::new();
        for fragment in &fragments {
            bytes.extend_from_slice(&self::payload(&self.wire(fragment, self.dissected(fragment))?).0);
        }
        bytes.extend_from_slice(&payload);
        Ok(Some(Message { text, kind: SourceKind::Reassembled, bytes: bytes.freeze() }))
    }

    /// The fragments before a frame that belong to the same message, oldest first.
    fn fragments(&self, unit: &UnitRef) -> Vec<UnitRef> {
        let mut fragments = Vec::new();
        let mut id = unit.id;
        while let Some(before) = self.linked(id, LinkKind::Fragment) {
            id = before.id;
            fragments.push(before);
        }
        fragments.reverse();
        fragments
    }

    /// The packet that announced the attachment that a unit is, and the attachments before it.
    fn announced(&self, unit: &UnitRef) -> Result<Option<AnnouncedPacket>, StoreError> {
        let Some(announced) = unit.memory.announced else { return Ok(None) };
        let Some(by) = self.unit(announced.by) else { return Ok(None) };
        let message = |unit: &UnitRef| -> Result<Bytes, StoreError> {
            let wire = self.wire(unit, self.dissected(unit))?;
            Ok(self.message(unit, &wire)?.map(|m| m.bytes).unwrap_or_default())
        };
        let mut packet = AnnouncedPacket { packet: message(&by)?, attachments: Vec::new() };
        for (id, link) in self.index.links.between(by.id, unit.id) {
            if link.kind == LinkKind::Announced
                && link.to == by.id
                && let Some(attachment) = self.unit(*id)
            {
                packet.attachments.push(message(&attachment)?);
            }
        }
        Ok(Some(packet))
    }
}

/// The payload of a frame, unmasked, and whether it was masked.
fn payload(wire: &Bytes) -> (Bytes, bool) {
    let Some(header) = FrameHeader::parse(wire) else { return (Bytes::new(), false) };
    let masked = wire.slice(header.len().min(wire.len())..);
    match header.mask {
        None => (masked, false),
        Some(key) => {
            let mut bytes = masked.to_vec();
            unmask(&mut bytes, key, 0);
            (Bytes::from(bytes), true)
        }
    }
}
