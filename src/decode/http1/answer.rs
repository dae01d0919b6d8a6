//! The answer that completes an upgrade to WebSocket, point by point (RFC 6455 §4.2.2).

use bytes::Bytes;

use super::accept::Accept;
use super::head::Head;
use super::text::{crop, part, text};
use super::upgrade::{self, Requirement, token};
use super::{fields, negotiation, rules, wire};
use crate::decode::sink::Sink;
use crate::decode::unit::{SourceId, SourceKind, Span, Value};

/// A request's head and the bytes that it was parsed from.
pub(super) type Asked<'a> = (&'a Head, &'a [u8]);

/// Says how a 101 meets the requirements. `asked` is the request, if it is known.
pub(super) fn nodes(head: &Head, bytes: &[u8], asked: Option<Asked<'_>>, sink: &mut Sink) {
    sink.open(&fields::UPGRADE_ANSWER, wire(&(0..head.len)), || Value::None);
    sink.field(&fields::IS_101, wire(head.start.version()), || Value::Flag(true));
    let upgrade = ("upgrade", "websocket");
    let mut named = token(head, bytes, upgrade, &fields::ANSWER_WEBSOCKET, &rules::ANSWER_NO_UPGRADE);
    // A request may list several protocols, the answer names the one.
    named.met &= !named.found.contains([',', '/']);
    named.say(sink);
    let connection = ("connection", "upgrade");
    token(head, bytes, connection, &fields::ANSWER_UPGRADE, &rules::ANSWER_NO_CONNECTION).say(sink);
    accept(head, bytes, asked, sink);
    subprotocol(head, bytes, asked, sink);
    let offered = asked.map(|(head, bytes)| negotiation::of(head, bytes));
    let valid = negotiation::chosen(head, bytes, offered.as_deref(), sink);
    if let Some(chosen) = head.fields(bytes, "sec-websocket-extensions").next() {
        sink.field(&fields::EXTENSIONS_VALID, wire(&chosen.value), || Value::Flag(valid));
    }
    sink.close();
}

/// Compares the accept field with what follows from the request's key, step by step.
fn accept(head: &Head, bytes: &[u8], asked: Option<Asked<'_>>, sink: &mut Sink) {
    let Some(given) = head.fields(bytes, "sec-websocket-accept").next() else {
        return sink.finding(&rules::ACCEPT_MISSING, wire(head.start.version()), "");
    };
    let key = asked.and_then(|(head, bytes)| Some((head.fields(bytes, "sec-websocket-key").next()?, bytes)));
    let Some((key, request)) = key else { return };
    let key_text = text(request, &key.value);
    let derived = Accept::to(&key_text);
    let requirement = Requirement {
        def: &fields::ACCEPT_VALID,
        met: part(bytes, &given.value) == derived.expected.as_bytes(),
        at: given.value.clone(),
        rule: &rules::ACCEPT_WRONG,
        found: format!("{}, expected {}", crop(&text(bytes, &given.value), 60), derived.expected),
    };
    requirement.say(sink);

    // The key stands in the request, which is another unit: its bytes become a source of this one.
    let Some(source) = sink.source(SourceKind::Request, Bytes::copy_from_slice(request)) else { return };
    let span = Span::bytes(source, key.value.clone());
    sink.field(&fields::ACCEPT_KEY, span.clone(), || Value::Text(key_text.into_owned()));
    sink.field(&fields::ACCEPT_CONCATENATION, span.clone(), || Value::Text(derived.concatenation));
    sink.field(&fields::ACCEPT_DIGEST, span, || Value::Text(derived.digest));
    let given = Span::bytes(SourceId::WIRE, given.value.clone());
    sink.field(&fields::ACCEPT_EXPECTED, given, || Value::Text(derived.expected));
}

fn subprotocol(head: &Head, bytes: &[u8], asked: Option<Asked<'_>>, sink: &mut Sink) {
    let mut chosen = upgrade::subprotocols(head, bytes);
    let (first, second) = (chosen.next(), chosen.next());
    if let Some(second) = second {
        sink.finding(&rules::SUBPROTOCOL_SEVERAL, wire(&second), crop(&text(bytes, &second), 60));
    }
    let Some((request, request_bytes)) = asked else { return };
    let mut offered = upgrade::subprotocols(request, request_bytes).peekable();
    match first {
        Some(first) => {
            let met = offered.any(|o| part(request_bytes, &o) == part(bytes, &first));
            let found = crop(&text(bytes, &first), 60);
            let rule = &rules::SUBPROTOCOL_NOT_OFFERED;
            Requirement { def: &fields::SUBPROTOCOL_VALID, met, at: first, rule, found }.say(sink);
        }
        None if offered.peek().is_some() => {
            sink.finding(&rules::SUBPROTOCOL_NONE, wire(head.start.version()), "");
        }
        None => {}
    }
}
