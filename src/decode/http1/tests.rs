//! Whole messages, as the screen shows them.

use super::*;
use crate::decode::sink::Detail;
use crate::decode::unit::{EngineIo, Node, SourceKind, Transport, Tree, UnitId, Value};
use crate::wire::{ConnId, Direction, Record, Timestamp};
use bytes::Bytes;
use proptest::prelude::*;
use std::io::Write;

/// What was said of a message.
struct Said {
    tree: Tree,
    findings: Vec<(&'static str, String)>,
    facts: Vec<Fact>,
    memory: Memory,
}

/// A whole request, with nothing else known.
fn input(wire: &Bytes) -> Input<'_> {
    Input {
        unit: UnitId(1),
        kind: UnitKind::HttpRequest,
        dir: Direction::ToServer,
        wire,
        length: wire.len() as u64,
        happening: None,
        sent: &[],
        request: None,
        message: None,
    }
}

fn say(kind: UnitKind, wire: &[u8], request: Option<&[u8]>, sent: &[Record]) -> Said {
    let wire = Bytes::copy_from_slice(wire);
    let input = Input { kind, sent, request, ..input(&wire) };
    let pass = |detail| {
        let mut sink = Sink::new(detail, wire.clone());
        let mut memory = Memory::default();
        dissect(&input, &mut memory, &mut sink);
        (sink.finish(), memory)
    };
    let ((_, findings, facts), memory) = pass(Detail::Facts);
    let ((tree, again, facts_again), memory_again) = pass(Detail::Tree);
    assert_eq!((&findings, &facts, memory), (&again, &facts_again, memory_again), "the passes disagree");
    for finding in &findings {
        let source = &tree.sources[usize::from(finding.span.source.0)];
        assert!(finding.span.bits.end <= source.bytes.len() as u64 * 8, "{finding:?}");
    }
    let findings = findings.into_iter().map(|f| (f.rule.key, f.detail)).collect();
    Said { tree, findings, facts, memory }
}

fn request(wire: &str) -> Said {
    say(UnitKind::HttpRequest, wire.as_bytes(), None, &[])
}

fn response(wire: &[u8], request: &str) -> Said {
    say(UnitKind::HttpResponse, wire, Some(request.as_bytes()), &[])
}

impl Said {
    fn keys(&self) -> Vec<&'static str> {
        self.findings.iter().map(|(key, _)| *key).collect()
    }

    fn summary(&self) -> &str {
        &self.tree.layers[0].summary
    }

    /// All values of the field called `key`, in their order, with the bytes of their spans.
    fn values(&self, key: &str) -> Vec<(Value, &[u8])> {
        fn walk<'a>(nodes: &'a [Node], key: &str, found: &mut Vec<&'a Node>) {
            for node in nodes {
                if node.def.key == key {
                    found.push(node);
                }
                walk(&node.children, key, found);
            }
        }
        let mut found = Vec::new();
        walk(&self.tree.layers[0].nodes, key, &mut found);
        let bytes = |span: &Span| {
            let range = span.bits.start as usize / 8..span.bits.end as usize / 8;
            &self.tree.sources[usize::from(span.source.0)].bytes[range]
        };
        found.into_iter().map(|n| (n.value.clone(), bytes(&n.span))).collect()
    }

    fn texts(&self, key: &str) -> Vec<String> {
        let text = |(value, _)| match value {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        };
        self.values(key).into_iter().map(text).collect()
    }
}

#[test]
fn a_polling_request() {
    let said = request(
        "GET /socket.io/?EIO=4&transport=polling&t=a%20b HTTP/1.1\r\nHost: a\r\nCookie: io=x; y=z\r\n\r\n",
    );
    assert_eq!(said.summary(), "GET /socket.io/?EIO=4&transport=polling&t=a%20b");
    assert_eq!(said.texts("http.request.uri.path"), ["/socket.io/"]);
    assert_eq!(
        said.values("http.request.uri.query.parameter")[2],
        (Value::Text("t=a b".into()), &b"t=a%20b"[..])
    );
    assert_eq!(said.texts("http.host"), ["a"]);
    assert_eq!(said.texts("http.cookie.name"), ["io", "y"]);
    assert_eq!(said.texts("http.request.line"), ["Host: a", "Cookie: io=x; y=z"]);
    let engineio = EngineIo { version: 4, transport: Transport::Polling };
    assert_eq!(said.memory.engineio, Some(engineio));
    assert_eq!(said.facts, [Fact::EngineRequest { engineio, sid: None }]);
    assert_eq!(said.findings, []);
}

