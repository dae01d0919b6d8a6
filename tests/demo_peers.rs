//! The demo's server and client, without anything between them, and with something that lies.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use wirewalk::demo::{DemoError, Pace, Server, play};

/// No pauses: as fast as the peers answer, and the server's heartbeat comes.
const AT_ONCE: Pace = Pace { pause: Duration::ZERO };

/// Where the chat takes a WebSocket without polling first.
const CHAT: &str = "/socket.io/?EIO=4&transport=websocket";
const ECHO: &str = "/echo";

/// The headers of an upgrade request, with the key of the example in RFC 6455 §1.3.
const UPGRADE: &str = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const OFFER: &str = "sec-websocket-extensions: x-other, permessage-deflate; client_max_window_bits=10\r\n";

#[tokio::test]
async fn the_client_hears_what_it_expects_again_and_again() {
    let server = Server::start().await.unwrap();
    for _ in 0..2 {
        play(server.addr(), AT_ONCE).await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn the_demo_takes_about_ten_seconds() {
    let server = Server::start().await.unwrap();
    let begin = Instant::now();
    play(server.addr(), Pace::default()).await.unwrap();
    let took = begin.elapsed();
    // About: a busy machine may need longer, and it must not be quicker than a person can follow.
    assert!((8..20).contains(&took.as_secs()), "it took {took:?}");
}

#[tokio::test]
async fn a_server_that_stopped_has_closed_everything() {
    let server = Server::start().await.unwrap();
    let addr = server.addr();
    let (mut chat, mut echo) = (connected(addr, CHAT).await, connected(addr, ECHO).await);
    tokio::time::timeout(Duration::from_secs(2), server.stop()).await.expect("it stops at once");

    // The chat may say good-bye first.
    let mut rest = Vec::new();
    chat.read_to_end(&mut rest).await.unwrap();
    echo.read_to_end(&mut rest).await.unwrap();
    let error = play(addr, AT_ONCE).await.unwrap_err();
    assert!(matches!(error, DemoError::Connect { to, .. } if to == addr), "{error}");
}

#[tokio::test]
async fn a_server_stops_when_it_is_dropped() {
    let server = Server::start().await.unwrap();
    let addr = server.addr();
    let mut echo = connected(addr, ECHO).await;
    drop(server);
    let read = tokio::time::timeout(Duration::from_secs(2), echo.read(&mut [0])).await;
    assert_eq!(read.expect("it stops at once").unwrap(), 0);
}

#[tokio::test]
async fn the_server_refuses_what_is_wrong() {
    let server = Server::start().await.unwrap();
    let unknown = "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAAA";
    let cases = [
        (unknown, String::new(), "400", r#"{"code":"1","message":"Session ID unknown"}"#),
        ("/socket.io/?EIO=4&transport=pigeon", String::new(), "400", "Transport unknown"),
        ("/socket.io/?EIO=2&transport=polling", String::new(), "400", "Unsupported protocol version"),
        ("/nothing", String::new(), "404", "no such page"),
        ("/echo", String::new(), "400", "RFC 6455 section 4.2.1"),
        ("/echo", UPGRADE.into(), "400", "permessage-deflate"),
        (
            "/echo",
            format!("{UPGRADE}sec-websocket-extensions: permessage-deflate; server_no_context_takeover\r\n"),
            "400",
            "permessage-deflate",
        ),
    ];
    for (path, headers, status, body) in cases {
        let response = get(server.addr(), path, &headers).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {response}");
        assert!(response.contains(body), "{path}: {response}");
    }
}

#[tokio::test]
async fn the_server_closes_a_compressed_websocket_that_breaks_the_protocol() {
    let server = Server::start().await.unwrap();
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = format!("GET {ECHO} HTTP/1.1\r\nhost: demo\r\n{UPGRADE}{OFFER}\r\n");
    // The first frame comes with the request; it is not masked, as every frame of a client must be.
    stream.write_all(&[request.as_bytes(), b"\x81\x02hi"].concat()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    assert!(answer.ends_with("protocol error"), "{answer}");
}

/// Each case changes what the server says on the way to the client, and the step that it belongs to must notice.
#[tokio::test]
async fn the_client_notices_a_wrong_answer() {
    let cases = [
        ("wirewalk demo", "wirewalk dem0", "the page", "the page of the demo server"),
        (r#"["websocket"]"#, r#"["webs0cket"]"#, "the Engine.IO handshake", "the WebSocket upgrade"),
        ("3probe", "3prob3", "the probe", "3probe"),
        ("Host", "H0st", "the event \"join\"", "Grüß dich, Ada!"),
        ("430[[", "439[[", "an acknowledgement by the server", "430[["),
        ("heard", "h3ard", "an acknowledgement by the client", "here I am"),
        ("IHDR", "IHDr", "a binary event", "the attachment as it was sent"),
        ("44/admin", "40/admin", "the refused namespace", "44/admin"),
        ("between fragments", "between fragmentz", "a fragmented message", "the pong of the ping"),
        ("the demo is over", "the demo is 0ver", "the close", "the demo is over"),
        ("permessage-deflate", "permessage-deflat3", "the upgrade of /echo", "permessage-deflate"),
        ("RSV1 = 0", "RSV1 = 1", "a message that is not compressed", "RSV1 = 0"),
        ("leaving the page", "leaving the pag3", "the close of /echo", "leaving the page"),
    ];
    let mut all = JoinSet::new();
    for (said, instead, step, expected) in cases {
        all.spawn(async move {
            let server = Server::start().await.unwrap();
            let relay = lying(server.addr(), said, instead).await;
            let error = play(relay, AT_ONCE).await.expect_err(said);
            let text = error.to_string();
            assert!(text.starts_with(step) && text.contains(expected), "{said}: {text}");
            assert!(matches!(error, DemoError::Unexpected { .. }), "{said}: {error:?}");
        });
    }
    while let Some(case) = all.join_next().await {
        case.unwrap();
    }
}

/// An upgraded connection, in the chat also connected to the namespace `/`.
async fn connected(addr: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: demo\r\n{UPGRADE}{OFFER}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    if path == CHAT {
        stream.write_all(b"\x81\x82\x00\x00\x00\x0040").await.unwrap();
    }
    let last: &[u8] = if path == CHAT { b"40{" } else { b"\r\n\r\n" };
    let mut answer = Vec::new();
    while !answer.windows(last.len()).any(|part| part == last) {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{}", answer.escape_ascii());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", answer.escape_ascii());
    stream
}

/// What the server answers to a GET, until it closes.
async fn get(addr: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let close = if headers.is_empty() { "connection: close\r\n" } else { "" };
    let request = format!("GET {path} HTTP/1.1\r\nhost: demo\r\n{close}{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    // Where the connection was to be upgraded and is not, it stays open: this end closes it first.
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// A relay that replaces `said` by `instead`, of the same length, in what the server sends.
async fn lying(server: SocketAddr, said: &'static str, instead: &'static str) -> SocketAddr {
    assert_eq!(said.len(), instead.len());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = TcpStream::connect(server).await.unwrap().into_split();
            tokio::spawn(async move {
                let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
            });
            tokio::spawn(async move {
                let mut read = vec![0; 1 << 16];
                while let Ok(length @ 1..) = from_server.read(&mut read).await {
                    let mut bytes = read[..length].to_vec();
                    while let Some(at) = bytes.windows(said.len()).position(|part| part == said.as_bytes()) {
                        bytes[at..at + said.len()].copy_from_slice(instead.as_bytes());
                    }
                    if to_client.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}
