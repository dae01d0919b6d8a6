//! What a captured small message costs in memory.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::echo::{self, Client};
use crate::wirewalk::{Output, Wirewalk};
use crate::{eventually, size, within};

/// The most that a message may cost, in bytes.
const LIMIT: f64 = 150.0;

const CLIENTS: usize = 50;

/// Messages before the first measurement, so that what is there once is there already.
const WARM_UP: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_small_message_costs_at_most_150_bytes() {
    within(600, measure()).await;
}

async fn measure() {
    let (listener, server) = echo::listen().await;
    tokio::spawn(echo::serve(listener));
    // Units are not put into words: that is not what is measured.
    let mut wirewalk = Wirewalk::start(server, Output::Unread);
    let messages = size(1_000_000, 200_000);
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::connect(wirewalk.addr()).await.unwrap());
    }
    let clients = exchange(clients, WARM_UP).await;
    captured(&wirewalk, "first mark").await;
    let before = wirewalk.memory();
    let clients = exchange(clients, messages).await;
    captured(&wirewalk, "second mark").await;
    let Some((before, after)) = before.zip(wirewalk.memory()) else {
        eprintln!("skipped: this operating system does not say how much memory a process has");
        return;
    };
    drop(clients);
    let each = (after.now - before.now) as f64 / messages as f64;
    eprintln!("{each:.1} bytes of memory for each of {messages} messages");
    assert!(each <= LIMIT, "{each:.1} bytes of memory for each of {messages} messages");
}

/// Lets the clients send messages and get them back, one by one, so that each is a record of its own: so many of both.
async fn exchange(clients: Vec<Client>, messages: usize) -> Vec<Client> {
    let mut all = JoinSet::new();
    for mut client in clients {
        all.spawn(async move {
            for number in 0..messages / CLIENTS / 2 {
                client.say(&format!("a small message, number {number:>8}")).await.unwrap();
            }
            client
        });
    }
    all.join_all().await
}

/// Waits until all that has passed is captured: sends a line that is no HTTP, and looks for it in the transcript,
/// which is written in the order of passing.
async fn captured(wirewalk: &Wirewalk, mark: &str) {
    let addr: SocketAddr = wirewalk.addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(mark.as_bytes()).await.unwrap();
    let mut transcript = File::open(wirewalk.transcript()).unwrap();
    eventually("the mark is recorded", || {
        let end = transcript.metadata().unwrap().len();
        transcript.seek(SeekFrom::Start(end.saturating_sub(4096))).unwrap();
        let mut tail = Vec::new();
        transcript.read_to_end(&mut tail).unwrap();
        tail.windows(mark.len()).any(|window| window == mark.as_bytes())
    })
    .await;
}