#[test]
fn a_response_with_its_length() {
    let said = response(
        b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=UTF-8\r\nContent-Length: 2\r\n\r\nok",
        "",
    );
    assert_eq!(said.summary(), "200 OK, 2 bytes of text/plain");
    assert_eq!(said.values("http.response.code"), [(Value::Unsigned(200), &b"200"[..])]);
    assert_eq!(said.values("http.content_length"), [(Value::Unsigned(2), &b"2"[..])]);
    assert_eq!(said.values("http.file_data"), [(Value::Bytes, &b"ok"[..])]);
    assert_eq!(said.tree.sources.len(), 1, "a plain body is not copied");
}

#[test]
fn a_response_to_head_has_no_body() {
    let said =
        response(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((said.summary(), said.values("http.file_data").len()), ("200 OK", 0));
}

#[test]
fn a_chunked_body() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let said = response(format!("{head}3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n").as_bytes(), "");
    assert_eq!(said.values("http.file_data"), [(Value::Bytes, &b"abcde"[..])]);
    assert_eq!(said.tree.sources[1].kind, SourceKind::Dechunked);
    let chunks: Vec<_> = said.values("http.chunk").into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(chunks, [&b"3;a=b\r\nabc\r\n"[..], b"2\r\nde\r\n", b"0\r\n"]);
    assert_eq!(said.texts("http.chunk_extension"), ["a=b"]);
    assert_eq!(said.texts("http.chunked_trailer_part"), ["X: y"]);
    assert_eq!(said.findings, []);

    let one = response(format!("{head}3\r\nabc\r\n0\r\n\r\n").as_bytes(), "");
    assert_eq!((one.values("http.file_data")[0].1, one.tree.sources.len()), (&b"abc"[..], 1));
    let broken = response(format!("{head}3\nabc\r\nxx\r\n").as_bytes(), "");
    assert_eq!(broken.keys(), ["http.chunk_bare_lf", "http.bad_chunk_size"]);
    assert_eq!(broken.values("http.file_data")[0].1, b"abc");
    let cut = response(format!("{head}5\r\nab").as_bytes(), "");
    assert_eq!((cut.values("http.file_data")[0].1, cut.keys()), (&b"ab"[..], vec![]));
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A response with these codings and this body.
fn coded(codings: &str, body: &[u8]) -> Said {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: {codings}\r\nContent-Length: {}\r\n\r\n", body.len());
    response(&[head.as_bytes(), body].concat(), "")
}

#[test]
fn a_coded_body_is_shown_decoded() {
    let said = coded("GZip", &gzip(b"hello"));
    assert_eq!(said.values("http.file_data"), [(Value::Bytes, &b"hello"[..])]);
    assert_eq!(said.tree.sources[1].kind, SourceKind::Decoded);
    assert_eq!(said.summary(), "200 OK, 5 bytes");
    assert_eq!(coded("gzip, x-gzip", &gzip(&gzip(b"hello"))).values("http.file_data")[0].1, b"hello");
    let chunked = gzip(b"hello");
    let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{:x}\r\n", chunked.len());
    let said = response(&[head.as_bytes(), &chunked, b"\r\n0\r\n\r\n"].concat(), "");
    assert_eq!((said.values("http.file_data")[0].1, said.keys()), (&b"hello"[..], vec![]));
}

#[test]
fn a_body_in_a_bad_coding_is_a_finding() {
    let whole = gzip(&b"hello ".repeat(50));
    assert_eq!(coded("gzip", &whole[..whole.len() - 4]).keys(), ["http.coding_truncated"]);
    assert_eq!(coded("gzip", b"hello").keys(), ["http.coding_corrupt"]);
    assert_eq!(coded("rot13", b"uryyb").findings, [("http.coding_unknown", "rot13".to_owned())]);
    assert_eq!(coded("gzip,gzip,gzip,gzip,gzip", b"x").keys(), ["http.too_many_codings"]);
    assert_eq!(coded("gzip", b"").keys(), Vec::<&str>::new());
    // Where the connection broke off, the coding is not to blame.
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n";
    assert_eq!(response(&[head.as_bytes(), &whole[..20]].concat(), "").keys(), Vec::<&str>::new());
}

#[test]
fn why_engineio_was_refused_is_said_once() {
    let head = "HTTP/1.1 400 BAD REQUEST\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n";
    let answer = [head.as_bytes(), b"\"Invalid transport\""].concat();
    let asked = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n";
    let engineio = Some(EngineIo { version: 4, transport: Transport::Polling });
    let keys = |request: Option<&str>| {
        let wire = Bytes::copy_from_slice(&answer);
        let request = request.map(str::as_bytes);
        let input = Input { kind: UnitKind::HttpResponse, dir: Direction::ToClient, request, ..input(&wire) };
        let mut sink = Sink::new(Detail::Facts, wire.clone());
        dissect(&input, &mut Memory { engineio, ..Memory::default() }, &mut sink);
        sink.finish().1.iter().map(|finding| finding.rule.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(Some(asked)), ["http.refused_transport"]);
    // Where the request is not known, nothing closer can be said.
    assert_eq!(keys(None), ["engineio.refused"]);
}

#[test]
fn a_message_that_is_not_all_here_is_said_to_be_so() {
    let wire =
        Bytes::from([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", &gzip(b"hello")[..12]].concat());
    let input = Input { kind: UnitKind::HttpResponse, length: 99, ..input(&wire) };
    let mut sink = Sink::new(Detail::Tree, wire.clone());
    dissect(&input, &mut Memory::default(), &mut sink);
    let (_, findings, _) = sink.finish();
    // Nothing of the coding, which may well go on.
    assert_eq!(findings.iter().map(|f| f.rule.key).collect::<Vec<_>>(), ["http.not_all_dissected"]);
}

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

/// The handshake of RFC 6455 §1.2 and §1.3.
#[test]
fn the_handshake_of_the_standard() {
    let asked = request(UPGRADE);
    assert_eq!(asked.findings, []);
    for point in ["get", "http_1_1", "host", "websocket", "connection", "key", "version_13"] {
        let key = format!("http.upgrade_request.{point}");
        assert_eq!(asked.values(&key)[0].0, Value::Flag(true), "{key}");
    }
    assert_eq!(asked.texts("http.upgrade_request.key_bytes"), ["7468652073616d706c65206e6f6e6365"]);

    let answered = response(SWITCH.as_bytes(), UPGRADE);
    assert_eq!(
        (answered.findings.as_slice(), answered.summary()),
        (&[][..], "101 Switching Protocols to websocket, chat")
    );
    for point in ["code_101", "websocket", "connection", "accept", "subprotocol"] {
        let key = format!("http.upgrade_answer.{point}");
        assert_eq!(answered.values(&key)[0].0, Value::Flag(true), "{key}");
    }
    let (value, bytes) = &answered.values("http.upgrade_answer.concatenation")[0];
    let joined = "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    assert_eq!((value, *bytes), (&Value::Text(joined.to_owned()), &b"dGhlIHNhbXBsZSBub25jZQ=="[..]));
    assert_eq!(answered.texts("http.upgrade_answer.sha1"), ["b37a4f2cc0624f1690f64606cf385945b2bec4ea"]);
    assert_eq!(answered.texts("http.upgrade_answer.expected"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
}

#[test]
fn each_broken_requirement_of_the_request_has_a_name() {
    for (from, to, rule) in [
        ("GET", "PUT", "http.upgrade_not_get"),
        ("HTTP/1.1\r\nHost", "HTTP/1.0\r\nHost", "http.upgrade_old_http"),
        ("Upgrade: websocket", "Upgrade: h2c", "http.upgrade_no_websocket"),
        ("Connection: Upgrade", "Connection: close", "http.upgrade_no_connection"),
        ("Sec-WebSocket-Key", "X", "http.websocket_key_missing"),
        ("dGhl", "", "http.websocket_key_bad"),
        ("Origin: http", "Sec-WebSocket-Key: http", "http.websocket_key_repeated"),
        ("Version: 13", "Version: 8", "http.websocket_version_bad"),
        ("chat, superchat", "chat, chat", "http.subprotocol_bad"),
        ("chat, superchat", "my chat", "http.subprotocol_bad"),
        ("Host: server.example.com\r\n", "", "http.missing_host"),
    ] {
        let keys = request(&UPGRADE.replacen(from, to, 1)).keys();
        assert!(keys.contains(&rule) && keys.len() <= 2, "{to}: {keys:?}");
    }
}

#[test]
fn each_broken_requirement_of_the_answer_has_a_name() {
    for (from, to, rule) in [
        ("Upgrade: websocket", "Upgrade: x", "http.answer_no_upgrade"),
        ("Connection: Upgrade", "Connection: x", "http.answer_no_connection"),
        ("Sec-WebSocket-Accept", "X", "http.accept_missing"),
        ("s3pP", "s3pp", "http.accept_wrong"),
        ("Protocol: chat", "Protocol: Chat", "http.subprotocol_not_offered"),
        ("Protocol: chat", "Protocol: chat, superchat", "http.subprotocol_several"),
        ("Sec-WebSocket-Protocol", "X", "http.subprotocol_none"),
    ] {
        assert_eq!(response(SWITCH.replacen(from, to, 1).as_bytes(), UPGRADE).keys(), [rule], "{to}");
    }
    let unasked = response(SWITCH.as_bytes(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(unasked.keys().contains(&"http.switch_unasked"));
}

#[test]
fn a_stripped_upgrade_and_a_refusal() {
    let stripped = request("GET /?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(stripped.keys(), ["http.upgrade_missing"]);
    let body = gzip(b"\"Not an accepted origin.\"");
    let head = format!("HTTP/1.1 400 X\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    let refused = response(&[head.as_bytes(), &body].concat(), UPGRADE);
    assert_eq!(refused.keys(), ["http.refused_origin"], "the reason is read from the decoded body");
}

fn sent(bytes: &'static str, why: Why) -> Record {
    let what = What::Sent {
        dir: Direction::ToServer,
        replaces: 0..0,
        bytes: Bytes::from_static(bytes.as_bytes()),
        why,
    };
    Record { at: Timestamp(0), conn: ConnId(1), what }
}

#[test]
fn what_wirewalk_rewrote_stands_beside_the_original() {
    let record = sent("GET / HTTP/1.1\r\nHost: real\r\n\r\n", Why::Rewritten);
    let said = say(UnitKind::HttpRequest, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", None, &[record]);
    assert_eq!(said.findings, [("http.rewritten", "Host".to_owned())]);
    assert_eq!(said.values("http.sent.line"), [(Value::Text("Host: real".to_owned()), &b"Host: real"[..])]);
    assert_eq!(said.texts("http.host"), ["a"]);
}

#[test]
fn what_wirewalk_answered_is_no_refusal_of_the_server() {
    let record = sent("", Why::UpstreamUnreachable);
    let wire = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    let said = say(UnitKind::HttpResponse, wire, Some(UPGRADE.as_bytes()), &[record]);
    assert_eq!(said.keys(), ["http.made_by_wirewalk"]);
}

#[test]
fn definitions_are_unique() {
    let mut keys: Vec<_> =
        PROTOCOL.fields.iter().map(|f| f.key).chain(PROTOCOL.rules.iter().map(|r| r.key)).collect();
    let mut meanings: Vec<_> =
        PROTOCOL.fields.iter().map(|f| f.meaning).chain(PROTOCOL.rules.iter().map(|r| r.meaning)).collect();
    let (all, count) = (keys.len(), meanings.len());
    keys.sort_unstable();
    keys.dedup();
    meanings.sort_unstable();
    meanings.dedup();
    assert_eq!((keys.len(), meanings.len()), (all, count));
}

proptest! {
    #[test]
    fn mutated_messages_are_read_without_a_panic(
        at in any::<prop::sample::Index>(),
        with in prop::collection::vec(any::<u8>(), 0..4),
        cut in any::<prop::sample::Index>(),
        which in 0..4_usize,
    ) {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: deflate, chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n";
        let query = "POST http://h/a?EIO=4&transport=polling&sid=%2 HTTP/1.1\r\nCookie: a=b; c\r\nContent-Length: 2\r\n\r\nab";
        let mut wire = [UPGRADE, SWITCH, chunked, query][which].as_bytes().to_vec();
        let start = at.index(wire.len());
        let end = (start + with.len()).min(wire.len());
        wire.splice(start..end, with);
        wire.truncate(cut.index(wire.len() + 1).max(wire.len() / 2));
        say(UnitKind::HttpRequest, &wire, None, &[]);
        say(UnitKind::HttpResponse, &wire, Some(UPGRADE.as_bytes()), &[]);
        say(UnitKind::HttpResponse, SWITCH.as_bytes(), Some(&wire), &[]);
    }
}
