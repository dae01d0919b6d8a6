//! An upstream that is not there: a readable answer, and the proxy stays up.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wirewalk::wire::{Connected, Direction, How, Peer, What, Why};

use crate::kit::*;

/// An address where nothing listens.
async fn nowhere() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn ask(proxy: &Running, request: &[u8]) -> String {
    let mut client = TcpStream::connect(proxy.addr).await.unwrap();
    client.write_all(request).await.unwrap();
    String::from_utf8(read_all(&mut client).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_request_is_answered_with_a_502_that_says_what_to_do() {
    let upstream = nowhere().await;
    let proxy = run(config(&format!("http://{upstream}"))).await;
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = ask(&proxy, request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{answer}");
    for part in ["made by wirewalk", &format!("{upstream} refused the connection"), "start your server"] {
        assert!(body.contains(part), "{answer}");
    }

    assert_eq!(proxy.log.wait_endings(2).await, [(Peer::Wirewalk, How::Fin), (Peer::Client, How::Fin)]);
    let all = proxy.log.all();
    let What::Opened(opened) = &all[0] else { panic!("{all:?}") };
    assert!(matches!(&opened.connected, Connected::No { error } if error.contains("refused")));
    assert_eq!(all[1], What::Received { dir: Direction::ToServer, bytes: request.to_vec().into() });
    let sent = What::Sent {
        dir: Direction::ToClient,
        replaces: 0..0,
        bytes: answer.into(),
        why: Why::UpstreamUnreachable,
    };
    assert_eq!(all[2], sent);
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let proxy = run(config(&format!("http://{}", nowhere().await))).await;
    let answer = ask(&proxy, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 502") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_in_the_middle_of_an_upload_reads_the_answer() {
    let proxy = run(config(&format!("http://{}", nowhere().await))).await;
    let mut request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n".to_vec();
    request.extend(noise(300_000, 1));
    let answer = ask(&proxy, &request).await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_answered_too_and_one_that_leaves_is_not() {
    let proxy = run(config(&format!("http://{}", nowhere().await))).await;
    let mut silent = TcpStream::connect(proxy.addr).await.unwrap();
    let mut answer = String::new();
    within(silent.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    drop(silent);
    proxy.log.wait_endings(2).await;

    drop(TcpStream::connect(proxy.addr).await.unwrap());
    assert_eq!(proxy.log.wait_endings(3).await[2], (Peer::Client, How::Fin));
    assert_eq!(proxy.log.all().iter().filter(|what| matches!(what, What::Sent { .. })).count(), 1);
}

#[tokio::test]
async fn the_proxy_stays_up_and_finds_the_upstream_when_it_is_there() {
    let upstream = nowhere().await;
    let proxy = run(config(&format!("http://{upstream}"))).await;
    assert!(ask(&proxy, b"GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 502"));
    let listener = TcpListener::bind(upstream).await.unwrap();
    let mut client = TcpStream::connect(proxy.addr).await.unwrap();
    let (mut server, _) = within(listener.accept()).await.unwrap();
    client.write_all(b"now").await.unwrap();
    assert_eq!(read(&mut server, 3).await, b"now");
}

#[tokio::test]
async fn a_name_that_means_nothing() {
    let proxy = run(config("http://no-such-host.invalid:5000")).await;
    let answer = ask(&proxy, b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(answer.contains("the name no-such-host.invalid could not be looked up"), "{answer}");
}
