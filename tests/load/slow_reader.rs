//! A peer that does not read: the other is slowed down, memory stays bounded, and everything arrives in the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;
use wirewalk::wire::Direction;

use crate::checked::{Checker, Messages, assert_recorded};
use crate::echo::{self, Client};
use crate::wirewalk::{Output, Wirewalk};
use crate::{size, websocket, within};

/// What wirewalk may hold more while it waits: its reads, and what the allocator keeps of what was recorded.
const HELD: usize = 32 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_read_slows_the_client() {
    within(300, one_does_not_read(Direction::ToServer)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_slows_the_server() {
    within(300, one_does_not_read(Direction::ToClient)).await;
}

async fn one_does_not_read(dir: Direction) {
    let (listener, server) = echo::listen().await;
    let mut wirewalk = Wirewalk::start(server, Output::Discarded);
    let mut client = TcpStream::connect(wirewalk.addr()).await.unwrap();
    let (upgraded, accepted) = tokio::join!(websocket::upgrade(&mut client), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        websocket::accept(&mut stream).await.unwrap();
        stream
    });
    upgraded.unwrap();
    tokio::spawn(echo::serve(listener));
    let mut bystander = Client::connect(wirewalk.addr()).await.unwrap();
    bystander.say("before").await.unwrap();
    let before = wirewalk.memory();

    let masked = dir == Direction::ToServer;
    let (mut sender, mut receiver) = if masked { (client, accepted) } else { (accepted, client) };
    let count = Messages::count(size(512 << 20, 64 << 20));
    let sent = Arc::new(AtomicUsize::new(0));
    let progress = sent.clone();
    let sending = tokio::spawn(async move {
        let mut messages = Messages::new(masked);
        for _ in 0..count {
            sender.write_all(messages.advance()).await.unwrap();
            progress.fetch_add(1, Ordering::Relaxed);
        }
        sender
    });
    let stalled_at = stalled(&sent).await;
    assert!(stalled_at > 0 && stalled_at < count, "{stalled_at} of {count} messages went to nobody");
    bystander.say("meanwhile").await.unwrap();
    if let (Some(before), Some(meanwhile)) = (before, wirewalk.memory()) {
        let held = meanwhile.now.saturating_sub(before.now);
        assert!(held < HELD, "{held} bytes held for one that does not read");
    }

    let mut checker = Checker::new(masked);
    let mut buffer = vec![0; 64 << 10];
    while checker.arrived() < count {
        let read = receiver.read(&mut buffer).await.unwrap();
        assert!(read > 0, "only {} of {count} messages arrived", checker.arrived());
        checker.arrive(&buffer[..read]);
    }
    drop(sending.await.unwrap());
    bystander.say("after").await.unwrap();
    assert_recorded(wirewalk.stop().await.received().frames(1, dir), masked, count);
}

/// Waits until a counter has stood still for half a second, and returns it.
async fn stalled(counter: &AtomicUsize) -> usize {
    let (mut last, mut still) = (0, 0);
    while still < 10 || last == 0 {
        sleep(Duration::from_millis(50)).await;
        let now = counter.load(Ordering::Relaxed);
        still = if now == last { still + 1 } else { 0 };
        last = now;
    }
    last
}
