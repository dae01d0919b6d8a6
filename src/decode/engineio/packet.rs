//! One packet: its type, and what it carries.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::defs::{
    BAD_BASE64, BAD_OPEN, BASE64, DATA, EMPTY_PACKET, HANDSHAKE, HEARTBEAT_DIRECTION, MAX_PAYLOAD,
    OPEN_WITHOUT_SID, PING_INTERVAL, PING_TIMEOUT, SID, TYPE, UNKNOWN_TYPE, UPGRADES,
};
use super::split::Form;
use crate::decode::dissect::{Carrier, Payload};
use crate::decode::field::FieldKind;
use crate::decode::json::line::Line;
use crate::decode::json::{Located, unquoted};
use crate::decode::limits::MAX_NAME;
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{EngineIo, Fact, SourceKind, Span, Value};
use crate::wire::Direction;

/// Reads the packets of one payload.
pub(super) struct Reader<'s, 'a> {
    pub(super) sink: &'s mut Sink,
    engineio: EngineIo,
    payload: &'s Payload<'a>,
    /// What the message packets carry.
    inside: Vec<Payload<'a>>,
    /// How many packets there are, what the first says, and the names of all.
    count: usize,
    first: String,
    names: Line,
}

const OPEN: u8 = 0;
const CLOSE: u8 = 1;
const PING: u8 = 2;
const PONG: u8 = 3;
const MESSAGE: u8 = 4;
const UPGRADE: u8 = 5;

/// The text of a ping that tests a new transport, and of the answer.
const PROBE: &[u8] = b"probe";

impl<'s, 'a> Reader<'s, 'a> {
    pub(super) fn new(engineio: EngineIo, payload: &'s Payload<'a>, sink: &'s mut Sink) -> Reader<'s, 'a> {
        let (first, names) = (String::new(), Line::new());
        Reader { sink, engineio, payload, inside: Vec::new(), count: 0, first, names }
    }

