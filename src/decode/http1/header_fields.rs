//! Header fields: each as it stood on the wire, and those that are known read further.

use std::ops::Range;

use super::fields;
use super::head::{Head, Header, StartLine};
use super::length::decimal;
use super::text::{list, part, split, text, trim};
use super::wire;
use crate::decode::field::FieldDef;
use crate::decode::sink::Sink;
use crate::decode::unit::Value;

/// How the value of a known field is read.
enum Parse {
    /// As text.
    Text,
    /// As a number, if it is one.
    Number,
    /// As a list of elements.
    List(&'static FieldDef),
    /// As `name=value` pairs that are separated by `;`.
    Cookies,
    /// As one such pair and attributes.
    SetCookie,
    /// As a list of extensions with parameters.
    Extensions,
}

/// The fields that are read further, by their names in lower case.
static KNOWN: &[(&str, &FieldDef, Parse)] = &[
    ("host", &fields::HOST, Parse::Text),
    ("origin", &fields::ORIGIN, Parse::Text),
    ("user-agent", &fields::USER_AGENT, Parse::Text),
    ("server", &fields::SERVER, Parse::Text),
    ("date", &fields::DATE, Parse::Text),
    ("referer", &fields::REFERER, Parse::Text),
    ("location", &fields::LOCATION, Parse::Text),
    ("accept", &fields::ACCEPT, Parse::Text),
    ("accept-encoding", &fields::ACCEPT_ENCODING, Parse::Text),
    ("cache-control", &fields::CACHE_CONTROL, Parse::Text),
    ("authorization", &fields::AUTHORIZATION, Parse::Text),
    ("www-authenticate", &fields::WWW_AUTHENTICATE, Parse::Text),
    ("expect", &fields::EXPECT, Parse::Text),
    ("keep-alive", &fields::KEEP_ALIVE, Parse::Text),
    ("trailer", &fields::TRAILER_FIELD, Parse::Text),
    ("access-control-allow-origin", &fields::ALLOW_ORIGIN, Parse::Text),
    ("x-forwarded-for", &fields::FORWARDED_FOR, Parse::Text),
    ("connection", &fields::CONNECTION, Parse::List(&fields::CONNECTION_OPTION)),
    ("upgrade", &fields::UPGRADE, Parse::List(&fields::UPGRADE_PROTOCOL)),
    ("content-type", &fields::CONTENT_TYPE, Parse::Text),
    ("content-length", &fields::CONTENT_LENGTH, Parse::Number),
    ("content-encoding", &fields::CONTENT_ENCODING, Parse::List(&fields::CODING)),
    ("transfer-encoding", &fields::TRANSFER_ENCODING, Parse::List(&fields::CODING)),
    ("cookie", &fields::COOKIE, Parse::Cookies),
    ("set-cookie", &fields::SET_COOKIE, Parse::SetCookie),
    ("sec-websocket-key", &fields::WEBSOCKET_KEY, Parse::Text),
    ("sec-websocket-accept", &fields::WEBSOCKET_ACCEPT, Parse::Text),
    ("sec-websocket-version", &fields::WEBSOCKET_VERSION, Parse::Number),
    ("sec-websocket-protocol", &fields::WEBSOCKET_PROTOCOL, Parse::List(&fields::SUBPROTOCOL)),
    ("sec-websocket-extensions", &fields::WEBSOCKET_EXTENSIONS, Parse::Extensions),
];

/// One field for each line of the header section of `head`, which was parsed from `bytes`.
pub(super) fn nodes(head: &Head, bytes: &[u8], sink: &mut Sink) {
    if !sink.wants_fields() {
        return;
    }
    let line = match head.start {
        StartLine::Request { .. } => &fields::REQUEST_LINE,
        StartLine::Response { .. } => &fields::RESPONSE_LINE,
    };
    for header in &head.headers {
        let written = text(bytes, &header.line);
        sink.open(line, wire(&header.line), || {
            Value::Text(written.trim_end_matches(['\r', '\n']).to_owned())
        });
        if !header.name.is_empty() {
            sink.field(&fields::FIELD_NAME, wire(&header.name), || value(bytes, &header.name));
        }
        value_node(header, bytes, sink);
        sink.close();
    }
}

fn value(bytes: &[u8], range: &Range<usize>) -> Value {
    Value::Text(text(bytes, range).into_owned())
}

fn value_node(header: &Header, bytes: &[u8], sink: &mut Sink) {
    let name = part(bytes, &header.name);
    let known = KNOWN.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known.as_bytes()));
    let Some((_, def, parse)) = known else {
        return sink.field(&fields::FIELD_VALUE, wire(&header.value), || value(bytes, &header.value));
    };
    match parse {
        Parse::Number => number(def, header, bytes, sink),
        parse => {
            sink.open(def, wire(&header.value), || value(bytes, &header.value));
            match parse {
                Parse::List(element) => elements(element, header, bytes, sink),
                Parse::Cookies => {
                    split(bytes, &header.value, b';').for_each(|pair| cookie_pair(&pair, bytes, sink));
                }
                Parse::SetCookie => set_cookie(header, bytes, sink),
                Parse::Extensions => extensions(header, bytes, sink),
                Parse::Text | Parse::Number => {}
            }
            sink.close();
        }
    }
}

/// A number; what is none stays the text that it is.
fn number(def: &'static FieldDef, header: &Header, bytes: &[u8], sink: &mut Sink) {
    let number = decimal(part(bytes, &header.value));
    sink.field(def, wire(&header.value), || {
        number.map_or_else(|| value(bytes, &header.value), Value::Unsigned)
    });
}

fn elements(element: &'static FieldDef, header: &Header, bytes: &[u8], sink: &mut Sink) {
    for range in list(bytes, &header.value) {
        sink.field(element, wire(&range), || value(bytes, &range));
    }
}

fn cookie_pair(pair: &Range<usize>, bytes: &[u8], sink: &mut Sink) {
    sink.open(&fields::COOKIE_PAIR, wire(pair), || value(bytes, pair));
    let equals = part(bytes, pair).iter().position(|b| *b == b'=').map(|at| pair.start + at);
    let name = trim(bytes, pair.start..equals.unwrap_or(pair.end));
    sink.field(&fields::COOKIE_NAME, wire(&name), || value(bytes, &name));
    if let Some(equals) = equals {
        let cookie = trim(bytes, equals + 1..pair.end);
        sink.field(&fields::COOKIE_VALUE, wire(&cookie), || value(bytes, &cookie));
    }
    sink.close();
}

fn set_cookie(header: &Header, bytes: &[u8], sink: &mut Sink) {
    let mut parts = split(bytes, &header.value, b';');
    if let Some(pair) = parts.next() {
        cookie_pair(&pair, bytes, sink);
    }
    for attribute in parts {
        sink.field(&fields::COOKIE_ATTRIBUTE, wire(&attribute), || value(bytes, &attribute));
    }
}

fn extensions(header: &Header, bytes: &[u8], sink: &mut Sink) {
    for extension in list(bytes, &header.value) {
        let mut parts = split(bytes, &extension, b';');
        let Some(name) = parts.next() else { continue };
        sink.open(&fields::EXTENSION, wire(&extension), || value(bytes, &name));
        for parameter in parts {
            sink.field(&fields::EXTENSION_PARAMETER, wire(&parameter), || value(bytes, &parameter));
        }
        sink.close();
    }
}
