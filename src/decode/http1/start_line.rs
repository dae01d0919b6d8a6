//! The start line as fields, and the summaries of messages.

use std::ops::Range;

use super::fields;
use super::head::{Head, StartLine};
use super::target::{Target, decode};
use super::text::{crop, part, text};
use super::upgrade::is_wanted;
use super::wire;
use crate::decode::engineio::{SID, TRANSPORT, VERSION};
use crate::decode::sink::Sink;
use crate::decode::unit::Value;

/// So many characters of a start line stand in a summary.
const MAX_SHOWN: usize = 300;

/// The fields of the start line of `head`, which was parsed from `bytes`.
pub(super) fn nodes(head: &Head, bytes: &[u8], sink: &mut Sink) {
    let value = |range: &Range<usize>| Value::Text(text(bytes, range).into_owned());
    match &head.start {
        StartLine::Request { method, target, version } => {
            sink.field(&fields::METHOD, wire(method), || value(method));
            sink.open(&fields::TARGET, wire(target), || value(target));
            target_nodes(&Target::of(bytes, target), bytes, sink);
            sink.close();
            sink.field(&fields::REQUEST_VERSION, wire(version), || value(version));
        }
        StartLine::Response { version, status, code, reason } => {
            sink.field(&fields::RESPONSE_VERSION, wire(version), || value(version));
            sink.field(&fields::CODE, wire(status), || Value::Unsigned(u64::from(*code)));
            sink.field(&fields::REASON, wire(reason), || value(reason));
        }
    }
}

fn target_nodes(target: &Target, bytes: &[u8], sink: &mut Sink) {
    if !sink.wants_fields() {
        return;
    }
    let decoded = |range: &Range<usize>| Value::Text(decode(part(bytes, range)));
    let path = text(bytes, &target.path).into_owned();
    sink.field(&fields::PATH, wire(&target.path), || Value::Text(path));
    let Some(query) = &target.query else { return };
    let engine = target.engine(bytes);
    sink.open(&fields::QUERY, wire(query), || Value::Text(text(bytes, query).into_owned()));
    for parameter in target.parameters(bytes) {
        sink.open(&fields::PARAMETER, wire(&parameter.whole), || decoded(&parameter.whole));
        sink.field(&fields::PARAMETER_NAME, wire(&parameter.name), || decoded(&parameter.name));
        sink.field(&fields::PARAMETER_VALUE, wire(&parameter.value), || decoded(&parameter.value));
        if let Some((engineio, sid)) = &engine {
            // What the query says of Engine.IO, by the names that it has there.
            match (decode(part(bytes, &parameter.name)).as_str(), sid) {
                ("EIO", _) => {
                    sink.field(&VERSION, wire(&parameter.value), || Value::Unsigned(engineio.version.into()))
                }
                ("transport", _) => {
                    sink.field(&TRANSPORT, wire(&parameter.value), || decoded(&parameter.value))
                }
                ("sid", Some(sid)) => sink.field(&SID, wire(&parameter.value), || Value::Text(sid.clone())),
                _ => {}
            }
        }
        sink.close();
    }
    sink.close();
}

/// `GET /socket.io/?EIO=4&transport=polling`, `200 OK`; what an upgrade asks for or agreed on stands behind it.
pub(super) fn summary(head: &Head, bytes: &[u8]) -> String {
    let (first, second) = match &head.start {
        StartLine::Request { method, target, .. } => (method, target),
        StartLine::Response { status, reason, .. } => (status, reason),
    };
    let line = format!("{} {}", text(bytes, first), text(bytes, second));
    let mut line = crop(line.trim_end(), MAX_SHOWN);
    let names: &[&str] = match &head.start {
        StartLine::Request { .. } if is_wanted(head, bytes) => {
            line.push_str(", asks to upgrade");
            &["upgrade"]
        }
        StartLine::Response { code: 101, .. } => {
            &["upgrade", "sec-websocket-protocol", "sec-websocket-extensions"]
        }
        _ => &[],
    };
    for (index, value) in names.iter().flat_map(|name| head.values(bytes, name)).enumerate() {
        line.push_str(if index == 0 { " to " } else { ", " });
        line.push_str(&crop(&String::from_utf8_lossy(value), MAX_SHOWN));
    }
    line
}
