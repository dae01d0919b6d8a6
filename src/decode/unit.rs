//! What decoding yields: units, and for the unit that someone looks at, a tree of layers and fields.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::field::{FieldDef, ProtocolDef, Rule};
use crate::wire::{ConnId, Direction, Record, Timestamp, Told};

/// The number of a unit in its session, counted from 1 in the order of completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnitId(pub u32);

/// What kind of thing a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnitKind {
    /// A connection was opened.
    Opened,
    /// TLS was agreed with the upstream.
    Tls,
    /// An HTTP request: its head and its body.
    HttpRequest,
    /// An HTTP response: its head and its body.
    HttpResponse,
    /// A WebSocket frame.
    Frame,
    /// Bytes of no protocol that wirewalk frames.
    Opaque,
    /// One direction of a connection ended, or all of it.
    Closed,
    /// Bytes that passed but could not be captured.
    Lost,
    /// A WebSocket message whose frames are not known, since another program tells of it.
    Message,
}

/// The smallest thing on the wire that has a meaning of its own, as the first pass yields it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The connection it was seen on.
    pub conn: ConnId,
    /// The way it travelled. For a closing: the direction that ended.
    pub dir: Direction,
    /// When its first byte came.
    pub at: Timestamp,
    /// When its last byte came.
    pub end: Timestamp,
    /// What it is.
    pub kind: UnitKind,
    /// Its bytes, as a range of all that was received and inserted in its direction.
    pub range: Range<u64>,
    /// What the decoder knew before it read this unit.
    pub memory: Memory,
    /// What is wrong with it or worth saying.
    pub findings: Vec<Finding>,
    /// The earlier units that it belongs to.
    pub links: Vec<Link>,
    /// The message that ends in this unit, inflated, where it was compressed.
    pub inflated: Option<Bytes>,
    /// Not all of it was decoded: it ends a message that could not be put together, or was let go of before it ended.
    pub undecoded: bool,
    /// What we sent in place of bytes of this unit, where it differs.
    pub sent: Vec<Record>,
    /// What happened, where it is not made from bytes.
    pub happening: Option<Box<Happening>>,
    /// What the session ties together across connections.
    pub facts: Vec<Fact>,
}

/// A unit that is not made from bytes: what happened to the connection, and how far it had come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// The record.
    pub record: Record,
    /// The connection up to then.
    pub tally: Tally,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// When the client was accepted.
    pub opened: Timestamp,
    /// When the first byte came, client to server and server to client.
    pub first_byte: [Option<Timestamp>; 2],
    /// How many bytes came, client to server and server to client.
    pub bytes: [u64; 2],
}

/// An earlier unit that a unit belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// How they belong together.
    pub kind: LinkKind,
    /// The earlier unit.
    pub to: UnitId,
}

/// How a unit belongs to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinkKind {
    /// A response, to its request.
    Request,
    /// A fragment of a message, to the fragment before it.
    Fragment,
    /// A pong, to the ping that it answers (WebSocket or Engine.IO).
    Ping,
    /// A Socket.IO acknowledgement, to the event it answers.
    Event,
    /// A binary attachment, to the packet that announced it.
    Announced,
    /// A close, to the frame of the other peer that broke the protocol. Where that frame was not complete by then, the link
    /// goes from the frame to the close.
    Violation,
}

impl LinkKind {
    /// The name in JSON, such as `request`.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Request => "request",
            LinkKind::Fragment => "fragment",
            LinkKind::Ping => "ping",
            LinkKind::Event => "event",
            LinkKind::Announced => "announced",
            LinkKind::Violation => "violation",
        }
    }
}

/// What a decoder must remember between the units of one direction, small enough to be kept with each
/// unit, so that the unit can be decoded again alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Whether this is Engine.IO, and which.
    pub engineio: Option<EngineIo>,
    /// The Socket.IO packet whose attachments are still to come.
    pub announced: Option<Announced>,
    /// What it is, where another program told of it: it was not seen on the wire.
    pub told: Option<Told>,
}

/// Engine.IO as a request asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EngineIo {
    /// The protocol version, from the query's `EIO`: 3 or 4.
    pub version: u8,
    /// What carries it.
    pub transport: Transport,
}

/// What carries Engine.IO packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// HTTP requests that are answered when there is something to say.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Transport {
    /// `polling` or `websocket`, as the query writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Polling => "polling",
            Transport::WebSocket => "websocket",
        }
    }
}

/// A BINARY_EVENT or BINARY_ACK whose attachments are still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The unit that announced them.
    pub by: UnitId,
    /// How many attachments it announced.
    pub total: u16,
    /// How many of them are still to come: `1..=total`.
    pub outstanding: u16,
}

/// A BINARY_EVENT or BINARY_ACK whose attachments are still to come, with those that came. Handed from unit to unit
/// where a summary or a tree is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedPacket {
    /// What its attachments are for, such as `event "file"`; raw text of a peer.
    pub subject: String,
    /// The Socket.IO packet.
    pub packet: Part,
    /// The attachments that came so far, in order.
    pub attachments: Vec<Part>,
}

