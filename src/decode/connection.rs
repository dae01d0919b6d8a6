//! One connection: the framing of both directions, what they tell each other, and the units they yield.
//!
//! Records go in, in the order in which they happened; units come out, in the order in which they are
//! complete. How the bytes were cut into records makes no difference to the units, apart from their times
//! and from bytes of no protocol, which have no other boundary.

mod held;
mod told;

use bytes::Bytes;

pub use held::Ended;

use super::dissect::{self, Input, Payload};
use super::half::{self, Half, Protocol, finding};
use super::http1::{self, Exchange, Next, PendingRequest};
use super::limits::MAX_EARLY_BYTES;
use super::sink::{Detail, Sink};
use super::tcp;
use super::unit::{
    Announced, Fact, Finding, Happening, Link, LinkKind, Memory, Tally, Unit, UnitId, UnitKind,
};
use super::websocket;
use super::websocket::frame::opcode;
use crate::wire::{ConnId, Direction, How, Peer, Record, What};

/// Takes the units that a connection yields, and knows what the connections of an engine session have in common.
pub trait Units {
    /// The number that the next unit will have.
    fn next_id(&self) -> UnitId;

    /// Takes a unit, and gives it the number that was promised.
    fn push(&mut self, unit: Unit);

    /// The packet whose attachments are still to come in this direction of an engine session, on any connection.
    fn announced(&self, sid: &str, dir: Direction) -> Option<Announced>;

    /// Remembers it, once the unit that says so was pushed.
    fn announce(&mut self, sid: &str, dir: Direction, announced: Option<Announced>);
}

/// The decoder of one connection.
#[derive(Debug)]
pub struct Connection {
    halves: [Half; 2],
    exchange: Exchange,
    tally: Tally,
    tellings: told::Tellings,
    max_message: usize,
    /// wirewalk ends it.
    stopped: bool,
}

impl Connection {
    /// A connection on which nothing has happened yet. `max_message` is the longest WebSocket message, in
    /// bytes after inflating, that is put together ([`super::limits::MAX_MESSAGE`] unless the user says
    /// otherwise).
    pub fn new(max_message: usize) -> Connection {
        Connection {
            halves: Direction::BOTH.map(Half::new),
            exchange: Exchange::default(),
            tally: Tally::default(),
            tellings: told::Tellings::default(),
            max_message,
            stopped: false,
        }
    }

    /// Takes the next record of this connection.
    pub fn record(&mut self, record: &Record, units: &mut dyn Units) {
        match &record.what {
            What::Opened(_) => {
                self.tally.opened = record.at;
                self.happened(record, Direction::ToServer, UnitKind::Opened, Vec::new(), units);
            }
            What::Tls(_) => self.happened(record, Direction::ToServer, UnitKind::Tls, Vec::new(), units),
            What::Received { dir, bytes } => self.bytes(record, *dir, bytes, units),
            What::Sent { dir, replaces, bytes, .. } => {
                self.halves[dir.index()].replaced(record.clone());
                if replaces.is_empty() {
                    self.bytes(record, *dir, bytes, units);
                }
            }
            What::Told { .. } => self.told(record, units),
            What::Closed { by, how, .. } => self.closed(record, *by, *how, units),
            What::Note { .. } | What::Trace { .. } | What::Output { .. } | What::Exited { .. } => {}
            What::Lost { dir, bytes, .. } => {
                self.halves[dir.index()].lose(*bytes, record.at);
                self.happened(record, *dir, UnitKind::Lost, vec![finding(&tcp::LOST)], units);
            }
        }
    }

    /// Bytes came: everything that is complete now becomes a unit.
    fn bytes(&mut self, record: &Record, dir: Direction, bytes: &Bytes, units: &mut dyn Units) {
        self.tally.bytes[dir.index()] += bytes.len() as u64;
        self.tally.first_byte[dir.index()].get_or_insert(record.at);
        self.halves[dir.index()].arrived(record.at, bytes.len());
        self.drive(record.conn, dir, bytes, false, units);
    }

    /// A direction ended, or all of it: what is incomplete becomes a unit as it is, then the closing.
    fn closed(&mut self, record: &Record, by: Peer, how: How, units: &mut dyn Units) {
        let (dir, all) = match (by.direction(), how) {
            (Some(dir), How::Fin) => (dir, false),
            (Some(dir), _) => (dir, true),
            // wirewalk ends only what it answered itself.
            (None, How::Fin) => (Direction::ToClient, false),
            (None, _) => (Direction::ToServer, true),
        };
        self.stopped |= how == How::Stopped;
        let first = !self.halves.iter().any(|h| h.ended);
        for ended in Direction::BOTH.into_iter().filter(|d| all || *d == dir) {
            let half = &mut self.halves[ended.index()];
            if !half.ended {
                half.ended = true;
                self.drive(record.conn, ended, &[], true, units);
                self.leftover(record, ended, units);
            }
        }
        let findings = half::closing_findings(&self.halves, &self.exchange, dir, how, first);
        self.happened(record, dir, UnitKind::Closed, findings, units);
    }

