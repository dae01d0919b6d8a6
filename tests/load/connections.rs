//! A thousand connections at once.

use std::process::Command;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wirewalk::wire::Direction;

use crate::echo::{self, Client};
use crate::wirewalk::{Output, Wirewalk};
use crate::{frame, within};

const CONNECTIONS: usize = 1000;
const ROUNDS: usize = 5;

/// Enough open files for both ends of every connection, and for the proxy between them.
const FILES: u64 = 4096;

const NAME: &str = "connections::a_thousand_at_once_each_get_their_own_answers";

#[test]
fn a_thousand_at_once_each_get_their_own_answers() {
    if open_files("-Sn") >= FILES {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(within(120, a_thousand()));
    } else if open_files("-Hn") >= FILES {
        // The limit is inherited: the same test again, in a process that may open more files.
        let script = format!(r#"ulimit -n {FILES} && exec "$0" --exact {NAME} --nocapture"#);
        let again =
            Command::new("sh").arg("-c").arg(script).arg(std::env::current_exe().unwrap()).output().unwrap();
        let said = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success(), "{said}{}", String::from_utf8_lossy(&again.stderr));
        assert!(said.contains("1 passed"), "the test has another name by now: {said}");
    } else {
        eprintln!("skipped: {FILES} open files are needed, and `ulimit -Hn` allows fewer");
    }
}

/// How many files may be open.
fn open_files(which: &str) -> u64 {
    let said = Command::new("sh").args(["-c", &format!("ulimit {which}")]).output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    if said.trim() == "unlimited" { u64::MAX } else { said.trim().parse().unwrap() }
}

async fn a_thousand() {
    let (listener, server) = echo::listen().await;
    tokio::spawn(echo::serve(listener));
    let wirewalk = Wirewalk::start(server, Output::Discarded);
    let addr = wirewalk.addr();
    let all_there = Arc::new(Barrier::new(CONNECTIONS));
    let mut clients = JoinSet::new();
    for number in 0..CONNECTIONS {
        let all_there = all_there.clone();
        clients.spawn(async move {
            let mut client = Client::connect(addr).await.unwrap();
            all_there.wait().await;
            for round in 0..ROUNDS {
                client.say(&text(number, round)).await.unwrap();
            }
            // Nobody leaves before everybody has had an answer.
            all_there.wait().await;
        });
    }
    clients.join_all().await;
    let ended = wirewalk.stop().await;
    assert!(ended.said.contains("1,000 connections"), "{}", ended.said);
    for (dir, mask) in [(Direction::ToServer, Some(frame::MASK)), (Direction::ToClient, None)] {
        let received = ended.received();
        // The order of accepting need not be that of connecting.
        let mut recorded: Vec<&[u8]> = (1..=CONNECTIONS).map(|conn| received.frames(conn, dir)).collect();
        let mut sent: Vec<Vec<u8>> = (0..CONNECTIONS).map(|number| frames(number, mask)).collect();
        recorded.sort();
        sent.sort();
        assert!(recorded == sent, "the transcript has other frames than were sent");
    }
}

/// All that a client says.
fn frames(number: usize, mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut frames = Vec::new();
    for round in 0..ROUNDS {
        frame::encode(frame::TEXT, text(number, round).as_bytes(), mask, &mut frames);
    }
    frames
}

fn text(number: usize, round: usize) -> String {
    format!("connection {number}, message {round}")
}
