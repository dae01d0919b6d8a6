//! One direction of a connection: its place in the stream, its protocol, and what it must remember.

use std::collections::VecDeque;

use bytes::Bytes;

use super::field::{Rule, Severity};
use super::http1;
use super::http1::Exchange;
use super::http1::head::{Head, Parsed, Role};
use super::limits::{MAX_HTTP_DISSECTED, MAX_PENDING_HEADS, MAX_PENDING_REQUESTS, WORTH_LETTING_GO};
use super::unit::{Fact, Finding, Link, LinkKind, Memory, SourceId, Span, Unit, UnitId, UnitKind};
use super::websocket::deflate::Parameters;
use super::websocket::frame::{FrameHeader, opcode};
use super::websocket::{CompleteMessage, extensions};
use super::{tcp, unit, websocket};
use crate::wire::{ConnId, Direction, How, Record, Timestamp, What};

/// What a direction speaks.
#[derive(Debug)]
pub(super) enum Protocol {
    Http1(http1::Framing),
    WebSocket(Box<websocket::Framing>),
    Opaque,
}

impl Protocol {
    /// HTTP, at the beginning of a message.
    pub fn http1(dir: Direction) -> Protocol {
        Protocol::Http1(http1::Framing::new(match dir {
            Direction::ToServer => Role::Request,
            Direction::ToClient => Role::Response,
        }))
    }
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Half {
    dir: Direction,
    pub protocol: Protocol,
    /// Bytes that no step has taken yet.
    pub carry: Vec<u8>,
    pub place: Place,
    /// The HTTP message so far, at most [`MAX_HTTP_DISSECTED`] bytes of it.
    pub collected: Vec<u8>,
    /// Most of the HTTP message was let go of.
    pub has_let_go: bool,
    /// What was sent in place of bytes of units that are not complete yet.
    sent: Vec<Record>,
    pub memory: Memory,
    /// The engine session that a WebSocket goes on with; where it began one, it is the only connection of it.
    pub sid: Option<String>,
    pub deflate: Option<Parameters>,
    /// The latest fragment of an unfinished message.
    pub last_fragment: Option<UnitId>,
    pub control: Control,
    /// A close frame was sent.
    pub close_frame: bool,
    /// The first frame that broke the protocol, until the other peer closes.
    violation: Option<UnitId>,
    /// How the other peer closed while the frame that broke the protocol was not complete, so that it had no number.
    met_by: Option<UnitId>,
    /// What is to be said of the unit that comes next.
    pub remarks: Vec<Finding>,
    /// Nothing more will come.
    pub ended: bool,
}

impl Half {
    pub fn new(dir: Direction) -> Half {
        Half {
            dir,
            protocol: Protocol::http1(dir),
            carry: Vec::new(),
            place: Place::default(),
            collected: Vec::new(),
            has_let_go: false,
            sent: Vec::new(),
            memory: Memory::default(),
            sid: None,
            deflate: None,
            last_fragment: None,
            control: Control::default(),
            close_frame: false,
            violation: None,
            met_by: None,
            remarks: Vec::new(),
            ended: false,
        }
    }

    pub fn is_websocket(&self) -> bool {
        matches!(self.protocol, Protocol::WebSocket(_))
    }

    /// How many bytes of what is not complete it holds.
    pub fn held(&self) -> usize {
        let message = match &self.protocol {
            Protocol::WebSocket(framing) => framing.held(),
            Protocol::Http1(_) | Protocol::Opaque => 0,
        };
        self.carry.len() + self.collected.len() + message
    }

    /// Lets go of what it holds, where that is worth it. What is carried remains: from here on it is bytes of no protocol.
    pub fn let_go(&mut self) {
        if let Protocol::WebSocket(framing) = &mut self.protocol {
            framing.let_go();
        }
        if self.collected.len() > WORTH_LETTING_GO {
            self.collected.truncate(WORTH_LETTING_GO);
            self.collected.shrink_to_fit();
            self.has_let_go = true;
            self.remarks.push(finding(&tcp::LET_GO));
        }
        if self.carry.len() > WORTH_LETTING_GO {
            self.protocol = Protocol::Opaque;
            self.remarks.push(finding(&tcp::LET_GO));
        }
    }

    /// Nothing more was expected in this direction, which had come to `position`.
    pub fn end_at(&mut self, position: u64) {
        self.place = Place { begun: position, taken: position, arrived: position, ..Place::default() };
        self.protocol = Protocol::Opaque;
        self.ended = true;
    }

    /// Bytes came.
    pub fn arrived(&mut self, at: Timestamp, len: usize) {
        self.place.arrived(at, len as u64);
    }

    /// Bytes passed that were not captured: what they were cannot be known, nor where a unit begins behind them.
    pub fn lose(&mut self, len: u64, at: Timestamp) {
        self.place.arrived(at, len);
        self.place.take(self.carry.len());
        self.place.take_long(len);
        self.carry.clear();
        self.collected.clear();
        self.protocol = Protocol::Opaque;
    }