    /// Steps through what is there in one direction.
    fn drive(&mut self, conn: ConnId, dir: Direction, input: &[u8], fin: bool, units: &mut dyn Units) {
        let mut carried = std::mem::take(&mut self.halves[dir.index()].carry);
        let joined = !carried.is_empty();
        if joined {
            carried.extend_from_slice(input);
        }
        let buffer: &[u8] = if joined { &carried } else { input };
        let mut taken = 0;
        loop {
            let rest = buffer.get(taken..).unwrap_or_default();
            let step = match self.halves[dir.index()].protocol {
                Protocol::Http1(_) => self.http1_step(conn, dir, rest, fin, units),
                Protocol::WebSocket(_) => self.websocket_step(conn, dir, rest, units),
                Protocol::Opaque => self.opaque_step(conn, dir, rest, units),
            };
            match step {
                Some(len) => taken += len,
                None => break,
            }
        }
        if joined {
            carried.drain(..taken.min(carried.len()));
        } else {
            carried.extend_from_slice(input.get(taken..).unwrap_or_default());
        }
        self.halves[dir.index()].carry = carried;
    }

    /// One step of HTTP: how many bytes it took, or `None` where it needs more.
    fn http1_step(
        &mut self,
        conn: ConnId,
        dir: Direction,
        input: &[u8],
        fin: bool,
        units: &mut dyn Units,
    ) -> Option<usize> {
        let half = &mut self.halves[dir.index()];
        let Protocol::Http1(framing) = &mut half.protocol else { return None };
        match framing.step(input, fin, &mut self.exchange) {
            http1::Step::Need => None,
            http1::Step::Head(head) => {
                half.take_http(input.get(..head.len).unwrap_or_default());
                if dir == Direction::ToServer {
                    half::keep_head(&mut self.exchange, &half.collected);
                }
                Some(head.len)
            }
            http1::Step::Body { len } => {
                half.take_http(input.get(..len).unwrap_or_default());
                Some(len)
            }
            http1::Step::End { next, truncated, request } => {
                self.http1_end(conn, dir, next, truncated, request, units);
                Some(0)
            }
            http1::Step::Switch(next) => {
                self.switch(dir, next);
                Some(0)
            }
            http1::Step::Wait if input.len() > MAX_EARLY_BYTES => {
                half.protocol = Protocol::Opaque;
                Some(0)
            }
            http1::Step::Wait => None,
            // The stream ended inside a head: what there is of it is left over.
            http1::Step::NotHttp if fin && half.begins_head(input) => None,
            http1::Step::NotHttp => {
                half.protocol = Protocol::Opaque;
                Some(0)
            }
        }
    }

    /// An HTTP message is complete: says what it means, and what follows it.
    fn http1_end(
        &mut self,
        conn: ConnId,
        dir: Direction,
        next: Next,
        truncated: bool,
        request: Option<PendingRequest>,
        units: &mut dyn Units,
    ) {
        let id = units.next_id();
        let half = &mut self.halves[dir.index()];
        let wire = Bytes::from(std::mem::take(&mut half.collected));
        let kind = match dir {
            Direction::ToServer => UnitKind::HttpRequest,
            Direction::ToClient => UnitKind::HttpResponse,
        };
        let mut unit = half.unit(conn, kind);
        unit.undecoded = std::mem::take(&mut half.has_let_go);
        unit.memory = request.as_ref().map(|r| r.memory).unwrap_or_default();
        let sid = half::named_session(&wire, request.as_ref());
        unit.memory.announced = sid.as_ref().and_then(|sid| units.announced(sid, dir));
        let mut memory = unit.memory;
        let mut sink = Sink::new(Detail::Facts, wire.clone());
        let input = Input {
            unit: id,
            kind,
            dir,
            wire: &wire,
            length: unit.range.end - unit.range.start,
            happening: None,
            sent: &unit.sent,
            request: request.as_ref().and_then(|r| r.head.as_deref()),
            message: None,
        };
        dissect::unit(&input, &mut memory, &mut sink);
        let (_, findings, facts) = sink.finish();
        unit.findings.extend(findings);
        unit.facts = facts;
        if truncated || wire.len() as u64 != input.length {
            // What was announced or attached behind the cut is not known.
            memory.announced = None;
        }
        if truncated {
            unit.findings.push(finding(&http1::rules::TRUNCATED));
        }
        if self.stopped {
            half::excuse(&mut unit.findings);
        }
        if let Some(to) = request.as_ref().and_then(|r| r.unit) {
            unit.links.push(Link { kind: LinkKind::Request, to });
        }
        let sid = sid.or_else(|| half::opened_session(&unit.facts));
        units.push(unit);
        if let Some(sid) = &sid {
            units.announce(sid, dir, memory.announced);
        }
        match (dir, self.exchange.pending.back_mut()) {
            (Direction::ToServer, Some(pending)) if pending.unit.is_none() => {
                pending.unit = Some(id);
                pending.memory = memory;
            }
            _ => {}
        }
        if next == Next::Message {
            self.resume_if_answered(conn, dir, units);
            return;
        }
        for half in &mut self.halves {
            half.memory.engineio = memory.engineio;
            half.sid.clone_from(&sid);
            half.deflate = half::agreed_deflate(&wire);
        }
        self.switch(dir, next);
        self.resume_if_answered(conn, dir, units);
    }