/// A packet or an attachment, as Engine.IO carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The unit that it is in.
    pub unit: UnitId,
    /// Where in that unit's sources.
    pub span: Span,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Something that the session ties together, across units and connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A WebSocket message ends here, text or binary.
    Message,
    /// A WebSocket Close frame.
    Close,
    /// A request named an Engine.IO transport, and the `sid` unless it is the first.
    EngineRequest {
        /// Version and transport.
        engineio: EngineIo,
        /// The engine session, from the query.
        sid: Option<String>,
    },
    /// The Engine.IO server opened an engine session.
    EngineOpen {
        /// Its id.
        sid: String,
        /// How often a ping is sent, in milliseconds.
        ping_interval: u64,
        /// How long the other side waits for the answer, in milliseconds.
        ping_timeout: u64,
    },
    /// An Engine.IO ping that is no probe.
    EnginePing,
    /// An Engine.IO pong that is no probe.
    EnginePong,
    /// The client told the server to use the WebSocket from now on.
    EngineUpgrade,
    /// An Engine.IO close packet.
    EngineClose,
    /// An attachment of a packet that an earlier unit announced.
    Attached {
        /// The unit that announced it.
        to: UnitId,
    },
    /// A Socket.IO event that asks for an acknowledgement.
    AskedAck {
        /// The namespace, `/` where none was named.
        namespace: String,
        /// The acknowledgement id.
        id: u64,
    },
    /// A Socket.IO acknowledgement.
    Acked {
        /// The namespace, `/` where none was named.
        namespace: String,
        /// The acknowledgement id.
        id: u64,
    },
}

/// Which of a unit's byte sources a span counts in: an index into [`Tree::sources`]; 0 is the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceId(pub u16);

impl SourceId {
    /// The unit's bytes as they were on the wire.
    pub const WIRE: SourceId = SourceId(0);
}

/// How the bytes of a source came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// As received.
    Wire,
    /// As another program told it: its bytes on the wire are not known.
    Told,
    /// A frame's payload with the masking key applied (RFC 6455 §5.3).
    Unmasked,
    /// A message put together from its fragments (RFC 6455 §5.4).
    Reassembled,
    /// A message after permessage-deflate (RFC 7692 §7.2.2).
    Inflated,
    /// An HTTP body without its transfer coding (RFC 9112 §7.1).
    Dechunked,
    /// An HTTP body without its content coding (RFC 9110 §8.4).
    Decoded,
    /// Bytes that were written as base64 or escaped inside a text.
    Unescaped,
    /// What wirewalk sent in place of what it received.
    Sent,
    /// The head of the request that a response answers.
    Request,
    /// The packet that announced attachments, and the attachments that came before.
    Attachment,
}

impl SourceKind {
    /// The name in JSON and above the bytes, such as `unmasked`.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Wire => "wire",
            SourceKind::Told => "told",
            SourceKind::Unmasked => "unmasked",
            SourceKind::Reassembled => "reassembled",
            SourceKind::Inflated => "inflated",
            SourceKind::Dechunked => "dechunked",
            SourceKind::Decoded => "decoded",
            SourceKind::Unescaped => "unescaped",
            SourceKind::Sent => "sent",
            SourceKind::Request => "request",
            SourceKind::Attachment => "attachment",
        }
    }
}

/// Where a field was read from: bits of a source, counted from its first byte's most significant bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Which bytes.
    pub source: SourceId,
    /// Which of their bits.
    pub bits: Range<u64>,
}

impl Span {
    /// Whole bytes of a source.
    pub fn bytes(source: SourceId, bytes: Range<usize>) -> Span {
        Span { source, bits: bytes.start as u64 * 8..bytes.end as u64 * 8 }
    }

    /// Bits of a source.
    pub fn bits(source: SourceId, bits: Range<u64>) -> Span {
        Span { source, bits }
    }
}

/// Something wrong with a unit, or worth saying.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What is the case, and why it matters.
    #[serde(with = "super::field::by_key")]
    pub rule: &'static Rule,
    /// Where.
    pub span: Span,
    /// This unit's own values, as a short phrase such as `length 5 in 16 bits`; empty where there are none.
    pub detail: String,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.key == other.key
    }
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// It only groups the fields below it.
    None,
    /// A number.
    Unsigned(u64),
    /// A bit.
    Flag(bool),
    /// Text.
    Text(String),
    /// The bytes of the span.
    Bytes,
    /// A length of time, in nanoseconds.
    Duration(u64),
    /// A JSON value, as it was written.
    Json(String),
}

/// A decoded field.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub def: &'static FieldDef,
    /// Where it was read from.
    pub span: Span,
    /// What it says.
    pub value: Value,
    /// The fields that it consists of.
    pub children: Vec<Node>,
}

impl PartialEq for FieldDef {
    fn eq(&self, other: &FieldDef) -> bool {
        self.key == other.key
    }
}

/// One protocol's view of a unit, or of one packet inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The protocol.
    pub protocol: &'static ProtocolDef,
    /// Where its bytes are.
    pub span: Span,
    /// What it says, in a line; raw text of a peer, so escape it before it is shown.
    pub summary: String,
    /// Whether it says more than the layers inside it, as several packets do of which only some carry something.
    pub says_more: bool,
    /// Its fields.
    pub nodes: Vec<Node>,
    /// The layers that it carries.
    pub inside: Vec<Layer>,
}

impl PartialEq for ProtocolDef {
    fn eq(&self, other: &ProtocolDef) -> bool {
        self.key == other.key
    }
}

/// Bytes that spans count in.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// How they came to be.
    pub kind: SourceKind,
    /// The bytes.
    pub bytes: Bytes,
}

/// Everything that is known of one unit: its layers, outermost first, and the bytes they were read from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    /// The outermost layers.
    pub layers: Vec<Layer>,
    /// The bytes; the wire's first.
    pub sources: Vec<Source>,
}

impl Tree {
    /// The bytes that a span is in; those it only shares count too.
    pub fn bytes(&self, span: &Span) -> &[u8] {
        let source = self.sources.get(usize::from(span.source.0));
        let range = (span.bits.start / 8) as usize..span.bits.end.div_ceil(8) as usize;
        source.and_then(|s| s.bytes.get(range)).unwrap_or_default()
    }
}
