//! Very much through one connection, both ways at once.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use wirewalk::wire::Direction;

use crate::checked::{Checker, Messages, assert_recorded};
use crate::wirewalk::{Output, Wirewalk};
use crate::{echo, size, websocket, within};

/// What waits to be recorded, at most 64 MiB, once more while it is written and decoded, and the program itself.
const PEAK: usize = 192 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_arrives_in_order_and_is_recorded() {
    within(600, both_ways_at_once()).await;
}

async fn both_ways_at_once() {
    let (listener, server) = echo::listen().await;
    let mut wirewalk = Wirewalk::start(server, Output::Discarded);
    let mut client = TcpStream::connect(wirewalk.addr()).await.unwrap();
    let (upgraded, accepted) = tokio::join!(websocket::upgrade(&mut client), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        websocket::accept(&mut stream).await.unwrap();
        stream
    });
    upgraded.unwrap();
    let each_way = Messages::count(size(1 << 30, 64 << 20) / 2);
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = accepted.into_split();
    let work = [
        tokio::spawn(send(client_writes, true, each_way)),
        tokio::spawn(send(server_writes, false, each_way)),
        tokio::spawn(receive(server_reads, true, each_way)),
        tokio::spawn(receive(client_reads, false, each_way)),
    ];
    for task in work {
        task.await.unwrap();
    }
    if let Some(memory) = wirewalk.memory() {
        assert!(memory.peak < PEAK, "{} bytes at the most", memory.peak);
    }
    let received = wirewalk.stop().await.received();
    assert_recorded(received.frames(1, Direction::ToServer), true, each_way);
    assert_recorded(received.frames(1, Direction::ToClient), false, each_way);
}

/// Sends all messages, then says that there are no more.
async fn send(mut to: OwnedWriteHalf, masked: bool, count: usize) {
    let mut messages = Messages::new(masked);
    for _ in 0..count {
        to.write_all(messages.advance()).await.unwrap();
    }
    to.shutdown().await.unwrap();
}

/// Receives to the end, and checks that it is all of it.
async fn receive(mut from: OwnedReadHalf, masked: bool, count: usize) {
    let mut checker = Checker::new(masked);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer).await.unwrap() {
            0 => break,
            read => checker.arrive(&buffer[..read]),
        }
    }
    assert!(checker.is_at_boundary());
    assert_eq!(checker.arrived(), count);
}