    /// The answer to an upgrade request came: what the client sent behind its request can now be read, and
    /// comes before what the server sends behind its answer.
    fn resume_if_answered(&mut self, conn: ConnId, dir: Direction, units: &mut dyn Units) {
        if dir == Direction::ToClient && self.exchange.answered.is_some() {
            self.drive(conn, Direction::ToServer, &[], false, units);
        }
    }

    /// From here on a direction speaks another protocol than HTTP.
    fn switch(&mut self, dir: Direction, next: Next) {
        let half = &mut self.halves[dir.index()];
        half.protocol = match next {
            Next::WebSocket => {
                Protocol::WebSocket(Box::new(websocket::Framing::new(dir, half.deflate, self.max_message)))
            }
            Next::Tunnel => Protocol::Opaque,
            Next::Message => return,
        };
    }

    /// One step of WebSocket: how many bytes it took, or `None` where it needs more.
    fn websocket_step(
        &mut self,
        conn: ConnId,
        dir: Direction,
        input: &[u8],
        units: &mut dyn Units,
    ) -> Option<usize> {
        if input.is_empty() {
            return None;
        }
        if let Some(step) = self.http_inside(dir, input) {
            return step;
        }
        let (half, other) = match (dir, &mut self.halves) {
            (Direction::ToServer, [client, server]) => (client, server),
            (Direction::ToClient, [client, server]) => (server, client),
        };
        let Protocol::WebSocket(framing) = &mut half.protocol else { return None };
        let (len, frame) = match framing.step(input) {
            websocket::Step::Need => return None,
            websocket::Step::Taken { len } => {
                half.place.take(len);
                return Some(len);
            }
            websocket::Step::Frame { len, frame } => (len, frame),
        };
        let header = frame.header;
        half.place.take(len);
        let id = units.next_id();
        let mut unit = half.place.unit(conn, dir, UnitKind::Frame);
        if let Some(sid) = half.sid.as_ref().filter(|_| !header.is_control()) {
            half.memory.announced = units.announced(sid, dir);
        }
        unit.memory = half.memory;
        unit.findings = frame.findings;
        if frame.continues {
            unit.links.extend(half.last_fragment.map(|to| Link { kind: LinkKind::Fragment, to }));
        }
        if !header.is_control() {
            half.last_fragment = (!header.fin).then_some(id);
        }
        if let Some(message) = frame.message {
            if header.is_control() {
                half.control.frame(id, &header, &message.bytes, &mut other.control, &mut unit.links);
                half.close_frame |= header.opcode == opcode::CLOSE;
                if header.opcode == opcode::CLOSE {
                    unit.facts.push(Fact::Close);
                }
            } else {
                let mut sink = Sink::new(Detail::Facts, Bytes::new());
                let (source, offset) = half::message_source(&header, &message, frame.continues);
                let payload = Payload {
                    bytes: message.bytes,
                    source,
                    offset,
                    carrier: dissect::Carrier::WebSocketMessage { text: message.text },
                    dir,
                    unit: id,
                };
                if message.whole {
                    dissect::payload(&payload, &mut half.memory, &mut sink);
                } else {
                    half.memory.announced = None;
                }
                let (_, findings, facts) = sink.finish();
                unit.findings.extend(findings);
                unit.facts = facts;
                unit.facts.push(Fact::Message);
                unit.undecoded = !message.whole;
                if message.compressed && message.whole {
                    unit.inflated = Some(Bytes::from(payload.bytes.into_owned()));
                }
            }
        }
        half.judge(id, &mut unit);
        if header.opcode == opcode::CLOSE {
            unit.links.extend(other.met(id));
        }
        if header.is_endless() {
            // What comes now is the payload for good. Each record of it is shown as it comes.
            unit.undecoded = true;
            half.protocol = Protocol::Opaque;
        }
        units.push(unit);
        if let Some(sid) = half.sid.as_ref().filter(|_| !header.is_control()) {
            units.announce(sid, dir, half.memory.announced);
        }
        Some(len)
    }

