//! wirewalk itself, recording to a file that is read back at the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;
use wirewalk::capture::transcript::Reader;
use wirewalk::wire::{ConnId, Direction, Record, What};

use crate::eventually;
use crate::process::Process;

/// A wirewalk that runs in front of a server.
pub struct Wirewalk {
    process: Process,
    folder: TempDir,
}

/// What is done with what it prints.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// It goes nowhere, as fast as it comes.
    Discarded,
    /// Nobody reads it, so that it holds up whoever prints.
    Unread,
}

/// How much memory a process has, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident now.
    pub now: usize,
    /// The most that was resident at once.
    pub peak: usize,
}

impl Wirewalk {
    /// Starts it in front of `server`.
    pub fn start(server: std::net::SocketAddr, output: Output) -> Wirewalk {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirewalk"));
        command.args(["proxy", &format!("http://{server}"), "--listen", "127.0.0.1:0", "--record"]);
        command.arg(folder.path().join("transcript"));
        command.stdout(if output == Output::Unread { Stdio::piped() } else { Stdio::null() });
        Wirewalk { process: Process::start(&mut command).unwrap(), folder }
    }

    /// Where it listens.
    pub fn addr(&self) -> std::net::SocketAddr {
        self.process.addr()
    }

    /// The file that it records to.
    pub fn transcript(&self) -> PathBuf {
        self.folder.path().join("transcript")
    }

    /// How much memory it has; `None` where the operating system does not say so in Linux' way.
    pub fn memory(&mut self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.child().id())).ok()?;
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<usize>().ok()
        };
        Some(Memory { now: kilobytes("VmRSS:")? << 10, peak: kilobytes("VmHWM:")? << 10 })
    }

    /// Presses Ctrl-C, waits for the end, and returns the records and what was said on standard error.
    pub async fn stop(mut self) -> (Vec<Record>, String) {
        let pid = self.process.child().id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let mut status: Option<ExitStatus> = None;
        eventually("wirewalk ends", || {
            status = self.process.child().try_wait().unwrap();
            status.is_some()
        })
        .await;
        let said = self.process.said();
        assert!(status.is_some_and(|s| s.success()), "{status:?}: {said}");
        let mut reader = Reader::open(&self.transcript()).unwrap();
        let mut records = Vec::new();
        while let Some((_, record)) = reader.next_record().unwrap() {
            records.push(record);
        }
        assert_eq!(reader.cut_off(), 0);
        (records, said)
    }
}

/// All that was received in each direction of each connection.
pub fn received(records: &[Record]) -> BTreeMap<(ConnId, usize), Vec<u8>> {
    let mut streams: BTreeMap<_, Vec<u8>> = BTreeMap::new();
    for record in records {
        if let What::Received { dir, bytes } = &record.what {
            streams.entry((record.conn, dir.index())).or_default().extend_from_slice(bytes);
        }
    }
    streams
}

/// What followed the head of the only HTTP message that a direction begins with.
pub fn behind_the_head(streams: &BTreeMap<(ConnId, usize), Vec<u8>>, conn: u32, dir: Direction) -> &[u8] {
    let stream = &streams[&(ConnId(conn), dir.index())];
    let end = stream.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    &stream[end + 4..]
}
