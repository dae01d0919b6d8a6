//! Conversations in which everything happens that the recorded one lacks.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::Explained;
use crate::decode::limits::MAX_MESSAGE;
use crate::explain::TABLES;
use crate::session::Session;
use crate::session::testing::Kept;
use crate::wire::{ConnId, Connected, Direction, How, Opened, Peer, Record, Timestamp, Tls, Told, What, Why};

/// What happened, each a millisecond after the other.
fn session(happened: Vec<(u32, What)>) -> Session {
    let bytes = |what: &What| match what {
        What::Received { bytes, .. } | What::Sent { bytes, .. } | What::Told { bytes, .. } => bytes.clone(),
        _ => Bytes::new(),
    };
    let kept = happened.iter().map(|(_, what)| bytes(what)).collect();
    let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
    for (index, (conn, what)) in happened.into_iter().enumerate() {
        let record = Record { at: Timestamp(index as u64 * 1_000_000), conn: ConnId(conn), what };
        session.ingest(&record, index as u64).unwrap();
    }
    session
}

fn up(bytes: impl Into<Vec<u8>>) -> What {
    What::Received { dir: Direction::ToServer, bytes: bytes.into().into() }
}

fn down(bytes: impl Into<Vec<u8>>) -> What {
    What::Received { dir: Direction::ToClient, bytes: bytes.into().into() }
}