    /// Servers that give a WebSocket up may go on with HTTP behind the 101: engine.io refuses an old client so, and
    /// Werkzeug answers a close frame with an error page. No valid frame begins with an `H`.
    fn http_inside(&mut self, dir: Direction, input: &[u8]) -> Option<Option<usize>> {
        const VERSION: &[u8] = b"HTTP/1.";
        let half = &mut self.halves[dir.index()];
        let start = input.get(..VERSION.len()).unwrap_or(input);
        if input.first() != Some(&b'H') || dir == Direction::ToServer || !half.place.is_at_boundary() {
            return None;
        }
        if !VERSION.starts_with(start) {
            return None;
        }
        if start.len() < VERSION.len() {
            return Some(None);
        }
        half.protocol = Protocol::http1(dir);
        half.remarks.push(finding(&websocket::HTTP_INSIDE));
        Some(Some(0))
    }

    /// Bytes of no protocol: each record is a unit.
    fn opaque_step(
        &mut self,
        conn: ConnId,
        dir: Direction,
        input: &[u8],
        units: &mut dyn Units,
    ) -> Option<usize> {
        if input.is_empty() {
            return None;
        }
        let half = &mut self.halves[dir.index()];
        half.place.take(input.len());
        let mut unit = half.unit(conn, UnitKind::Opaque);
        let wire = Bytes::copy_from_slice(input.get(..64).unwrap_or(input));
        let mut sink = Sink::new(Detail::Facts, Bytes::new());
        let input_of_unit = Input {
            unit: units.next_id(),
            kind: UnitKind::Opaque,
            dir,
            wire: &wire,
            length: input.len() as u64,
            happening: None,
            sent: &[],
            request: None,
            message: None,
        };
        dissect::unit(&input_of_unit, &mut Memory::default(), &mut sink);
        // What begins a connection was meant for wirewalk; behind that it may be meant for whoever is at the end of a tunnel.
        if dir == Direction::ToServer && unit.range.start == 0 {
            unit.findings.extend(sink.finish().1);
        }
        units.push(unit);
        Some(input.len())
    }

    /// What had begun when its direction ended becomes a unit as far as it came.
    fn leftover(&mut self, record: &Record, dir: Direction, units: &mut dyn Units) {
        let half = &mut self.halves[dir.index()];
        half.place.take(half.carry.len());
        half.carry.clear();
        if half.place.is_at_boundary() {
            return;
        }
        let (kind, findings) = match &mut half.protocol {
            Protocol::WebSocket(framing) => {
                // Without a whole header there is no frame yet.
                let begun = framing.end().map(|frame| frame.findings);
                (UnitKind::Frame, begun.unwrap_or_else(|| vec![finding(&websocket::FRAME_CUT_SHORT)]))
            }
            _ => (UnitKind::Opaque, vec![finding(&http1::rules::TRUNCATED)]),
        };
        let mut unit = half.unit(record.conn, kind);
        unit.undecoded = true;
        unit.findings.extend(findings);
        if self.stopped {
            half::excuse(&mut unit.findings);
        }
        if kind == UnitKind::Frame {
            half.judge(units.next_id(), &mut unit);
        }
        units.push(unit);
    }

    /// A unit that is not made from bytes.
    fn happened(
        &mut self,
        record: &Record,
        dir: Direction,
        kind: UnitKind,
        findings: Vec<Finding>,
        units: &mut dyn Units,
    ) {
        let half = &mut self.halves[dir.index()];
        let mut unit = half.unit(record.conn, kind);
        (unit.at, unit.end) = (record.at, record.at);
        unit.findings = findings;
        if kind == UnitKind::Closed {
            unit.links.extend(self.halves[dir.reverse().index()].met(units.next_id()));
        }
        if let What::Opened(opened) = &record.what
            && let crate::wire::Connected::No { .. } = opened.connected
        {
            unit.findings.push(finding(&tcp::UNREACHABLE));
        }
        unit.happening = Some(Box::new(Happening { record: record.clone(), tally: self.tally }));
        units.push(unit);
    }
}
