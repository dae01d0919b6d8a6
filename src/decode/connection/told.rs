//! Messages that another program tells of: they come whole, and how they stood on the wire is not known.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Connection, Units};
use crate::decode::dissect::{self, Input, Message};
use crate::decode::half::{self, finding};
use crate::decode::http1::head::{Head, Parsed, Role};
use crate::decode::http1::{self, PendingRequest};
use crate::decode::limits::{MAX_HTTP_DISSECTED, MAX_PENDING_HEADS, MAX_PENDING_REQUESTS};
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{
    Fact, Finding, Link, LinkKind, Memory, SourceId, SourceKind, Span, Unit, UnitKind,
};
use crate::decode::websocket;
use crate::wire::{Record, Told, What};
use crate::words;

/// What was told of a connection so far.
#[derive(Debug, Default)]
pub(super) struct Tellings {
    /// A WebSocket message was told, and with it what is not known.
    has_messages: bool,
    /// The requests whose responses were not told yet, by the numbers of their exchanges. At most [`MAX_PENDING_REQUESTS`]
    /// with at most [`MAX_PENDING_HEADS`] bytes of heads.
    asked: VecDeque<(u32, PendingRequest)>,
}

impl Tellings {
    /// How many bytes of heads are kept.
    pub fn held(&self) -> usize {
        self.asked.iter().filter_map(|(_, request)| request.head.as_ref()).map(Bytes::len).sum()
    }

    /// Forgets the heads.
    pub fn let_go(&mut self) {
        self.asked.iter_mut().for_each(|(_, request)| request.head = None);
    }

    fn ask(&mut self, exchange: u32, mut request: PendingRequest) {
        if self.asked.len() == MAX_PENDING_REQUESTS {
            self.asked.pop_front();
        }
        let length = request.head.as_ref().map_or(0, Bytes::len);
        if self.held() + length > MAX_PENDING_HEADS {
            request.head = None;
        }
        self.asked.push_back((exchange, request));
    }

    fn answer(&mut self, exchange: u32) -> Option<PendingRequest> {
        let place = self.asked.iter().position(|(number, _)| *number == exchange)?;
        self.asked.remove(place).map(|(_, request)| request)
    }
}

impl Connection {
    /// Another program tells of a message.
    pub(super) fn told(&mut self, record: &Record, units: &mut dyn Units) {
        let What::Told { dir, message, exchange, bytes } = &record.what else { return };
        let kind = match message {
            Told::Request => UnitKind::HttpRequest,
            Told::Response => UnitKind::HttpResponse,
            Told::Text | Told::Binary => UnitKind::Message,
        };
        let half = &mut self.halves[dir.index()];
        half.arrived(record.at, bytes.len());
        half.place.take(bytes.len());
        let mut unit = half.unit(record.conn, kind);
        (unit.at, unit.end) = (record.at, record.at);
        match kind {
            UnitKind::Message if !std::mem::replace(&mut self.tellings.has_messages, true) => {
                unit.findings.push(finding(&websocket::TOLD));
                self.told_message(unit, *message, bytes, units);
            }
            UnitKind::Message => self.told_message(unit, *message, bytes, units),
            _ => self.told_http(unit, *message, *exchange, bytes, units),
        }
    }

    fn told_http(
        &mut self,
        mut unit: Unit,
        message: Told,
        exchange: u32,
        bytes: &Bytes,
        units: &mut dyn Units,
    ) {
        let (id, dir) = (units.next_id(), unit.dir);
        let request = (message == Told::Response).then(|| self.tellings.answer(exchange)).flatten();
        let wire = bytes.slice(..bytes.len().min(MAX_HTTP_DISSECTED));
        let sid = half::named_session(&wire, request.as_ref());
        unit.memory = Memory {
            announced: sid.as_ref().and_then(|sid| units.announced(sid, dir)),
            told: Some(message),
            ..request.as_ref().map(|request| request.memory).unwrap_or_default()
        };
        let mut memory = unit.memory;
        let mut sink = Sink::new(Detail::Facts, wire.clone());
        let input = Input {
            unit: id,
            kind: unit.kind,
            dir,
            wire: &wire,
            length: bytes.len() as u64,
            happening: None,
            sent: &[],
            request: request.as_ref().and_then(|request| request.head.as_deref()),
            message: None,
        };
        dissect::unit(&input, &mut memory, &mut sink);
        let (_, findings, facts) = sink.finish();
        unit.findings.extend(findings.into_iter().filter(is_of_content));
        unit.facts = facts;
        let to = request.and_then(|request| request.unit);
        unit.links.extend(to.map(|to| Link { kind: LinkKind::Request, to }));
        let sid = sid.or_else(|| half::opened_session(&unit.facts));
        units.push(unit);
        if let Some(sid) = &sid {
            units.announce(sid, dir, memory.announced);
        }
        if message == Told::Request
            && let Parsed::Complete(head) = Head::parse(&wire, Role::Request)
        {
            let asked = PendingRequest::of(&head, &wire).unwrap_or_default();
            let head = Some(wire.slice(..head.len.min(wire.len())));
            self.tellings.ask(exchange, PendingRequest { unit: Some(id), head, memory, ..asked });
            // If messages follow, this was the request that opened their WebSocket.
            for half in &mut self.halves {
                half.memory = Memory { engineio: memory.engineio, ..Memory::default() };
                half.sid.clone_from(&sid);
            }
        }
    }

