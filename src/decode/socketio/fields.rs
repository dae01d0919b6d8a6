//! The fields of a packet.

use super::defs::{
    ARGUMENT, ARGUMENTS, ATTACHMENT, ATTACHMENTS, AUTH, ERROR, ERROR_MESSAGE, EVENT as EVENT_NAME, ID,
    NAMESPACE, PAYLOAD, PLACEHOLDER, QUERY, SID, TYPE,
};
use super::packet::{CONNECT, CONNECT_ERROR, Content, Packet, behind_first, placeholder};
use super::summary::member;
use crate::decode::json::{self, Located, unquoted};
use crate::decode::sink::Sink;
use crate::decode::unit::{Span, Value};
use crate::wire::Direction;

/// Adds the fields of a packet whose text is `text`. `attachments` says where its attachments are, as far as they are
/// known.
pub(super) fn packet(
    text: Located<'_>,
    packet: &Packet<'_>,
    content: &Content<'_>,
    dir: Direction,
    attachments: &[Span],
    sink: &mut Sink,
) {
    if !sink.wants_fields() {
        return;
    }
    if let Some(packet_type) = packet.packet_type {
        sink.field(&TYPE, text.part(packet.digit).span(), || Value::Unsigned(packet_type.into()));
    }
    let number = |digits: &str| digits.parse().map(Value::Unsigned);
    if let Some(digits) = packet.attachments
        && let Ok(value) = number(digits)
    {
        sink.field(&ATTACHMENTS, text.part(digits).span(), || value);
    }
    let place = packet.namespace.map_or_else(Span::default, |namespace| text.part(namespace).span());
    sink.field(&NAMESPACE, place, || Value::Text(packet.namespace().to_owned()));
    if let Some(query) = packet.query {
        sink.field(&QUERY, text.part(query).span(), || Value::Text(query.to_owned()));
    }
    if let Some(digits) = packet.id
        && let Ok(value) = number(digits)
    {
        sink.field(&ID, text.part(digits).span(), || value);
    }
    // In another packet an object that looks like a placeholder is an object.
    let placed = packet.is_binary().then_some(attachments);
    match *content {
        Content::Array { inside, first } if packet.is_ack() || first.is_none() => {
            arguments(text.part(inside), placed, sink);
        }
        Content::Array { inside, first } => {
            let name = first.unwrap_or_default();
            sink.field(&EVENT_NAME, text.part(name).span(), || Value::Text(unquoted(name).into_owned()));
            arguments(text.part(behind_first(inside, name)), placed, sink);
        }
        Content::Other(json) => other(text.part(json), packet, content, dir, sink),
        Content::Nothing | Content::Invalid(_) => {}
    }
}

/// The arguments, without the brackets around them, each as it was written and value by value; in a packet with
/// attachments, these in place of their placeholders.
fn arguments(inside: Located<'_>, attachments: Option<&[Span]>, sink: &mut Sink) {
    sink.open(&ARGUMENTS, inside.span(), || Value::Json(format!("[{}]", inside.text)));
    for argument in json::elements(inside) {
        sink.open(&ARGUMENT, argument.span(), || Value::Json(argument.text.to_owned()));
        json::tree_with(argument, sink, &mut |object, sink| {
            let Some(attachments) = attachments else { return false };
            let Some(number) = placeholder(object.text) else { return false };
            match usize::try_from(number).ok().and_then(|n| attachments.get(n)) {
                Some(span) => sink.field(&ATTACHMENT, span.clone(), || Value::Bytes),
                None => sink.field(&PLACEHOLDER, object.span(), || Value::Unsigned(number)),
            }
            true
        });
        sink.close();
    }
    sink.close();
}

/// A payload that is no array.
fn other<'a>(json: Located<'a>, packet: &Packet<'_>, content: &Content<'a>, dir: Direction, sink: &mut Sink) {
    let string = |raw: &str| Value::Text(unquoted(raw).into_owned());
    let def = match packet.packet_type {
        Some(CONNECT) if dir == Direction::ToServer => &AUTH,
        Some(CONNECT_ERROR) => &ERROR,
        _ => &PAYLOAD,
    };
    if packet.packet_type == Some(CONNECT)
        && dir == Direction::ToClient
        && let Some(sid) = member(content, "sid")
    {
        sink.field(&SID, json.part(sid).span(), || string(sid));
    }
    if packet.packet_type == Some(CONNECT_ERROR) {
        let message = if json.text.starts_with('"') { Some(json.text) } else { member(content, "message") };
        if let Some(message) = message {
            sink.field(&ERROR_MESSAGE, json.part(message).span(), || string(message));
        }
    }
    sink.open(def, json.span(), || Value::Json(json.text.to_owned()));
    json::tree(json, sink);
    sink.close();
}