fn get(target: &str) -> What {
    up(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"))
}

fn post(target: &str, body: &str) -> What {
    up(format!("POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

fn answer(status: &str, body: &str) -> What {
    down(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

fn upgrade(target: &str) -> What {
    up(format!(
        "GET {target} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
         dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ))
}

fn switch() -> What {
    down(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \
         s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )
}

/// A frame of the client, masked.
fn said(first: u8, payload: &[u8]) -> What {
    let key = [1u8, 2, 3, 4];
    let masked = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
    let header = [first, 0x80 | payload.len() as u8].into_iter().chain(key);
    up(header.chain(masked).collect::<Vec<u8>>())
}

/// A frame of the server.
fn heard(first: u8, payload: &[u8]) -> What {
    down([&[first, payload.len() as u8], payload].concat())
}

fn closed(by: Peer, how: How) -> What {
    What::Closed { by, how, error: (how == How::Reset).then(|| "connection reset by peer".to_owned()) }
}

fn opened(connected: Connected) -> What {
    let address = |port| ([127, 0, 0, 1], port).into();
    What::Opened(Opened {
        client: address(50000),
        listen: address(8080),
        upstream: "http://127.0.0.1:5000".into(),
        connected,
    })
}

fn connections() -> Vec<(u32, What)> {
    let unreachable = Connected::No { error: "connection refused (os error 111)".to_owned() };
    let reached = Connected::Yes {
        local: ([127, 0, 0, 1], 50001).into(),
        server: ([127, 0, 0, 1], 5000).into(),
        took: 120_000,
    };
    let tls = Tls {
        version: "TLSv1.3".to_owned(),
        cipher_suite: "TLS13_AES_256_GCM_SHA384".to_owned(),
        alpn: Some("http/1.1".to_owned()),
        server_name: "example.com".to_owned(),
        verified: true,
        took: 3_000_000,
    };
    let refusal = What::Sent {
        dir: Direction::ToClient,
        replaces: 0..0,
        bytes: "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno".into(),
        why: Why::UpstreamUnreachable,
    };
    let lost = What::Lost { dir: Direction::ToServer, bytes: 77, why: "the disk is full".to_owned() };
    vec![
        (1, opened(unreachable)),
        (1, get("/")),
        (1, refusal),
        (1, closed(Peer::Wirewalk, How::Fin)),
        (2, opened(reached.clone())),
        (2, What::Tls(tls)),
        (2, lost),
        (2, closed(Peer::Server, How::Reset)),
        (3, opened(reached.clone())),
        (3, up(*b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03")),
        (3, closed(Peer::Server, How::Fin)),
        (3, closed(Peer::Client, How::Fin)),
        (4, up(*b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        (4, closed(Peer::Wirewalk, How::Stopped)),
        (5, up(*b"\x00\x01\x02\x03 something else")),
        (5, closed(Peer::Client, How::Fin)),
    ]
}

fn plain_http() -> Vec<(u32, What)> {
    let preflight = "OPTIONS /api HTTP/1.1\r\nHost: h\r\nOrigin: http://other.example\r\n\r\n";
    let expecting = "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    let conversation = [
        up(preflight),
        down("HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n"),
        up(expecting),
        down("HTTP/1.1 100 Continue\r\n\r\n"),
        up("abc"),
        down("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
        get("/style.css"),
        down("HTTP/1.1 304 Not Modified\r\n\r\n"),
        get("/chat"),
        down("HTTP/1.1 308 Permanent Redirect\r\nLocation: /chat/\r\nContent-Length: 0\r\n\r\n"),
        get("/favicon.ico"),
        answer("404 Not Found", ""),
        get("/broken"),
        answer("500 Internal Server Error", "oops"),
        get("/odd"),
        answer("099 Odd", ""),
        get("/data"),
        down("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"),
    ];
    conversation.map(|what| (1, what)).into()
}

fn refusals() -> Vec<(u32, What)> {
    vec![
        (1, upgrade("/nowhere")),
        (1, answer("404 Not Found", "")),
        (2, get("/socket.io/?EIO=4&transport=websocket")),
        (2, answer("400 Bad Request", "{\"code\":3,\"message\":\"Bad request\"}")),
        (3, get("/socket.io/?EIO=4&transport=polling&sid=gone")),
        (3, answer("400 Bad Request", "{\"code\":1,\"message\":\"Session ID unknown\"}")),
        (4, get("/socket.io/?EIO=4&transport=polling&sid=gone")),
        (4, answer("400 Bad Request", "")),
    ]
}

/// Engine.IO 3 by polling, and then on a WebSocket of its own.
fn version_3() -> Vec<(u32, What)> {
    let counted = |packet: &str| format!("{}:{packet}", packet.len());
    let open = "0{\"sid\":\"s3\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":5000}";
    let query = "/socket.io/?EIO=3&transport=polling&sid=s3";
    vec![
        (1, get("/socket.io/?EIO=3&transport=polling")),
        (1, answer("200 OK", &(counted(open) + "2:40"))),
        (1, post(query, "1:2")),
        (1, answer("200 OK", "ok")),
        (1, get(query)),
        (1, answer("200 OK", "1:3")),
        (1, post(query, "1:1")),
        (1, answer("200 OK", "ok")),
        (2, upgrade("/socket.io/?EIO=3&transport=websocket")),
        (2, switch()),
        (2, heard(0x81, open.as_bytes())),
        (2, heard(0x81, b"40")),
        (2, said(0x81, b"42[\"hello\",1]")),
        (2, said(0x81, b"2")),
        (2, heard(0x81, b"3")),
    ]
}

fn version_4() -> Vec<(u32, What)> {
    let open =
        "0{\"sid\":\"s4\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":9}";
    let conversation = [
        upgrade("/socket.io/?EIO=4&transport=websocket"),
        switch(),
        heard(0x81, open.as_bytes()),
        said(0x81, b"40"),
        heard(0x81, b"40{\"sid\":\"n4\"}"),
        heard(0x81, b"451-7[\"picture\",{\"_placeholder\":true,\"num\":0}]"),
        heard(0x82, b"\x89PNG"),
        said(0x81, b"462-7[{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]"),
        said(0x82, b"one"),
        said(0x82, b"two"),
        said(0x81, b"4plain Engine.IO"),
        said(0x81, b"48"),
        said(0x81, b"?"),
        heard(0x81, b"41"),
        heard(0x81, b"1"),
        heard(0x88, b""),
        said(0x88, b""),
        closed(Peer::Server, How::Fin),
        closed(Peer::Client, How::Fin),
    ];
    conversation.map(|what| (1, what)).into()
}

fn frames() -> Vec<(u32, What)> {
    let conversation = [
        upgrade("/ws"),
        switch(),
        said(0x81, b"hello"),
        heard(0x82, b"\x00\xff"),
        heard(0x8a, b"still here"),
        said(0x81, b"{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1,2],\"id\":1}"),
        heard(0x81, b"{\"jsonrpc\":\"2.0\",\"result\":3,\"id\":1}"),
        said(0x81, b"{\"jsonrpc\":\"2.0\",\"method\":\"changed\"}"),
        heard(0x81, b"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"no\"},\"id\":null}"),
        said(
            0x81,
            b"[{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"b\"}]",
        ),
        said(0x83, b"?"),
        heard(0x88, b"\x03\xeano"),
        up(*b"\x81"),
        closed(Peer::Client, How::Reset),
    ];
    conversation.map(|what| (1, what)).into()
}

fn told() -> Vec<(u32, What)> {
    let tell = |dir, message, text: &str| What::Told {
        dir,
        message,
        exchange: 1,
        bytes: Bytes::copy_from_slice(text.as_bytes()),
    };
    let conversation = [
        tell(Direction::ToServer, Told::Request, "GET https://h/ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
        tell(
            Direction::ToClient,
            Told::Response,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        ),
        tell(Direction::ToServer, Told::Text, "hello"),
        tell(Direction::ToClient, Told::Binary, "\0"),
    ];
    conversation.map(|what| (1, what)).into()
}

#[test]
fn everything_that_happens_is_explained() {
    let mut explained = Explained::default();
    let recorded = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1.wirewalk");
    explained.session(&crate::capture::Recorder::open(&recorded, MAX_MESSAGE).unwrap().0);
    let texts = std::mem::take(&mut explained.texts);
    let mut explained = Explained { texts, ..Explained::default() };
    for happened in [connections(), plain_http(), refusals(), version_3(), version_4(), frames(), told()] {
        explained.session(&session(happened));
        explained.units.push_str("---\n");
    }
    let known: BTreeSet<&str> = TABLES.iter().flat_map(|table| table.units).map(|text| text.key).collect();
    let unused: Vec<&&str> = known.difference(&explained.texts).collect();
    assert!(unused.is_empty(), "never said here: {unused:?}");
    insta::assert_snapshot!("other_units", explained.units);
    insta::assert_snapshot!("findings", explained.findings);
}
