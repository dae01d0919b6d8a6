//! Engine.IO: packets over HTTP polling or a WebSocket.
//!
//! Engine.IO protocol v4 and v3, <https://github.com/socketio/engine.io-protocol>. A WebSocket message is one packet
//! (`packet.rs`), a polling body is several (`split.rs`), or an answer without packets (`answer.rs`); either may stand in
//! a script (`jsonp.rs`).

mod answer;
mod defs;
mod jsonp;
mod packet;
mod split;

pub(crate) use defs::{LATE_PING, LATE_PONG, SID, TRANSPORT, VERSION};

use bytes::Bytes;

use self::answer::Answer;
use self::defs::{
    BAD_JSONP, BAD_LENGTH, BINARY, JSONP_DATA, JSONP_INDEX, LENGTH, MANY_PACKETS, PACKET, PROTOCOL,
    TOO_MANY_PACKETS,
};
use self::jsonp::Jsonp;
use self::packet::Reader;
use self::split::{Form, Piece, Split};
use super::dissect::{Carrier, Dissect, Payload};
use super::field::ProtocolDef;
use super::json::Located;
use super::sink::Sink;
use super::unit::{EngineIo as Spoken, Memory, SourceKind, Span, Transport, Value};
use crate::wire::Direction;

/// Engine.IO.
pub struct EngineIo;

/// A server on python-engineio takes so many packets in a body.
const PYTHON_TAKES: usize = 16;

impl Dissect for EngineIo {
    fn def(&self) -> &'static ProtocolDef {
        &PROTOCOL
    }

    fn claims(&self, payload: &Payload<'_>, memory: &Memory) -> bool {
        let Some(engineio) = memory.engineio else { return false };
        let polls = engineio.transport == Transport::Polling;
        match payload.carrier {
            Carrier::WebSocketMessage { .. } => true,
            Carrier::EngineIoMessage { .. } => false,
            Carrier::HttpBody { .. } if payload.bytes.is_empty() => false,
            // What a client posts is meant to be packets. What comes back may be a page of a framework or a proxy.
            Carrier::HttpBody { .. } if payload.dir == Direction::ToServer => polls,
            Carrier::HttpBody { .. } => {
                let has_packets = jsonp::begins_like_jsonp(&payload.bytes)
                    || split::begins_with_packet(&payload.bytes, engineio.version);
                (polls && has_packets) || answer(payload).is_some()
            }
        }
    }

    fn dissect<'a>(&self, payload: &Payload<'a>, memory: &mut Memory, sink: &mut Sink) -> Vec<Payload<'a>> {
        let Some(engineio) = memory.engineio else { return Vec::new() };
        sink.field(&VERSION, Span::default(), || Value::Unsigned(engineio.version.into()));
        sink.field(&TRANSPORT, Span::default(), || Value::Text(engineio.transport.as_str().to_owned()));
        if let Carrier::WebSocketMessage { text } = payload.carrier {
            let form = if text { Form::Text } else { Form::Bytes };
            let mut reader = Reader::new(engineio, payload, sink);
            reader.packet(0..payload.bytes.len(), form);
            return reader.finish();
        }
        if payload.dir == Direction::ToClient
            && let Some((answer, body)) = answer(payload)
        {
            answer.dissect(payload, body, sink);
            Vec::new()
        } else if jsonp::begins_like_jsonp(&payload.bytes) {
            scripted(engineio, payload, sink)
        } else {
            packets(engineio, payload, sink)
        }
    }
}

/// The answer without packets that a body consists of.
fn answer<'a>(payload: &'a Payload<'_>) -> Option<(Answer<'a>, Located<'a>)> {
    let body = Located::of(payload)?;
    Some((Answer::read(body.text)?, body))
}

/// A polling body.
fn packets<'a>(engineio: Spoken, payload: &Payload<'a>, sink: &mut Sink) -> Vec<Payload<'a>> {
    let Split { pieces, unreadable, too_many } = split::split(&payload.bytes, engineio.version);
    if pieces.len() > PYTHON_TAKES && payload.dir == Direction::ToServer {
        sink.finding(&MANY_PACKETS, payload.whole(), format!("{} packets", pieces.len()));
    }
    if let Some(rest) = unreadable {
        sink.finding(&BAD_LENGTH, payload.span(rest), "");
    }
    if let Some(begin) = too_many {
        sink.finding(&TOO_MANY_PACKETS, payload.span(begin..payload.bytes.len()), "");
    }
    let mut reader = Reader::new(engineio, payload, sink);
    for Piece { whole, packet, form, length, flag } in pieces {
        reader.sink.open(&PACKET, payload.span(whole), || Value::None);
        if let Some(at) = flag {
            let value = || Value::Flag(form == Form::Bytes);
            reader.sink.field(&BINARY, payload.span(at..at + 1), value);
        }
        if let Some((digits, length)) = length {
            reader.sink.field(&LENGTH, payload.span(digits), || Value::Unsigned(length));
        }
        reader.packet(packet, form);
        reader.sink.close();
    }
    reader.finish()
}

/// A polling body inside a script or a form.
fn scripted<'a>(engineio: Spoken, payload: &Payload<'a>, sink: &mut Sink) -> Vec<Payload<'a>> {
    let Some((outer, jsonp)) = Located::of(payload).and_then(|t| Some((t, Jsonp::read(t.text)?))) else {
        sink.finding(&BAD_JSONP, payload.whole(), "");
        sink.summary(|| "unreadable JSONP".to_owned());
        return Vec::new();
    };
    if let Some(index) = jsonp.index
        && let Ok(number) = index.parse()
    {
        sink.field(&JSONP_INDEX, outer.part(index).span(), || Value::Unsigned(number));
    }
    sink.field(&JSONP_DATA, outer.part(jsonp.data).span(), || Value::Text(jsonp.data.to_owned()));
    let bytes = jsonp.body.into_bytes();
    let Some(source) = sink.source(SourceKind::Unescaped, Bytes::copy_from_slice(&bytes)) else {
        return Vec::new();
    };
    packets(engineio, &Payload { bytes: bytes.into(), source, offset: 0, ..payload.clone() }, sink)
}

#[cfg(test)]
mod tests;
