//! Killed at any moment under load, or out of disk: what was recorded is there.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wirewalk::capture::Recorder;
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::wire::{ConnId, Direction};

use crate::echo::{self, Client};
use crate::frame::{self, MASK, TEXT};
use crate::process::Process;
use crate::wirewalk::{Output, Received, Wirewalk};
use crate::{eventually, size, within};

/// So old a message is on disk.
const FLUSHED: Duration = Duration::from_secs(1);

/// When the reply to each message of a connection came.
type Replies = Arc<Mutex<Vec<Instant>>>;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_leaves_a_transcript_that_opens_and_lacks_nothing_old() {
    let rounds = size(200, 8);
    for round in 0..rounds {
        // From before the first message to two seconds later, in steps that fall everywhere.
        let moment = Duration::from_millis((round as u64 * 797) % 2000);
        let name = if round % 2 == 0 { "killed.wirewalk" } else { "killed.wirewalk.zst" };
        within(60, killed(moment, name)).await;
    }
}

async fn killed(moment: Duration, name: &'static str) {
    let (listener, server) = echo::listen().await;
    let serving = tokio::spawn(echo::serve(listener));
    let mut wirewalk = Wirewalk::recording(server, Output::Discarded, name);
    let said: Vec<Replies> = (0..4).map(|_| Replies::default()).collect();
    let talking: Vec<_> =
        said.iter().map(|replies| tokio::spawn(talk(wirewalk.addr(), Arc::clone(replies)))).collect();
    sleep(moment).await;
    let killed = Instant::now();
    wirewalk.kill();
    for talk in talking {
        talk.await.unwrap();
    }
    serving.abort();
    let path = wirewalk.transcript();
    let (_, _, cut_off) = Recorder::open(&path, MAX_MESSAGE).unwrap();
    let recorded = Received::of(&path);
    // Which client has which number is not known: each recorded one is one of them.
    let is_old = |reply: &&Instant| killed.duration_since(**reply) > FLUSHED;
    let mut owed: Vec<usize> =
        said.iter().map(|replies| replies.lock().unwrap().iter().filter(is_old).count()).collect();
    let mut found: Vec<usize> = (1..=said.len())
        .map(|conn| messages(recorded.stream(ConnId(u32::try_from(conn).unwrap()), Direction::ToServer)))
        .collect();
    owed.sort_unstable();
    found.sort_unstable();
    for (owed, found) in owed.iter().zip(&found) {
        assert!(
            found >= owed,
            "after {moment:?}: {found} recorded, {owed} older than a second; {cut_off} cut off"
        );
    }
}

/// Says one number after the other, until the connection breaks.
async fn talk(addr: SocketAddr, replies: Replies) {
    let Ok(mut client) = Client::connect(addr).await else { return };
    for number in 0.. {
        if client.say(&number.to_string()).await.is_err() {
            return;
        }
        replies.lock().unwrap().push(Instant::now());
    }
}

/// How many messages a stream has behind its upgrade. They must be the first ones, whole but for the last.
fn messages(stream: &[u8]) -> usize {
    let Some(head) = stream.windows(4).position(|w| w == b"\r\n\r\n") else { return 0 };
    let (mut rest, mut count) = (&stream[head + 4..], 0);
    loop {
        let mut expected = Vec::new();
        frame::encode(TEXT, count.to_string().as_bytes(), Some(MASK), &mut expected);
        let Some(behind) = rest.strip_prefix(&expected[..]) else {
            assert!(expected.starts_with(rest), "message {count} is {rest:?}");
            return count;
        };
        (rest, count) = (behind, count + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_recording_and_not_the_relay() {
    within(60, full_disk()).await;
}

async fn full_disk() {
    let (listener, server) = echo::listen().await;
    let serving = tokio::spawn(echo::serve(listener));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full.wirewalk");
    // Files may have so many blocks of 512 or 1024 bytes here, and writing more is an error instead of a signal.
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR")).args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_wirewalk"),
    ]);
    command.args(["proxy", &format!("http://{server}"), "--listen", "127.0.0.1:0", "--record"]).arg(&path);
    let mut wirewalk = Process::start(command.stdout(Stdio::null())).unwrap();
    let mut client = Client::connect(wirewalk.addr()).await.unwrap();
    for number in 0..20 {
        client.say(&number.to_string()).await.unwrap();
    }
    // A batch is recorded as a whole or not at all: these are, before there are too many.
    eventually("the first messages are recorded", || fs::metadata(&path).unwrap().len() > 20 * 2 * 80).await;
    for number in 20..2000 {
        client.say(&number.to_string()).await.unwrap();
    }
    eventually("it says so", || wirewalk.said().contains("File too large")).await;
    let pid = wirewalk.child().id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    eventually("wirewalk ends", || wirewalk.child().try_wait().unwrap().is_some()).await;
    assert_eq!(wirewalk.child().try_wait().unwrap().unwrap().code(), Some(1));
    eventually("its last words", || wirewalk.said().contains("could not be recorded")).await;
    let said = wirewalk.said();
    serving.abort();
    assert!(fs::metadata(&path).unwrap().len() <= 20 << 10);
    let (session, _, cut_off) = Recorder::open(&path, MAX_MESSAGE).unwrap();
    assert_eq!(cut_off, 0, "it ends with a whole line");
    assert!(session.len() > 20, "{} units", session.len());
    assert!(said.contains("not all is in"), "{said}");
}
