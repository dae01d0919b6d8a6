//! HTTP/1.1, RFC 9112, and the upgrade to WebSocket, RFC 6455 §4.
//!
//! `head`, `length`, `chunked` and `framing` find where a message ends. The rest says what it means: its start line and
//! fields, its `body`, the `upgrade` and the `answer` to it, or the cause of its `refusal`.

mod accept;
mod answer;
mod body;
mod chunked;
mod coding;
mod deflate_offer;
mod fields;
pub mod framing;
pub mod head;
mod header_fields;
mod length;
mod negotiation;
pub mod recode;
mod refusal;
pub(crate) mod rules;
mod sent;
mod start_line;
mod target;
mod text;
mod upgrade;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use framing::{Exchange, Framing, Next, PendingRequest, Step};

use super::dissect::{self, Carrier, Input, Payload};
use super::field::{ProtocolDef, Rule};
use super::sink::Sink;
use super::unit::{Fact, Memory, SourceId, Span, UnitKind};
use crate::wire::{What, Why};
use crate::words;
use body::Content;
use head::{Head, Issue, Parsed, Role, StartLine};
use length::BodyLength;
use refusal::Refused;
use target::Target;

/// HTTP/1.1.
pub static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "http",
    name: "HTTP/1.1",
    is_format: false,
    meaning: "A client asks for something with a request, and the server answers each request with a response.",
    spec: "RFC 9112",
    fields: fields::FIELDS,
    rules: rules::RULES,
};

/// A span of bytes on the wire.
fn wire(range: &Range<usize>) -> Span {
    Span::bytes(SourceId::WIRE, range.clone())
}

/// Says what an HTTP request or response means: its head as it stood on the wire, its body with the
/// transfer and content codings removed, and, for an upgrade, each requirement of RFC 6455 §4 on its side.
///
/// On entry to a response, `memory` is that of its request. Whether the message was cut short cannot be seen from its
/// bytes: who framed it adds `rules::TRUNCATED`.
pub fn dissect(input: &Input<'_>, memory: &mut Memory, sink: &mut Sink) {
    let role = match input.kind {
        UnitKind::HttpResponse => Role::Response,
        _ => Role::Request,
    };
    sink.open_layer(&PROTOCOL, wire(&(0..input.wire.len())));
    if let Parsed::Complete(head) = Head::parse(input.wire, role) {
        match role {
            Role::Request => request(input, &head, memory, sink),
            Role::Response => response(input, &head, memory, sink),
        }
    }
    sink.close_layer();
}

fn request(input: &Input<'_>, head: &Head, memory: &mut Memory, sink: &mut Sink) {
    let (length, issues) = length::of(head, input.wire, None);
    head_nodes(input, head, &issues, sink);
    engine(input, head, memory, sink);
    if upgrade::is_wanted(head, input.wire) {
        upgrade::request(head, input.wire, sink);
    }
    let content = content(input, head, length, memory, sink);
    sent::nodes(input, head, sink);
    carry(input, head, content, memory, sink);
}

fn response(input: &Input<'_>, head: &Head, memory: &mut Memory, sink: &mut Sink) {
    let asked = input.request.and_then(|bytes| match Head::parse(bytes, Role::Request) {
        Parsed::Complete(head) => Some((head, bytes)),
        Parsed::Need | Parsed::NotHttp => None,
    });
    let asked = asked.as_ref().map(|(head, bytes)| (head, *bytes));
    let pending = asked.and_then(|(head, bytes)| PendingRequest::of(head, bytes));
    let (length, issues) = length::of(head, input.wire, pending.as_ref());
    head_nodes(input, head, &issues, sink);
    switch(input, head, asked, pending.as_ref(), sink);
    let content = content(input, head, length, memory, sink);
    let ours = |what: &What| matches!(what, What::Sent { why: Why::UpstreamUnreachable, .. });
    if let Some(request) = asked
        && !input.sent.iter().any(|record| ours(&record.what))
    {
        let body = content.as_ref().map_or(&[][..], |content| &content.bytes);
        let cause = Refused { request, answer: (head, input.wire), body }.cause();
        if let Some((rule, detail)) = cause {
            sink.finding(rule, start_line_span(head), detail);
        }
    }
    sent::nodes(input, head, sink);
    carry(input, head, content, memory, sink);
}