    /// Sums the packets up, and gives what they carry.
    pub(super) fn finish(self) -> Vec<Payload<'a>> {
        let Reader { sink, count, first, names, inside, .. } = self;
        sink.summary(|| match count {
            0 => "no packets".to_owned(),
            1 => first,
            _ => format!("{count} packets: {}", names.finish("")),
        });
        if count > inside.len() {
            sink.says_more();
        }
        inside
    }

    /// Reads the packet that stands in `range` of the payload.
    pub(super) fn packet(&mut self, range: Range<usize>, form: Form) {
        let payload = self.payload;
        let bytes = payload.bytes.get(range.clone()).unwrap_or_default();
        if form == Form::Bytes && self.engineio.version != 3 {
            self.sink.field(&TYPE, Span::default(), || Value::Unsigned(MESSAGE.into()));
            return self.message(range, false);
        }
        let Some((first, rest)) = bytes.split_first() else {
            self.sink.finding(&EMPTY_PACKET, payload.span(range), "");
            return self.tell("empty packet", &[]);
        };
        let data = range.start + 1..range.end;
        match (form, first) {
            (Form::Text, b'b') => self.base64(range, rest),
            (Form::Text, b'0'..=b'6') => self.typed(first - b'0', range.start, data),
            (Form::Bytes, 0..=6) => self.typed(*first, range.start, data),
            _ => {
                self.sink.finding(&UNKNOWN_TYPE, payload.span(range.start..range.start + 1), shown(*first));
                self.data(data);
                self.tell("unknown packet type", &[]);
            }
        }
    }

    /// `b` and base64; in version 3 the packet type stands between the two.
    fn base64(&mut self, range: Range<usize>, rest: &[u8]) {
        let at = range.start;
        self.sink.field(&BASE64, self.payload.span(at..at + 1), || Value::Flag(true));
        let (packet_type, data, begin) = match (self.engineio.version, rest.split_first()) {
            (3, Some((digit @ b'0'..=b'6', data))) => (digit - b'0', data, at + 2),
            (3, _) => {
                let type_at = self.payload.span((at + 1).min(range.end)..(at + 2).min(range.end));
                self.sink.finding(
                    &UNKNOWN_TYPE,
                    type_at,
                    rest.first().map_or_else(String::new, |b| shown(*b)),
                );
                return self.tell("unknown packet type", &[]);
            }
            _ => (MESSAGE, rest, at + 1),
        };
        let type_at = if begin == at + 2 { self.payload.span(at + 1..at + 2) } else { Span::default() };
        self.sink.field(&TYPE, type_at, || Value::Unsigned(packet_type.into()));
        let Some(decoded) = from_base64(data) else {
            self.sink.finding(&BAD_BASE64, self.payload.span(begin..range.end), "");
            return self.tell(name(packet_type), &[]);
        };
        let bytes = Bytes::copy_from_slice(&decoded);
        if packet_type == MESSAGE
            && let Some(source) = self.sink.source(SourceKind::Unescaped, bytes)
        {
            let carrier = Carrier::EngineIoMessage { text: false };
            let bytes = Cow::Owned(decoded);
            self.inside.push(Payload { bytes, source, offset: 0, carrier, ..self.outer() });
        }
        self.tell(name(packet_type), &[]);
    }

    /// A packet whose type stands in the byte at `at`.
    fn typed(&mut self, packet_type: u8, at: usize, data: Range<usize>) {
        let payload = self.payload;
        self.sink.field(&TYPE, payload.span(at..at + 1), || Value::Unsigned(packet_type.into()));
        match packet_type {
            MESSAGE => {
                let text = payload.bytes.get(at) == Some(&(b'0' + MESSAGE));
                return self.message(data, text);
            }
            OPEN => return self.open(data),
            PING | PONG => self.heartbeat(packet_type, at, &data),
            UPGRADE => self.sink.fact(Fact::EngineUpgrade),
            CLOSE => self.sink.fact(Fact::EngineClose),
            _ => {}
        }
        let text = payload.bytes.get(data.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.data(data);
        match text {
            Some(text) if !text.is_empty() => self.tell(name(packet_type), &[" \"", text, "\""]),
            _ => self.tell(name(packet_type), &[]),
        }
    }

    fn message(&mut self, data: Range<usize>, text: bool) {
        let (source, offset) = (self.payload.source, self.payload.offset + data.start);
        let bytes = match &self.payload.bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(data).unwrap_or_default()),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(data).unwrap_or_default().to_vec()),
        };
        let carrier = Carrier::EngineIoMessage { text };
        self.inside.push(Payload { bytes, source, offset, carrier, ..self.outer() });
        self.tell(name(MESSAGE), &[]);
    }

    /// What a carried payload has in common with this one.
    fn outer(&self) -> Payload<'a> {
        let Payload { source, offset, dir, unit, .. } = *self.payload;
        let carrier = Carrier::EngineIoMessage { text: true };
        Payload { bytes: Cow::Borrowed(&[]), source, offset, carrier, dir, unit }
    }

    /// A ping or pong. One that tests a new transport is no heartbeat.
    fn heartbeat(&mut self, packet_type: u8, at: usize, data: &Range<usize>) {
        if self.payload.bytes.get(data.clone()) == Some(PROBE) {
            return;
        }
        self.sink.fact(if packet_type == PING { Fact::EnginePing } else { Fact::EnginePong });
        let server_pings = self.engineio.version != 3;
        let from_server = self.payload.dir == Direction::ToClient;
        if (packet_type == PING) != (server_pings == from_server) {
            let detail = format!("{} in version {}", name(packet_type), self.engineio.version);
            self.sink.finding(&HEARTBEAT_DIRECTION, self.payload.span(at..at + 1), detail);
        }
    }

    fn open(&mut self, data: Range<usize>) {
        let payload = self.payload;
        let span = payload.span(data.clone());
        let text =
            payload.bytes.get(data).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let handshake = match Handshake::parse(text) {
            Ok(handshake) => handshake,
            Err(why) => {
                self.sink.finding(&BAD_OPEN, span.clone(), why);
                self.sink.field(&DATA, span, || Value::Text(text.to_owned()));
                return self.tell(name(OPEN), &[]);
            }
        };
        let sid = handshake.sid.map(|raw| raw.get()).filter(|raw| raw.starts_with('"')).map(unquoted);
        match &sid {
            None => self.sink.finding(&OPEN_WITHOUT_SID, span.clone(), ""),
            Some(sid) if payload.dir == Direction::ToClient && sid.len() <= MAX_NAME => {
                self.sink.fact(Fact::EngineOpen {
                    sid: sid.clone().into_owned(),
                    ping_interval: number(handshake.ping_interval).unwrap_or_default(),
                    ping_timeout: number(handshake.ping_timeout).unwrap_or_default(),
                })
            }
            Some(_) => {}
        }
        let offset = (span.bits.start / 8) as usize;
        handshake.fields(Located { text, source: payload.source, offset }, self.sink);
        match sid {
            Some(sid) => self.tell(name(OPEN), &[" sid=", &sid]),
            None => self.tell(name(OPEN), &[]),
        }
    }

    /// The text behind the type of a packet that is no message.
    fn data(&mut self, data: Range<usize>) {
        if data.is_empty() {
            return;
        }
        let text = self.payload.bytes.get(data.clone()).unwrap_or_default();
        self.sink.field(&DATA, self.payload.span(data), || {
            Value::Text(String::from_utf8_lossy(text).into_owned())
        });
    }

    /// Adds a packet to the summary: its name, and what else to say of it where it is the only one.
    fn tell(&mut self, name: &str, more: &[&str]) {
        self.count += 1;
        if self.sink.detail() < Detail::Summary {
            return;
        }
        if self.count == 1 {
            let mut line = Line::from(name);
            more.iter().for_each(|text| line.push(text));
            self.first = line.finish("");
        } else {
            self.names.push(", ");
        }
        self.names.push(name);
    }
}

