//! The request that turns a connection into a WebSocket, point by point (RFC 6455 §4.1 and §4.2.1).

use std::collections::HashSet;
use std::ops::Range;

use super::accept::{hex, key_bytes};
use super::head::{Head, StartLine};
use super::negotiation;
use super::text::{crop, is_token, list, lists, part, text};
use super::{fields, rules, wire};
use crate::decode::field::{FieldDef, Rule};
use crate::decode::sink::Sink;
use crate::decode::unit::Value;

/// A requirement of the handshake and whether it is met.
pub(super) struct Requirement {
    /// The field that says so.
    pub(super) def: &'static FieldDef,
    /// Whether it is met.
    pub(super) met: bool,
    /// Where that is seen.
    pub(super) at: Range<usize>,
    /// The rule that is broken otherwise.
    pub(super) rule: &'static Rule,
    /// What was found instead.
    pub(super) found: String,
}

impl Requirement {
    /// Shows it, and makes a finding of it where it is not met.
    pub(super) fn say(&self, sink: &mut Sink) {
        sink.field(self.def, wire(&self.at), || Value::Flag(self.met));
        // The head's parser has said it already that Host is missing.
        if !self.met && self.rule != &rules::MISSING_HOST {
            sink.finding(self.rule, wire(&self.at), self.found.as_str());
        }
    }
}

/// Whether a request wants a WebSocket.
pub(super) fn is_wanted(head: &Head, bytes: &[u8]) -> bool {
    lists(head.values(bytes, "upgrade"), "websocket")
        || head.values(bytes, "sec-websocket-key").next().is_some()
}

/// Where something that is missing is shown: at the version, which every head has.
fn nowhere(head: &Head) -> Range<usize> {
    head.start.version().clone()
}

/// A requirement that one of the fields called `name` lists `token`.
pub(super) fn token(
    head: &Head,
    bytes: &[u8],
    (name, token): (&str, &str),
    def: &'static FieldDef,
    rule: &'static Rule,
) -> Requirement {
    let at = head.fields(bytes, name).next().map_or_else(|| nowhere(head), |h| h.value.clone());
    let found = head.values(bytes, name).map(String::from_utf8_lossy).collect::<Vec<_>>().join(", ");
    Requirement { def, met: lists(head.values(bytes, name), token), at, rule, found: crop(&found, 60) }
}

/// The requirements that every upgrade request must meet.
pub(super) fn requirements(head: &Head, bytes: &[u8]) -> Vec<Requirement> {
    let StartLine::Request { method, version, .. } = &head.start else { return Vec::new() };
    let value = |name| head.fields(bytes, name).next().map_or_else(|| nowhere(head), |h| h.value.clone());
    let found = |range: &Range<usize>| crop(&text(bytes, range), 60);
    let shown = |name: &str| head.values(bytes, name).next().map(|v| crop(&String::from_utf8_lossy(v), 60));
    let key = value("sec-websocket-key");
    let has_key = head.values(bytes, "sec-websocket-key").next().is_some();
    let valid_key = has_key && key_bytes(part(bytes, &key)).is_some();
    let version_13 = head.values(bytes, "sec-websocket-version").eq([b"13"]);
    vec![
        Requirement {
            def: &fields::IS_GET,
            met: part(bytes, method) == b"GET",
            at: method.clone(),
            rule: &rules::UPGRADE_NOT_GET,
            found: found(method),
        },
        Requirement {
            def: &fields::IS_HTTP_1_1,
            met: part(bytes, version) >= b"HTTP/1.1".as_slice(),
            at: version.clone(),
            rule: &rules::UPGRADE_OLD_HTTP,
            found: found(version),
        },
        Requirement {
            def: &fields::HAS_HOST,
            met: head.values(bytes, "host").count() == 1,
            at: value("host"),
            rule: &rules::MISSING_HOST,
            found: String::new(),
        },
        token(head, bytes, ("upgrade", "websocket"), &fields::NAMES_WEBSOCKET, &rules::UPGRADE_NO_WEBSOCKET),
        token(head, bytes, ("connection", "upgrade"), &fields::NAMES_UPGRADE, &rules::UPGRADE_NO_CONNECTION),
        Requirement {
            def: &fields::KEY_VALID,
            met: valid_key,
            at: key,
            rule: if has_key { &rules::KEY_BAD } else { &rules::KEY_MISSING },
            found: shown("sec-websocket-key").unwrap_or_default(),
        },
        Requirement {
            def: &fields::IS_VERSION_13,
            met: version_13,
            at: value("sec-websocket-version"),
            rule: &rules::WEBSOCKET_VERSION_BAD,
            found: shown("sec-websocket-version").unwrap_or_else(|| "missing".to_owned()),
        },
    ]
}

/// Says how the request meets the requirements, and what is wrong with its offers.
pub(super) fn request(head: &Head, bytes: &[u8], sink: &mut Sink) {
    sink.open(&fields::UPGRADE_REQUEST, wire(&(0..head.len)), || Value::None);
    for requirement in requirements(head, bytes) {
        requirement.say(sink);
        if requirement.met
            && requirement.def == &fields::KEY_VALID
            && let Some(key) = key_bytes(part(bytes, &requirement.at))
        {
            sink.field(&fields::KEY_BYTES, wire(&requirement.at), || Value::Text(hex(&key)));
        }
    }
    sink.close();

    if let Some(second) = head.fields(bytes, "sec-websocket-key").nth(1) {
        sink.finding(&rules::KEY_REPEATED, wire(&second.line), "");
    }
    check_subprotocols(head, bytes, sink);
    negotiation::offered(head, bytes, sink);
}

/// The names in all `Sec-WebSocket-Protocol` fields, in their order.
pub(super) fn subprotocols<'a>(head: &'a Head, bytes: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    head.fields(bytes, "sec-websocket-protocol").flat_map(|h| list(bytes, &h.value))
}

fn check_subprotocols(head: &Head, bytes: &[u8], sink: &mut Sink) {
    let mut seen = HashSet::new();
    let bad = subprotocols(head, bytes).find(|r| !is_token(part(bytes, r)) || !seen.insert(part(bytes, r)));
    if let Some(bad) = bad {
        sink.finding(&rules::SUBPROTOCOL_BAD, wire(&bad), crop(&text(bytes, &bad), 60));
    }
}