/// What the message carries, without any coding.
fn content(
    input: &Input<'_>,
    head: &Head,
    length: BodyLength,
    memory: &Memory,
    sink: &mut Sink,
) -> Option<Content> {
    match memory.told {
        None => body::read(input, head, length, sink),
        Some(_) => body::told(input, head, sink),
    }
}

/// Whether a rule names the likely cause of a refusal.
pub(crate) fn names_cause(rule: &Rule) -> bool {
    rule.key.starts_with("http.refused_")
}

/// The engine session that the request with this head names in its query.
pub(super) fn engine_session(request: &[u8]) -> Option<String> {
    let Parsed::Complete(head) = Head::parse(request, Role::Request) else { return None };
    let StartLine::Request { target, .. } = &head.start else { return None };
    Target::of(request, target).engine(request)?.1
}

/// Start line, header fields, and what is wrong with them or with the lengths that they give.
fn head_nodes(input: &Input<'_>, head: &Head, lengths: &[Issue], sink: &mut Sink) {
    start_line::nodes(head, input.wire, sink);
    header_fields::nodes(head, input.wire, sink);
    for (rule, at, detail) in head.issues.iter().chain(lengths) {
        sink.finding(rule, wire(at), detail.as_str());
    }
}

/// Remembers what the query says of Engine.IO.
fn engine(input: &Input<'_>, head: &Head, memory: &mut Memory, sink: &mut Sink) {
    let StartLine::Request { target, .. } = &head.start else { return };
    let parts = Target::of(input.wire, target);
    let engine = parts.engine(input.wire);
    memory.engineio = engine.as_ref().map(|(engineio, _)| *engineio);
    if let Some((engineio, sid)) = engine {
        let websocket = engineio.transport == super::unit::Transport::WebSocket;
        if websocket && !upgrade::is_wanted(head, input.wire) {
            sink.finding(&rules::UPGRADE_MISSING, wire(target), "");
        }
        sink.fact(Fact::EngineRequest { engineio, sid });
    }
}

/// What a 101 switches to, and whether it may.
fn switch(
    input: &Input<'_>,
    head: &Head,
    asked: Option<answer::Asked<'_>>,
    pending: Option<&PendingRequest>,
    sink: &mut Sink,
) {
    if !matches!(head.start, StartLine::Response { code: 101, .. }) {
        return;
    }
    if pending.is_some_and(|request| !request.upgrade) {
        sink.finding(&rules::SWITCH_UNASKED, start_line_span(head), "");
    }
    let wanted = asked.is_some_and(|(head, bytes)| upgrade::is_wanted(head, bytes));
    if wanted || text::lists(head.values(input.wire, "upgrade"), "websocket") {
        answer::nodes(head, input.wire, asked, sink);
    }
}

fn start_line_span(head: &Head) -> Span {
    match &head.start {
        StartLine::Request { method, version, .. } => wire(&(method.start..version.end)),
        StartLine::Response { version, reason, .. } => wire(&(version.start..reason.end)),
    }
}

/// Sums the message up, and hands its body on.
fn carry(input: &Input<'_>, head: &Head, content: Option<Content>, memory: &mut Memory, sink: &mut Sink) {
    let media_type = head.values(input.wire, "content-type").next().map_or_else(String::new, |value| {
        let name = value.split(|b| *b == b';').next().unwrap_or_default();
        String::from_utf8_lossy(name).trim().to_ascii_lowercase()
    });
    let length = content.as_ref().map_or(0, |c| c.bytes.len());
    sink.summary(|| {
        let size = words::count(length as u64, "byte");
        let of = if media_type.is_empty() { "" } else { " of " };
        let over = if input.length > input.wire.len() as u64 { "more than " } else { "" };
        let note = format!(", {over}{size}{of}{}", text::crop(&media_type, 60));
        start_line::summary(head, input.wire) + if length > 0 { &note } else { "" }
    });
    let Some(content) = content else { return };
    let payload = Payload {
        bytes: Cow::Borrowed(&content.bytes),
        source: content.source,
        offset: content.offset,
        carrier: Carrier::HttpBody { media_type },
        dir: input.dir,
        unit: input.unit,
    };
    dissect::payload(&payload, memory, sink);
}