    fn told_message(&mut self, mut unit: Unit, message: Told, bytes: &Bytes, units: &mut dyn Units) {
        let (id, dir) = (units.next_id(), unit.dir);
        let half = &mut self.halves[dir.index()];
        if let Some(sid) = &half.sid {
            half.memory.announced = units.announced(sid, dir);
        }
        half.memory.told = Some(message);
        unit.memory = half.memory;
        unit.undecoded = bytes.len() > self.max_message;
        if unit.undecoded {
            half.memory.announced = None;
            let detail = format!("more than {}", words::count(self.max_message as u64, "byte"));
            let span = Span::bytes(SourceId::WIRE, 0..0);
            unit.findings.push(Finding { rule: &websocket::MESSAGE_TOO_LONG, span, detail });
        } else {
            let text = message == Told::Text;
            let whole = Message { text, kind: SourceKind::Told, bytes: bytes.clone() };
            let mut sink = Sink::new(Detail::Facts, bytes.clone());
            let input = Input {
                unit: id,
                kind: unit.kind,
                dir,
                wire: bytes,
                length: bytes.len() as u64,
                happening: None,
                sent: &[],
                request: None,
                message: Some(&whole),
            };
            dissect::unit(&input, &mut half.memory, &mut sink);
            let (_, findings, facts) = sink.finish();
            unit.findings.extend(findings);
            unit.facts = facts;
        }
        unit.facts.push(Fact::Message);
        units.push(unit);
        if let Some(sid) = &half.sid {
            units.announce(sid, dir, half.memory.announced);
        }
    }
}

/// Whether a finding holds for the message however it stood on the wire. What is odd about a head that was put together
/// need not have been so there.
fn is_of_content(finding: &Finding) -> bool {
    let rule = finding.rule;
    !rule.key.starts_with("http.") || http1::names_cause(rule) || rule == &http1::rules::NOT_ALL_DISSECTED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::unit::{Announced, UnitId};
    use crate::wire::{ConnId, Direction, Timestamp};

    /// Keeps the units as they come.
    #[derive(Default)]
    struct Kept(Vec<Unit>);

    impl Units for Kept {
        fn next_id(&self) -> UnitId {
            UnitId(self.0.len() as u32 + 1)
        }

        fn push(&mut self, unit: Unit) {
            self.0.push(unit);
        }

        fn announced(&self, _: &str, _: Direction) -> Option<Announced> {
            None
        }

        fn announce(&mut self, _: &str, _: Direction, _: Option<Announced>) {}
    }

    fn told(messages: &[(Told, u32, &str)]) -> Vec<Unit> {
        let (mut connection, mut units) = (Connection::new(10), Kept::default());
        for (at, (message, exchange, text)) in messages.iter().enumerate() {
            let dir = if *message == Told::Response { Direction::ToClient } else { Direction::ToServer };
            let bytes = Bytes::copy_from_slice(text.as_bytes());
            let what = What::Told { dir, message: *message, exchange: *exchange, bytes };
            connection.record(&Record { at: Timestamp(at as u64), conn: ConnId(1), what }, &mut units);
        }
        units.0
    }

    fn rules(unit: &Unit) -> Vec<&'static str> {
        unit.findings.iter().map(|finding| finding.rule.key).collect()
    }

    #[test]
    fn answers_are_tied_to_their_requests_in_whatever_order_they_come() {
        let units = told(&[
            (Told::Request, 1, "GET https://h/a HTTP/2\r\n\r\n"),
            (Told::Request, 2, "GET https://h/b HTTP/2\r\n\r\n"),
            (Told::Response, 2, "HTTP/2 200 \r\ncontent-encoding: br\r\ncontent-length: 999\r\n\r\nplain"),
            (Told::Response, 1, "HTTP/2 404 \r\n\r\n"),
        ]);
        let tied: Vec<_> = units.iter().flat_map(|unit| unit.links.iter().map(|link| link.to.0)).collect();
        assert_eq!(tied, [2, 1]);
        assert!(units.iter().all(|unit| rules(unit).is_empty()));
    }

    #[test]
    fn a_message_says_what_kind_of_message_it_is_and_keeps_to_the_limit() {
        let units = told(&[(Told::Text, 0, "hi"), (Told::Binary, 0, ""), (Told::Text, 0, "much too long")]);
        let seen: Vec<_> =
            units.iter().map(|unit| (unit.memory.told, unit.range.clone(), unit.undecoded)).collect();
        let (text, binary) = (Some(Told::Text), Some(Told::Binary));
        assert_eq!(seen, [(text, 0..2, false), (binary, 2..2, false), (text, 2..15, true)]);
        let found: Vec<_> = units.iter().flat_map(rules).collect();
        assert_eq!(found, ["websocket.told", "websocket.message_too_long"]);
    }
}
