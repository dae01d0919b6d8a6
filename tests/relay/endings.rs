//! How a connection ends at one side is how it ends at the other.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wirewalk::wire::{Direction, How, Peer, What};

use crate::kit::*;

/// The error of the one reset that was recorded.
fn reset_error(log: &Log) -> Option<String> {
    let all = log.all();
    let mut errors = all.iter().filter_map(|what| match what {
        What::Closed { how: How::Reset, error, .. } => Some(error.clone()),
        _ => None,
    });
    let first = errors.next().expect("a reset was recorded");
    assert_eq!(errors.next(), None, "and only one");
    first
}

#[tokio::test]
async fn a_client_that_has_finished_still_gets_its_answer() {
    let Pair { mut client, mut server, proxy } = pair().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut server).await.unwrap(), b"question");
    assert_eq!(proxy.log.endings(), [(Peer::Client, How::Fin)]);
    server.write_all(b"answer").await.unwrap();
    drop(server);
    assert_eq!(read_all(&mut client).await.unwrap(), b"answer");
    assert_eq!(proxy.log.endings(), [(Peer::Client, How::Fin), (Peer::Server, How::Fin)]);
}

#[tokio::test]
async fn a_server_that_has_finished_still_gets_what_the_client_sends() {
    let Pair { mut client, mut server, proxy } = pair().await;
    server.write_all(b"last words").await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap(), b"last words");
    client.write_all(b"thanks").await.unwrap();
    drop(client);
    assert_eq!(read_all(&mut server).await.unwrap(), b"thanks");
    assert_eq!(proxy.log.endings(), [(Peer::Server, How::Fin), (Peer::Client, How::Fin)]);
}

#[tokio::test]
async fn a_reset_of_the_client_reaches_the_server() {
    let Pair { mut client, mut server, proxy } = pair().await;
    client.write_all(b"x").await.unwrap();
    read(&mut server, 1).await;
    client.set_zero_linger().unwrap();
    drop(client);
    assert_eq!(read_all(&mut server).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(proxy.log.endings(), [(Peer::Client, How::Reset)]);
    assert!(reset_error(&proxy.log).unwrap().contains("reset"));
}

#[tokio::test]
async fn what_a_server_says_to_a_client_that_is_just_gone_is_recorded() {
    // On a machine that is busy the server may come too late, but not each time.
    let mut kept = false;
    for _ in 0..5 {
        let Pair { mut client, mut server, proxy } = pair().await;
        server.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\n\r\n").await.unwrap();
        read(&mut client, 10).await;
        // Unread bytes are left, so closing resets the connection.
        drop(client);
        tokio::time::sleep(Duration::from_millis(20)).await;
        // Fails where the server was told already.
        let _ = server.write_all(b"reason").await;
        drop(server);
        assert_eq!(proxy.log.wait_endings(1).await, [(Peer::Client, How::Reset)]);
        kept |= proxy.log.received(Direction::ToClient).ends_with(b"reason");
    }
    assert!(kept);
}

#[tokio::test]
async fn a_reset_of_the_server_reaches_the_client() {
    let Pair { mut client, mut server, proxy } = pair().await;
    server.write_all(b"x").await.unwrap();
    read(&mut client, 1).await;
    server.set_zero_linger().unwrap();
    drop(server);
    assert_eq!(read_all(&mut client).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(proxy.log.endings(), [(Peer::Server, How::Reset)]);
    assert!(reset_error(&proxy.log).is_some());
}

#[tokio::test]
async fn a_server_that_closed_altogether_resets_a_client_that_goes_on_sending() {
    let Pair { mut client, server, proxy } = pair().await;
    drop(server);
    assert_eq!(read_all(&mut client).await.unwrap(), b"");
    // The operating system answers these bytes with a reset, since nobody can read them any more.
    client.write_all(b"anyone there?").await.unwrap();
    assert_eq!(proxy.log.wait_endings(2).await, [(Peer::Server, How::Fin), (Peer::Server, How::Reset)]);
    let error = within(async {
        loop {
            if let Err(error) = client.write_all(b"?").await {
                return error;
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(matches!(error.await.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
}

#[tokio::test]
async fn what_a_server_sent_before_its_reset_still_reaches_a_client_that_is_sending() {
    for round in 0..20 {
        let Pair { client, mut server, proxy } = pair().await;
        let (mut client_read, mut client_write) = client.into_split();
        let flood =
            tokio::spawn(async move { while client_write.write_all(&[b'u'; 10_000]).await.is_ok() {} });
        read(&mut server, 1).await;
        let answer = noise(50_000, round);
        server.write_all(&answer).await.unwrap();
        // Unread bytes are left, so closing resets the connection.
        drop(server);
        let mut got = Vec::new();
        let end = within(client_read.read_to_end(&mut got)).await;
        assert!(got == answer, "{} of {} bytes, then {end:?}", got.len(), answer.len());
        within(flood).await.unwrap();
        assert_eq!(proxy.log.wait_endings(1).await, [(Peer::Server, How::Reset)]);
        assert!(proxy.log.received(Direction::ToClient) == answer);
    }
}

#[tokio::test]
async fn stopping_closes_what_is_open_in_time() {
    let Pair { mut client, mut server, proxy } = pair().await;
    let log = proxy.log.clone();
    client.write_all(b"x").await.unwrap();
    read(&mut server, 1).await;
    assert!(proxy.stop().await < Duration::from_secs(2));
    assert_eq!(log.endings(), [(Peer::Wirewalk, How::Stopped)]);
    assert_eq!(read_all(&mut client).await.unwrap(), b"");
    assert_eq!(read_all(&mut server).await.unwrap(), b"");
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_peer_that_does_not_read() {
    let Pair { client, server, proxy } = pair().await;
    let (log, sent) = (proxy.log.clone(), fill(&client).await);
    assert!(sent > 0);
    assert!(proxy.stop().await < Duration::from_secs(2));
    assert_eq!(log.endings(), [(Peer::Wirewalk, How::Stopped)]);
    drop(server);
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_silent_client_of_an_unreachable_upstream() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = run(config(&format!("http://{free}"))).await;
    let log = proxy.log.clone();
    let _client = TcpStream::connect(proxy.addr).await.unwrap();
    log.wait(|all| matches!(all.first(), Some(What::Opened(_))).then_some(())).await;
    assert!(proxy.stop().await < Duration::from_secs(2));
    assert_eq!(log.endings(), [(Peer::Wirewalk, How::Stopped)]);
}

/// Writes until nothing more is taken; returns how many bytes were.
pub async fn fill(to: &TcpStream) -> usize {
    let chunk = vec![b'x'; 1 << 16];
    let mut sent = 0;
    // Not a wait for something to happen, but for nothing to happen any more.
    while tokio::time::timeout(Duration::from_millis(300), to.writable()).await.is_ok() {
        match to.try_write(&chunk) {
            Ok(count) => sent += count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    sent
}