    /// Something else was sent in place of bytes that are received next.
    pub fn replaced(&mut self, record: Record) {
        self.sent.push(record);
    }

    /// Takes bytes of an HTTP message.
    pub fn take_http(&mut self, bytes: &[u8]) {
        let most = if self.has_let_go { WORTH_LETTING_GO } else { MAX_HTTP_DISSECTED };
        let room = most.saturating_sub(self.collected.len());
        self.collected.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.place.take(bytes.len());
    }

    /// Whether bytes are the beginning of the head of an HTTP message in this direction, and not all of it.
    pub fn begins_head(&self, bytes: &[u8]) -> bool {
        let role = match self.dir {
            Direction::ToServer => Role::Request,
            Direction::ToClient => Role::Response,
        };
        matches!(Head::parse(bytes, role), Parsed::Need)
    }

    /// Takes note of a unit of this direction: whether it broke the protocol, and whether the other peer has closed already.
    pub fn judge(&mut self, id: UnitId, unit: &mut Unit) {
        if !breaks_protocol(&unit.findings) {
            return;
        }
        match self.met_by.take() {
            Some(to) => unit.links.push(Link { kind: LinkKind::Violation, to }),
            None => self.violation = self.violation.or(Some(id)),
        }
    }

    /// The other peer closes, with the unit `id`: the tie to what broke the protocol here. What is not complete is tied by
    /// [`Half::judge`].
    pub fn met(&mut self, id: UnitId) -> Option<Link> {
        if let Protocol::WebSocket(framing) = &self.protocol
            && self.violation.is_none()
            && breaks_protocol(framing.findings_so_far())
        {
            self.met_by = self.met_by.or(Some(id));
        }
        self.violation.take().map(|to| Link { kind: LinkKind::Violation, to })
    }

    /// The unit that ends here.
    pub fn unit(&mut self, conn: ConnId, kind: UnitKind) -> Unit {
        let mut unit = self.place.unit(conn, self.dir, kind);
        unit.findings = std::mem::take(&mut self.remarks);
        if !self.sent.is_empty() {
            let begins_within = |r: &Record| matches!(&r.what, What::Sent { replaces, .. } if unit.range.contains(&replaces.start));
            (unit.sent, self.sent) = std::mem::take(&mut self.sent).into_iter().partition(begins_within);
        }
        unit
    }
}

/// How many bytes of heads are kept.
pub(super) fn kept_heads(exchange: &Exchange) -> usize {
    let requests = exchange.pending.iter().take(MAX_PENDING_REQUESTS + 1);
    requests.filter_map(|request| request.head.as_ref()).map(Bytes::len).sum()
}

/// Keeps the head of the request that has just begun, as far as the limits allow.
pub(super) fn keep_head(exchange: &mut Exchange, head: &[u8]) {
    if exchange.pending.len() > MAX_PENDING_REQUESTS {
        return;
    }
    if kept_heads(exchange) + head.len() <= MAX_PENDING_HEADS
        && let Some(pending) = exchange.pending.back_mut()
    {
        pending.head = Some(Bytes::copy_from_slice(head));
    }
}

/// What the answer to an upgrade request says of permessage-deflate.
pub(super) fn agreed_deflate(answer: &[u8]) -> Option<Parameters> {
    let Parsed::Complete(head) = Head::parse(answer, Role::Response) else { return None };
    let values = head.values(answer, "sec-websocket-extensions");
    let chosen = values.filter_map(|value| extensions::parse(std::str::from_utf8(value).ok()?).ok());
    Parameters::agreed(&chosen.flatten().collect::<Vec<_>>())
}

/// In which source a message is, and where it begins there: numbered as [`websocket::dissect`] numbers them.
pub(super) fn message_source(
    header: &FrameHeader,
    message: &CompleteMessage<'_>,
    continues: bool,
) -> (SourceId, usize) {
    let masked = header.mask.is_some() && header.length > 0;
    match (continues || message.compressed, masked) {
        (false, false) => (SourceId::WIRE, header.len()),
        (false, true) | (true, false) => (SourceId(1), 0),
        (true, true) => (SourceId(2), 0),
    }
}

/// The engine session that an HTTP message belongs to: the one that its request, or for a request it itself, names.
pub(super) fn named_session(wire: &[u8], request: Option<&http1::PendingRequest>) -> Option<String> {
    match request {
        None => http1::engine_session(wire),
        Some(request) => http1::engine_session(request.head.as_deref()?),
    }
}

/// The engine session that a message opens.
pub(super) fn opened_session(facts: &[Fact]) -> Option<String> {
    facts.iter().find_map(|fact| match fact {
        Fact::EngineOpen { sid, .. } => Some(sid.clone()),
        _ => None,
    })
}

/// wirewalk was stopped, so that something is incomplete is nobody's fault.
pub(super) fn excuse(findings: &mut [Finding]) {
    for finding in findings {
        if [&http1::rules::TRUNCATED, &websocket::FRAME_CUT_SHORT].contains(&finding.rule) {
            finding.rule = &tcp::STOPPED_INSIDE;
        }
    }
}

fn breaks_protocol(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.rule.severity == Severity::Error)
}

