//! What a payload says. Dissectors are asked in turn whether a payload is theirs; the first that claims it
//! reads it, and hands on what it carries.

use std::borrow::Cow;

use bytes::Bytes;

use super::field::ProtocolDef;
use super::sink::{Detail, Sink};
use super::unit::{Happening, Memory, SourceId, Span, UnitId, UnitKind};
use super::{PROTOCOLS, http1, tcp, websocket};
use crate::wire::{Direction, Record};

/// A protocol that is carried as the whole payload of another.
pub trait Dissect: Sync {
    /// The protocol's definition.
    fn def(&self) -> &'static ProtocolDef;

    /// Whether the payload is of this protocol. Cheap, and never wrong for long: what is claimed is not
    /// offered to another.
    fn claims(&self, payload: &Payload<'_>, memory: &Memory) -> bool;

    /// Reads the payload, says what it holds to the sink, and returns what it carries: nothing, one payload
    /// or many. Its layer is already open. Never fails: what is malformed is a finding.
    fn dissect<'a>(&self, payload: &Payload<'a>, memory: &mut Memory, sink: &mut Sink) -> Vec<Payload<'a>>;
}

/// A run of bytes with a meaning of its own, and what is known of it from outside.
#[derive(Clone, Debug)]
pub struct Payload<'a> {
    /// The bytes.
    pub bytes: Cow<'a, [u8]>,
    /// The source that they are in.
    pub source: SourceId,
    /// Where in that source they begin.
    pub offset: usize,
    /// What carries them.
    pub carrier: Carrier,
    /// The way they travel.
    pub dir: Direction,
    /// The unit that they are in.
    pub unit: UnitId,
}

/// What carries a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The body of an HTTP message, with its transfer and content codings removed.
    HttpBody {
        /// The media type without its parameters, in lower case; empty where there is none.
        media_type: String,
    },
    /// A whole WebSocket message.
    WebSocketMessage {
        /// Whether it is a text message.
        text: bool,
    },
    /// What an Engine.IO `message` packet carries.
    EngineIoMessage {
        /// Whether it is text.
        text: bool,
    },
}

impl<'a> Payload<'a> {
    /// A span of bytes of this payload, `range` counted from its beginning.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::bytes(self.source, self.offset + range.start..self.offset + range.end)
    }

    /// The span of all of it.
    pub fn whole(&self) -> Span {
        self.span(0..self.bytes.len())
    }
}

/// Finds the dissector for a payload, lets it say what the payload holds, and goes on with what it carries.
pub fn payload(payload: &Payload<'_>, memory: &mut Memory, sink: &mut Sink) {
    let speaks = |d: &dyn Dissect| sink.detail() > Detail::Facts || !d.def().rules.is_empty();
    let claimant = PROTOCOLS.iter().find(|d| speaks(**d) && d.claims(payload, memory));
    let Some(dissector) = claimant else { return };
    sink.open_layer(dissector.def(), payload.whole());
    for inner in dissector.dissect(payload, memory, sink) {
        self::payload(&inner, memory, sink);
    }
    sink.close_layer();
}

/// All that is needed to say what a unit means.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The unit.
    pub unit: UnitId,
    /// What it is.
    pub kind: UnitKind,
    /// The way it travelled.
    pub dir: Direction,
    /// Its bytes on the wire, at most [`super::limits::MAX_HTTP_DISSECTED`] of an HTTP message.
    pub wire: &'a Bytes,
    /// How many bytes it has on the wire.
    pub length: u64,
    /// What happened, where it is not made from bytes.
    pub happening: Option<&'a Happening>,
    /// What was sent in place of some of its bytes.
    pub sent: &'a [Record],
    /// For an HTTP response: the request that it answers, as far as its head.
    pub request: Option<&'a [u8]>,
    /// For a frame that ends a message: the message, put together and inflated.
    pub message: Option<&'a Message>,
}

/// A whole WebSocket message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether it is a text message.
    pub text: bool,
    /// How its bytes were derived from the wire.
    pub kind: super::unit::SourceKind,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Says what a unit means.
pub fn unit(input: &Input<'_>, memory: &mut Memory, sink: &mut Sink) {
    match input.kind {
        UnitKind::Opened | UnitKind::Tls | UnitKind::Closed | UnitKind::Lost | UnitKind::Opaque => {
            tcp::dissect(input, sink);
        }
        UnitKind::HttpRequest | UnitKind::HttpResponse => http1::dissect(input, memory, sink),
        UnitKind::Frame => websocket::dissect(input, memory, sink),
        UnitKind::Message => websocket::told(input, memory, sink),
    }
}
