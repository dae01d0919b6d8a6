//! What happened to the connection itself (RFC 9293): opened, secured, closed; and bytes of no protocol.
//!
//! A proxy does not see segments. What it sees is the order of bytes, and how each side began and ended.

use super::dissect::Input;
use super::field::{ProtocolDef, fields, rules};
use super::sink::Sink;
use super::unit::{Happening, SourceId, Span, Value};
use crate::wire::{Connected, Direction, How, Opened, Peer, Tls, What};
use crate::words;

/// TCP, as seen by a proxy.
pub static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "tcp",
    name: "TCP",
    is_format: false,
    meaning: "Carries a stream of bytes in each direction, in order and complete, until each side closes.",
    spec: "RFC 9293",
    fields: FIELDS,
    rules: RULES,
};

fields! {
    CLIENT = Text "tcp.client", "Client", "The address and port that the client connected from.", "RFC 9293 §3.1";
    LISTEN = Text "tcp.listen", "wirewalk", "The address and port of wirewalk that the client connected to.", "RFC 9293 §3.1";
    UPSTREAM = Text "tcp.upstream", "Upstream", "Where wirewalk was told to pass the bytes on to.", "RFC 9293 §3.9.1";
    LOCAL = Text "tcp.local", "Towards the server", "The address and port from which wirewalk connected to the server; the server takes it for its client.", "RFC 9293 §3.1";
    SERVER = Text "tcp.server", "Server", "The address and port of the server.", "RFC 9293 §3.1";
    CONNECT_TIME = Duration "tcp.connect_time", "Time to connect", "How long it took to look up the server's name and to connect to it.", "RFC 9293 §3.5";
    ERROR = Text "tcp.error", "Error", "What the operating system or TLS said.", "RFC 9293 §3.9.1";
    CLOSED_BY = Text "tcp.closed_by", "Closed by", "Who ended the connection, or its own direction of it.", "RFC 9293 §3.6";
    CLOSED_HOW = Text "tcp.closed_how", "Closed how", "FIN ends one direction in order, after all its bytes; a reset (RST) throws away whatever was still on its way.", "RFC 9293 §3.6";
    LASTED = Duration "tcp.lasted", "Open for", "How long the connection had been open by then.", "RFC 9293 §3.3.2";
    FIRST_BYTE = Duration "tcp.time_to_first_byte", "Time to first byte", "How long after the client was accepted the server's first byte came.", "RFC 9293 §3.8";
    BYTES_TO_SERVER = Unsigned "tcp.bytes_to_server", "Bytes to the server", "How many bytes the client had sent by then.", "RFC 9293 §3.4";
    BYTES_TO_CLIENT = Unsigned "tcp.bytes_to_client", "Bytes to the client", "How many bytes the server had sent by then.", "RFC 9293 §3.4";
    LOST_BYTES = Unsigned "tcp.lost_bytes", "Bytes not captured", "How many bytes passed through without being captured.", "RFC 9293 §3.8";
    LOST_WHY = Text "tcp.lost_why", "Reason", "Why the bytes could not be captured.", "RFC 9293 §3.8";
    PAYLOAD = Bytes "tcp.payload", "Bytes", "What passed, as it was.", "RFC 9293 §3.1";
    TLS_VERSION = Text "tls.version", "Version", "The version of TLS that both sides agreed on.", "RFC 8446 §4.2.1";
    TLS_CIPHER = Text "tls.cipher_suite", "Cipher suite", "How the bytes between wirewalk and the server are encrypted and authenticated.", "RFC 8446 §B.4";
    TLS_NAME = Text "tls.server_name", "Server name", "The name that was asked for (SNI), so that a server with several names can pick its certificate.", "RFC 6066 §3";
    TLS_ALPN = Text "tls.alpn", "Application protocol", "The protocol inside TLS that both sides agreed on (ALPN).", "RFC 7301 §3";
    TLS_VERIFIED = Flag "tls.verified", "Certificate checked", "Whether the server's certificate was checked against the trusted roots.", "RFC 5280 §6";
    TLS_TIME = Duration "tls.handshake_time", "Time of the handshake", "How long agreeing on TLS took.", "RFC 8446 §2";
}

