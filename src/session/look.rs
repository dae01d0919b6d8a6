//! Looking at a unit: reads its bytes back, with those of the units that it belongs to, and decodes it again.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::index::UnitRef;
use super::{Session, StoreError};
use crate::decode::dissect::{self, Input, Message};
use crate::decode::http1::head::{Head, Parsed, Role};
use crate::decode::limits::{
    MAX_ATTACHMENT_UNITS, MAX_HEAD, MAX_HTTP_DISSECTED, MAX_MESSAGE, WORTH_LETTING_GO,
};
use crate::decode::sink::{Detail, Only, Sink};
use crate::decode::unit::{AnnouncedPacket, LinkKind, SourceKind, Tree, UnitId, UnitKind};
use crate::decode::websocket::frame::{FrameHeader, opcode, unmask};
use crate::wire::{Record, Told};

/// So many attachments of a packet say which packet they are for; the ones behind them, but for the last, do not, since
/// reading a long packet again for each of thousands would take quadratic time.
const MAX_NAMED_ATTACHMENTS: u16 = 16;

impl Session {
    /// The layers of a unit: with [`Detail::Summary`] their summaries, with [`Detail::Tree`] their fields and
    /// derived bytes too. Fails where its bytes cannot be read back.
    pub fn look(&self, unit: &UnitRef, detail: Detail) -> Result<Tree, StoreError> {
        Ok(self.dissect(unit, detail, None, self.announced(unit)?)?.finish().0)
    }

    /// The tree of a unit with only some of its fields, which is quicker.
    pub(super) fn look_for(&self, unit: &UnitRef, only: &Arc<Only>) -> Result<Tree, StoreError> {
        Ok(self.dissect(unit, Detail::Tree, Some(only), self.announced(unit)?)?.finish().0)
    }

