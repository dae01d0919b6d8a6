//! Many connections, slow readers, much data.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wirewalk::wire::{Direction, What};

use crate::endings::fill;
use crate::kit::*;

/// More than the buffers of the three sockets on the way can hold on a usual system.
const BOUND: usize = 64 << 20;

#[tokio::test]
async fn a_slow_reader_slows_the_writer_and_loses_nothing() {
    let Pair { client, mut server, proxy } = pair().await;
    let sent = fill(&client).await;
    assert!(sent < BOUND, "{sent} bytes were taken though nobody reads");
    assert!(proxy.log.received(Direction::ToServer).len() <= sent);
    drop(client);
    assert_eq!(read_all(&mut server).await.unwrap().len(), sent);
    assert_eq!(proxy.log.received(Direction::ToServer).len(), sent);
}

#[tokio::test]
async fn a_slow_client_slows_the_server_and_the_other_direction_goes_on() {
    let Pair { mut client, mut server, proxy: _proxy } = pair().await;
    let sent = fill(&server).await;
    assert!(sent < BOUND, "{sent} bytes were taken though nobody reads");
    client.write_all(b"still here").await.unwrap();
    assert_eq!(read(&mut server, 10).await, b"still here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_at_once() {
    const COUNT: usize = 1000;
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = run(config(&format!("http://{}", upstream.local_addr().unwrap()))).await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = upstream.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = socket.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    // All are open before the first byte is sent.
    let mut clients = Vec::new();
    for _ in 0..COUNT {
        clients.push(within(TcpStream::connect(proxy.addr)).await.unwrap());
    }
    let echo = |(nth, mut client): (usize, TcpStream)| {
        tokio::spawn(async move {
            let sent = noise(1000 + nth, nth as u64);
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
            let mut got = Vec::new();
            client.read_to_end(&mut got).await.unwrap();
            assert!(got == sent, "connection {nth}");
        })
    };
    let tasks: Vec<_> = clients.into_iter().enumerate().map(echo).collect();
    for task in tasks {
        within(task).await.unwrap();
    }
    proxy.log.wait_endings(2 * COUNT).await;
    let records = proxy.log.records();
    let opened: Vec<_> =
        records.iter().filter(|r| matches!(r.what, What::Opened(_))).map(|r| r.conn).collect();
    assert_eq!(opened.len(), COUNT);
    assert_eq!(opened.iter().collect::<std::collections::HashSet<_>>().len(), COUNT);
}