rules! {
    UNREACHABLE = Error "tcp.upstream_unreachable", "the server could not be reached", "wirewalk accepted the client but could not connect to the server, so no request can get through. Check that the server runs, and its address and port.", "RFC 9293 §3.10.1";
    RESET = Warning "tcp.reset", "connection reset", "One side broke the connection off (RST) instead of ending it in order; bytes that were on their way may be lost.", "RFC 9293 §3.10.7";
    DROPPED = Error "websocket.dropped", "WebSocket ended without a close frame", "The connection ended without a WebSocket close frame from either side, so the application sees close code 1006: a crash, a time-out, or a proxy in between.", "RFC 6455 §7.1.5";
    CLOSE_UNANSWERED = Note "websocket.close_unanswered", "close frame not answered", "The other side had sent a close frame; this one ended the connection without answering with its own.", "RFC 6455 §5.5.1";
    LOST = Error "tcp.not_captured", "bytes passed that were not captured", "The bytes reached the other side but are missing here, so what follows in this direction cannot be decoded.", "RFC 9293 §3.8";
    STOPPED_INSIDE = Note "tcp.stopped_inside", "wirewalk was stopped before the end of this", "wirewalk closed the connection, so this is incomplete through no fault of the peers.", "RFC 9293 §3.6";
    LET_GO = Warning "tcp.let_go", "decoded only in part, since too much was unfinished", "More than 256 MiB of heads, bodies and messages were unfinished at once, and this connection held the most, so wirewalk let go of it. The bytes pass, and are kept.", "RFC 9293 §3.8";
    FINDINGS_LEFT_OUT = Note "tcp.findings_left_out", "further findings of this rule are only counted", "It was broken 20,000 times in this session, which is enough to read. The units that break it again are still marked, but do not name it.", "RFC 9293 §3.8";
    TLS_TO_PLAIN = Error "tcp.tls_to_plain", "the client speaks TLS, wirewalk was addressed without", "These bytes begin a TLS handshake: the client used https:// or wss://. Point it at http:// or ws:// of wirewalk instead; towards the server wirewalk can speak TLS itself.", "RFC 8446 §4.1.2";
    HTTP2 = Error "tcp.http2", "the client speaks HTTP/2", "These bytes begin HTTP/2 without an upgrade, which wirewalk passes on but does not decode. WebSocket clients use HTTP/1.1.", "RFC 9113 §3.4";
}

/// Says what became of a connection, or shows bytes of no protocol.
pub fn dissect(input: &Input<'_>, sink: &mut Sink) {
    sink.open_layer(&PROTOCOL, Span::bytes(SourceId::WIRE, 0..input.wire.len()));
    match input.happening {
        Some(happening) => happened(happening, sink),
        None => opaque(input, sink),
    }
    sink.close_layer();
}

fn happened(happening: &Happening, sink: &mut Sink) {
    match &happening.record.what {
        What::Opened(what) => opened(what, sink),
        What::Tls(what) => tls(what, sink),
        What::Closed { by, how, error } => closed(happening, *by, *how, error.as_deref(), sink),
        What::Lost { bytes, why, .. } => {
            sink.summary(|| format!("{} passed without being captured: {why}", words::count(*bytes, "byte")));
            value(sink, &LOST_BYTES, || Value::Unsigned(*bytes));
            value(sink, &LOST_WHY, || Value::Text(why.clone()));
        }
        What::Received { .. }
        | What::Sent { .. }
        | What::Told { .. }
        | What::Note { .. }
        | What::Trace { .. }
        | What::Output { .. }
        | What::Exited { .. } => {}
    }
}