    /// Decodes a unit again; `announced` is what the units before it left.
    fn dissect(
        &self,
        unit: &UnitRef,
        detail: Detail,
        only: Option<&Arc<Only>>,
        announced: Option<AnnouncedPacket>,
    ) -> Result<Sink, StoreError> {
        let wire = self.wire(unit, self.dissected(unit))?;
        let happening = self.index.happenings.of(unit.id).first().map(|(_, h)| h.as_ref());
        let sent: Vec<Record> = self.index.sent.of(unit.id).iter().map(|(_, r)| r.as_ref().clone()).collect();
        let request = self.request(unit)?;
        let message = self.message(unit, &wire)?;
        let mut sink = match unit.memory.told {
            None => Sink::new(detail, wire.clone()),
            Some(_) => Sink::told(detail, wire.clone()),
        };
        sink.announced = announced;
        only.into_iter().for_each(|only| sink.keep_only(Arc::clone(only)));
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
        };
        dissect::unit(&input, &mut unit.memory.clone(), &mut sink);
        Ok(sink)
    }

    /// How many of a unit's bytes are decoded when someone looks: as many as the first pass decoded.
    fn dissected(&self, unit: &UnitRef) -> u64 {
        match unit.kind {
            UnitKind::HttpRequest | UnitKind::HttpResponse if unit.undecoded => WORTH_LETTING_GO as u64,
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
        self.store.read(unit.conn, unit.dir, unit.begin..unit.begin.saturating_add(unit.length.min(limit)))
    }

    /// The WebSocket message that ends in a unit, unmasked, put together and inflated; `None` where none ends there or it
    /// could not be put together.
    pub fn message_of(&self, unit: &UnitRef) -> Result<Option<Message>, StoreError> {
        let wire = self.wire(unit, self.dissected(unit))?;
        self.message(unit, &wire)
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
        if unit.kind == UnitKind::Message && !unit.undecoded {
            let text = unit.memory.told == Some(Told::Text);
            return Ok(Some(Message { text, kind: SourceKind::Told, bytes: wire.clone() }));
        }
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

    /// For a unit with an attachment of a packet that an earlier unit announced: the packet, and the attachments before
    /// it, as the units that hold them leave it when they are decoded one after the other.
    fn announced(&self, unit: &UnitRef) -> Result<Option<AnnouncedPacket>, StoreError> {
        let (Some(memory), Some(by)) = (unit.memory.announced, self.linked(unit.id, LinkKind::Announced))
        else {
            return Ok(None);
        };
        // A frame holds one attachment; before the last nothing is put together.
        let alone = matches!(unit.kind, UnitKind::Frame | UnitKind::Message) && memory.outstanding > 1;
        if alone && memory.total.saturating_sub(memory.outstanding) >= MAX_NAMED_ATTACHMENTS {
            return Ok(None);
        }
        let mut packet = self.dissect(&by, Detail::Summary, None, None)?.announced;
        if alone {
            return Ok(packet);
        }
        let links = self.index.links.between(by.id, unit.id).iter();
        let earlier = links.filter(|(_, link)| link.kind == LinkKind::Announced && link.to == by.id);
        for (number, (id, _)) in earlier.enumerate() {
            let (Some(before), Some(attached)) = (packet, self.unit(*id)) else { return Ok(None) };
            let bytes: usize = before.attachments.iter().map(|part| part.bytes.len()).sum();
            if number == MAX_ATTACHMENT_UNITS || bytes > MAX_MESSAGE {
                return Ok(None);
            }
            packet = self.dissect(&attached, Detail::Summary, None, Some(before))?.announced;
        }
        Ok(packet)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::limits::MAX_MESSAGE;
    use crate::session::testing::Kept;
    use crate::wire::{ConnId, Direction, How, Timestamp, What};

    /// The session in which each connection says what it is given, in this order.
    fn session(said: &[(u32, Direction, Vec<u8>)]) -> Session {
        let kept = said.iter().map(|(_, _, bytes)| Bytes::from(bytes.clone())).collect();
        let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
        for (index, (conn, dir, bytes)) in said.iter().enumerate() {
            let what = match bytes.is_empty() {
                true => What::Closed { by: dir.sender(), how: How::Reset, error: None },
                false => What::Received { dir: *dir, bytes: Bytes::from(bytes.clone()) },
            };
            let record = Record { at: Timestamp(index as u64), conn: ConnId(*conn), what };
            session.ingest(&record, index as u64).unwrap();
        }
        session
    }

    fn poll(conn: u32, sid: &str, answer: &str) -> [(u32, Direction, Vec<u8>); 2] {
        let request = format!("GET /?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: h\r\n\r\n");
        let length = answer.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{answer}");
        [(conn, Direction::ToServer, request.into()), (conn, Direction::ToClient, answer.into())]
    }

    const UP: &str = "451-[\"up\",{\"_placeholder\":true,\"num\":0}]";

    /// What Socket.IO says of a unit, and the packet that it is linked to.
    fn last_event(session: &Session, id: u32) -> (String, Option<UnitId>) {
        let unit = session.unit(UnitId(id)).unwrap();
        let summaries = [Detail::Summary, Detail::Tree].map(|detail| {
            let mut layers = session.look(&unit, detail).unwrap().layers;
            while let Some(layer) = layers.last_mut().filter(|layer| !layer.inside.is_empty()) {
                layers = std::mem::take(&mut layer.inside);
            }
            layers.pop().unwrap().summary
        });
        assert_eq!(summaries[0], summaries[1]);
        let mut links = session.links(unit.id).iter().map(|(_, link)| link);
        (summaries[0].clone(), links.find(|link| link.kind == LinkKind::Announced).map(|link| link.to))
    }

    #[test]
    fn attachments_by_polling_come_on_any_connection_of_their_engine_session() {
        let two = UP.replace("51-", "52-");
        let said = [
            poll(1, "a", UP),
            poll(1, "b", &two),
            poll(2, "b", "bAQ=="),
            poll(2, "a", "bAQID"),
            poll(1, "b", "bAgI="),
        ];
        let session = session(&said.concat());
        assert_eq!(last_event(&session, 6), ("attachment 1 of 2 for event \"up\"".into(), Some(UnitId(4))));
        assert_eq!(last_event(&session, 8), ("event \"up\" <3 bytes>".into(), Some(UnitId(2))));
        assert_eq!(last_event(&session, 10), ("event \"up\" <1 byte>".into(), Some(UnitId(4))));
        assert_eq!(session.finding_count(), 0);
    }

    #[test]
    fn an_attachment_may_come_over_the_websocket_after_the_upgrade() {
        let upgrade = "GET /?EIO=4&transport=websocket&sid=a HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: \
            Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        let mut said = vec![
            (2, Direction::ToServer, upgrade.into()),
            (2, Direction::ToClient, switch.into()),
            (2, Direction::ToClient, b"\x81\x063probe".to_vec()),
        ];
        said.extend(poll(1, "a", UP));
        // A heartbeat comes between; it is no attachment.
        said.push((2, Direction::ToClient, b"\x81\x012".to_vec()));
        said.push((2, Direction::ToClient, b"\x82\x01\x07".to_vec()));
        let session = session(&said);
        assert_eq!(last_event(&session, 6), ("ping".into(), None));
        assert_eq!(last_event(&session, 7), ("event \"up\" <1 byte>".into(), Some(UnitId(5))));
        assert_eq!(session.finding_count(), 0);
    }

    #[test]
    fn what_was_cut_short_announces_nothing() {
        let mut said = poll(1, "a", &format!("{UP}\x1ebAQ==")).to_vec();
        // The attachment is missing when the connection ends.
        let cut = said[1].2.len() - "\x1ebAQ==".len();
        said[1].2.truncate(cut);
        said.push((1, Direction::ToClient, Vec::new()));
        said.extend(poll(2, "a", "42[\"next\"]"));
        let session = session(&said);
        let last = UnitId(session.len() as u32);
        assert_eq!(session.findings(last), []);
    }
}