/// The data of an open packet; each value as it was written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Handshake<'a> {
    #[serde(borrow)]
    sid: Option<&'a RawValue>,
    #[serde(borrow)]
    upgrades: Option<&'a RawValue>,
    #[serde(borrow)]
    ping_interval: Option<&'a RawValue>,
    #[serde(borrow)]
    ping_timeout: Option<&'a RawValue>,
    #[serde(borrow)]
    max_payload: Option<&'a RawValue>,
}

impl<'a> Handshake<'a> {
    /// Reads the object; says why it is none.
    fn parse(text: &'a str) -> Result<Handshake<'a>, String> {
        // serde would take an array for the members in their order.
        if !text.starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The fields of the handshake that `json` holds.
    fn fields(&self, json: Located<'a>, sink: &mut Sink) {
        let milliseconds = |raw| number(Some(raw)).map(|n| Value::Duration(n.saturating_mul(1_000_000)));
        sink.open(&HANDSHAKE, json.span(), || Value::Json(json.text.to_owned()));
        for (def, raw) in [
            (&SID, self.sid),
            (&UPGRADES, self.upgrades),
            (&PING_INTERVAL, self.ping_interval),
            (&PING_TIMEOUT, self.ping_timeout),
            (&MAX_PAYLOAD, self.max_payload),
        ] {
            let Some(raw) = raw else { continue };
            let value = match def.kind {
                FieldKind::Text => Some(Value::Text(unquoted(raw.get()).into_owned())),
                FieldKind::Duration => milliseconds(raw),
                FieldKind::Unsigned => number(Some(raw)).map(Value::Unsigned),
                _ => Some(Value::Json(raw.get().to_owned())),
            };
            if let Some(value) = value {
                sink.field(def, json.part(raw.get()).span(), || value);
            }
        }
        sink.close();
    }
}

/// A whole number of the handshake.
fn number(raw: Option<&RawValue>) -> Option<u64> {
    raw?.get().parse().ok()
}

/// The name of a packet type from 0 to 6.
fn name(packet_type: u8) -> &'static str {
    TYPE.value(packet_type.into()).map_or("", |value| value.name)
}

/// A byte that is no packet type.
fn shown(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("'{}'", char::from(byte)) } else { format!("byte {byte:#04x}") }
}

/// The bytes that base64 stands for (RFC 4648 §4). Padding may be missing, as receivers tolerate.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    const TOLERANT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    TOLERANT.decode(text).ok()
}