/// Says what a closing means for what was going on; `first`: whether no direction had ended before it.
pub(super) fn closing_findings(
    halves: &[Half; 2],
    exchange: &Exchange,
    dir: Direction,
    how: How,
    first: bool,
) -> Vec<Finding> {
    if how == How::Stopped {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if dir == Direction::ToClient && !exchange.pending.is_empty() {
        findings.push(finding(&http1::rules::UNANSWERED));
    }
    if how == How::Reset {
        findings.push(finding(&tcp::RESET));
    }
    let closed = |d: Direction| halves[d.index()].close_frame;
    if halves.iter().any(Half::is_websocket) && !closed(dir) {
        match closed(dir.reverse()) {
            false if first => findings.push(finding(&tcp::DROPPED)),
            // That it was dropped was said when the other direction ended.
            false => {}
            true => findings.push(finding(&tcp::CLOSE_UNANSWERED)),
        }
    }
    findings
}

/// A finding about a whole unit.
pub(super) fn finding(rule: &'static Rule) -> Finding {
    Finding { rule, span: Span::bits(SourceId::WIRE, 0..0), detail: String::new() }
}

/// Where in its stream a direction is, and when the bytes there came.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Where the unit begins that is being read. `begun <= taken`.
    begun: u64,
    /// How many bytes the steps have taken. `taken <= arrived`.
    taken: u64,
    arrived: u64,
    /// When the unit's first byte came.
    at: Timestamp,
    /// Where each record's bytes begin, and when they came; from the record that holds the last taken byte.
    arrivals: VecDeque<(u64, Timestamp)>,
}

impl Place {
    fn arrived(&mut self, at: Timestamp, len: u64) {
        self.arrivals.push_back((self.arrived, at));
        self.arrived = self.arrived.saturating_add(len);
    }

    /// A step took bytes of the current unit.
    pub fn take(&mut self, len: usize) {
        self.take_long(len as u64);
    }

    fn take_long(&mut self, len: u64) {
        if len == 0 {
            return;
        }
        if self.begun == self.taken {
            self.forget(self.taken);
            self.at = self.now();
        }
        self.taken = self.taken.saturating_add(len);
        self.forget(self.taken - 1);
    }

    /// Forgets the records before the one that holds the byte at `position`.
    fn forget(&mut self, position: u64) {
        while self.arrivals.get(1).is_some_and(|(start, _)| *start <= position) {
            self.arrivals.pop_front();
        }
    }

    fn now(&self) -> Timestamp {
        self.arrivals.front().map(|(_, at)| *at).unwrap_or_default()
    }

    /// Where the bytes that came end.
    pub fn end(&self) -> u64 {
        self.arrived
    }

    /// No unit has begun.
    pub fn is_at_boundary(&self) -> bool {
        self.begun == self.taken
    }

    /// The unit that ends here.
    pub fn unit(&mut self, conn: ConnId, dir: Direction, kind: UnitKind) -> Unit {
        let range = self.begun..self.taken;
        self.begun = self.taken;
        Unit {
            conn,
            dir,
            at: self.at,
            end: self.now(),
            kind,
            range,
            memory: Memory::default(),
            findings: Vec::new(),
            links: Vec::new(),
            inflated: None,
            undecoded: false,
            sent: Vec::new(),
            happening: None,
            facts: Vec::new(),
        }
    }
}

/// The pings of one direction that have no pong yet.
#[derive(Debug, Default)]
pub(super) struct Control {
    pings: VecDeque<(UnitId, Vec<u8>)>,
}

/// So many unanswered pings of a direction are remembered.
const MAX_PINGS: usize = 32;

impl Control {
    /// A control frame was sent: a ping is remembered, a pong is tied to the other side's ping with the same
    /// payload. It also answers all earlier ones (RFC 6455 §5.5.3).
    pub fn frame(
        &mut self,
        id: UnitId,
        header: &FrameHeader,
        payload: &[u8],
        other: &mut Control,
        links: &mut Vec<unit::Link>,
    ) {
        if header.opcode == opcode::PING {
            if self.pings.len() == MAX_PINGS {
                self.pings.pop_front();
            }
            self.pings.push_back((id, payload.to_vec()));
        } else if header.opcode == opcode::PONG
            && let Some(index) = other.pings.iter().rposition(|(_, sent)| sent == payload)
        {
            let answered = other.pings.drain(..=index).next_back();
            links.extend(answered.map(|(to, _)| Link { kind: LinkKind::Ping, to }));
        }
    }
}