fn opened(what: &Opened, sink: &mut Sink) {
    value(sink, &CLIENT, || Value::Text(what.client.to_string()));
    value(sink, &LISTEN, || Value::Text(what.listen.to_string()));
    value(sink, &UPSTREAM, || Value::Text(what.upstream.clone()));
    match &what.connected {
        Connected::Yes { local, server, took } => {
            sink.summary(|| format!("opened by {}, passed on to {server}", what.client));
            value(sink, &LOCAL, || Value::Text(local.to_string()));
            value(sink, &SERVER, || Value::Text(server.to_string()));
            value(sink, &CONNECT_TIME, || Value::Duration(*took));
        }
        Connected::No { error } => {
            sink.summary(|| {
                format!("opened by {}, but {} could not be reached: {error}", what.client, what.upstream)
            });
            value(sink, &ERROR, || Value::Text(error.clone()));
        }
    }
}

fn tls(what: &Tls, sink: &mut Sink) {
    sink.summary(|| {
        let checked = if what.verified { "certificate checked" } else { "certificate not checked" };
        format!("{} with {}, {}, {checked}", what.version, what.server_name, what.cipher_suite)
    });
    value(sink, &TLS_VERSION, || Value::Text(what.version.clone()));
    value(sink, &TLS_CIPHER, || Value::Text(what.cipher_suite.clone()));
    value(sink, &TLS_NAME, || Value::Text(what.server_name.clone()));
    if let Some(alpn) = &what.alpn {
        value(sink, &TLS_ALPN, || Value::Text(alpn.clone()));
    }
    value(sink, &TLS_VERIFIED, || Value::Flag(what.verified));
    value(sink, &TLS_TIME, || Value::Duration(what.took));
}

fn closed(happening: &Happening, by: Peer, how: How, error: Option<&str>, sink: &mut Sink) {
    let tally = &happening.tally;
    let how_text = match how {
        How::Fin => "FIN",
        How::Reset => "reset",
        How::Stopped => "stopped",
    };
    sink.summary(|| match (by, how) {
        (_, How::Stopped) => "closed, because wirewalk was stopped".to_owned(),
        (_, How::Fin) => format!("{} has finished sending (FIN)", by.as_str()),
        (_, How::Reset) => match error {
            Some(error) => format!("reset by {} ({error})", by.as_str()),
            None => format!("reset by {}", by.as_str()),
        },
    });
    value(sink, &CLOSED_BY, || Value::Text(by.as_str().to_owned()));
    value(sink, &CLOSED_HOW, || Value::Text(how_text.to_owned()));
    if let Some(error) = error {
        value(sink, &ERROR, || Value::Text(error.to_owned()));
    }
    let nanos = |d: std::time::Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
    value(sink, &LASTED, || Value::Duration(nanos(happening.record.at.since(tally.opened))));
    if let Some(first) = tally.first_byte[Direction::ToClient.index()] {
        value(sink, &FIRST_BYTE, || Value::Duration(nanos(first.since(tally.opened))));
    }
    value(sink, &BYTES_TO_SERVER, || Value::Unsigned(tally.bytes[Direction::ToServer.index()]));
    value(sink, &BYTES_TO_CLIENT, || Value::Unsigned(tally.bytes[Direction::ToClient.index()]));
}

fn opaque(input: &Input<'_>, sink: &mut Sink) {
    let whole = || Span::bytes(SourceId::WIRE, 0..input.wire.len());
    let what = if matches!(input.wire.get(..3), Some([0x16, 3, _])) {
        sink.finding(&TLS_TO_PLAIN, Span::bytes(SourceId::WIRE, 0..3), "");
        "the beginning of a TLS handshake"
    } else if input.wire.starts_with(b"PRI * HTTP/2.0") {
        sink.finding(&HTTP2, Span::bytes(SourceId::WIRE, 0..14), "");
        "the beginning of HTTP/2"
    } else {
        "bytes of no protocol that wirewalk knows"
    };
    sink.summary(|| format!("{}: {what}", words::count(input.length, "byte")));
    sink.field(&PAYLOAD, whole(), || Value::Bytes);
}

/// A field that was not read from bytes.
fn value(sink: &mut Sink, def: &'static super::field::FieldDef, value: impl FnOnce() -> Value) {
    sink.field(def, Span::default(), value);
}
