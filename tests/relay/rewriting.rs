//! In front of an upstream under another name, heads are rewritten, and the records say how.

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use wirewalk::proxy::{Config, HostPolicy, OriginPolicy};
use wirewalk::wire::{Direction, How, Peer, What, Why};

use crate::kit::*;

/// A pair whose proxy calls the upstream `site.example`.
async fn pair() -> Pair {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(&format!("http://{}", upstream.local_addr().unwrap()));
    let host = HostPolicy::Name("site.example".to_owned());
    let proxy = run(Config { host, origin: OriginPolicy::Upstream, ..config }).await;
    let client = TcpStream::connect(proxy.addr).await.unwrap();
    let (server, _) = within(upstream.accept()).await.unwrap();
    Pair { client, server, proxy }
}

#[tokio::test]
async fn a_request_an_answer_and_what_is_recorded_of_them() {
    let Pair { mut client, mut server, proxy } = pair().await;
    let (first, second) =
        ("GET / HTTP/1.1\r\nHost: local", "host:8080\r\nOrigin: http://localhost:8080\r\n\r\n");
    client.write_all(first.as_bytes()).await.unwrap();
    proxy.log.wait(|all| (all.len() == 2).then_some(())).await;
    client.write_all(second.as_bytes()).await.unwrap();
    let at = server.local_addr().unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: site.example\r\nOrigin: http://{at}\r\n\r\n");
    assert_eq!(read(&mut server, request.len()).await, request.as_bytes());

    let response = "HTTP/1.1 302 Found\r\nLocation: http://site.example/in\r\n\
        Set-Cookie: a=b; Domain=site.example\r\nContent-Length: 4\r\n\r\nbody";
    server.write_all(response.as_bytes()).await.unwrap();
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://localhost:8080/in\r\n\
        Set-Cookie: a=b; Domain=localhost\r\nContent-Length: 4\r\n\r\nbody";
    assert_eq!(read(&mut client, answer.len()).await, answer.as_bytes());

    let (up, down) = (Direction::ToServer, Direction::ToClient);
    let received = |dir, text: &str| What::Received { dir, bytes: text.to_owned().into() };
    let sent = |dir, len: usize, text: &str| What::Sent {
        dir,
        replaces: 0..len as u64,
        bytes: text.to_owned().into(),
        why: Why::Rewritten,
    };
    let expected = [
        received(up, first),
        sent(up, first.len() + second.len(), &request),
        received(up, second),
        sent(down, response.len() - 4, answer.strip_suffix("body").unwrap()),
        received(down, response),
    ];
    assert_eq!(proxy.log.all()[1..], expected);
}

#[tokio::test]
async fn what_is_not_http_passes_unchanged_both_ways() {
    let Pair { mut client, mut server, proxy } = pair().await;
    let bytes = noise(500_000, 9);
    server.write_all(b"220 ready\r\n").await.unwrap();
    assert_eq!(read(&mut client, 11).await, b"220 ready\r\n");
    client.write_all(b"\x16\x03").await.unwrap();
    assert_eq!(read(&mut server, 2).await, b"\x16\x03");
    let (got, _) = tokio::join!(read(&mut server, bytes.len()), client.write_all(&bytes));
    assert!(got == bytes);
    assert!(!proxy.log.all().iter().any(|what| matches!(what, What::Sent { .. })));
}

#[tokio::test]
async fn a_head_that_stays_incomplete_passes_before_the_end() {
    let Pair { mut client, mut server, proxy } = pair().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: lo").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut server).await.unwrap(), b"GET / HTTP/1.1\r\nHost: lo");
    assert_eq!(proxy.log.endings(), [(Peer::Client, How::Fin)]);
}
