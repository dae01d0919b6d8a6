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

/// The file that it records to.
const TRANSCRIPT: &str = "recorded.wirewalk";

/// A wirewalk that runs in front of a server.
pub struct Wirewalk {
    process: Process,
    folder: TempDir,
    name: &'static str,
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
        Wirewalk::recording(server, output, TRANSCRIPT)
    }

    /// Starts it in front of `server`, to record to a file of this name.
    pub fn recording(server: std::net::SocketAddr, output: Output, name: &'static str) -> Wirewalk {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirewalk"));
        command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.args(["proxy", &format!("http://{server}"), "--listen", "127.0.0.1:0", "--record"]);
        command.arg(folder.path().join(name));
        command.stdout(if output == Output::Unread { Stdio::piped() } else { Stdio::null() });
        Wirewalk { process: Process::start(&mut command).unwrap(), folder, name }
    }

    /// Where it listens.
    pub fn addr(&self) -> std::net::SocketAddr {
        self.process.addr()
    }

    /// The file that it records to.
    pub fn transcript(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    /// Kills it, so that it can do nothing more.
    pub fn kill(&mut self) {
        self.process.child().kill().unwrap();
        self.process.child().wait().unwrap();
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

    /// Presses Ctrl-C, waits for the end, and checks that it ended well.
    pub async fn stop(mut self) -> Ended {
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
        Ended { said, folder: self.folder }
    }
}

/// What a wirewalk that has ended left behind.
pub struct Ended {
    /// What it said on standard error.
    pub said: String,
    folder: TempDir,
}

impl Ended {
    /// The records of the transcript, which must be whole.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let mut reader = Reader::open(&self.folder.path().join(TRANSCRIPT)).unwrap();
        std::iter::from_fn(move || {
            let next = reader.next_record().unwrap();
            assert_eq!(reader.cut_off(), 0);
            next.map(|(_, record)| record)
        })
    }

    /// All that was received in each direction of each connection.
    pub fn received(&self) -> Received {
        Received::from(self.records())
    }
}

/// All that was received in each direction of each connection.
pub struct Received(BTreeMap<(ConnId, usize), Vec<u8>>);

impl Received {
    fn from(records: impl Iterator<Item = Record>) -> Received {
        let mut received = Received(BTreeMap::new());
        for record in records {
            if let What::Received { dir, bytes } = &record.what {
                received.0.entry((record.conn, dir.index())).or_default().extend_from_slice(bytes);
            }
        }
        received
    }

    /// What a transcript says, whose end may be cut off.
    pub fn of(path: &std::path::Path) -> Received {
        let mut reader = Reader::open(path).unwrap();
        Received::from(std::iter::from_fn(|| Some(reader.next_record().unwrap()?.1)))
    }

    /// All of a direction.
    pub fn stream(&self, conn: ConnId, dir: Direction) -> &[u8] {
        self.0.get(&(conn, dir.index())).map(Vec::as_slice).unwrap_or_default()
    }

    /// What followed the head of the only HTTP message of a direction: the frames.
    pub fn frames(&self, conn: usize, dir: Direction) -> &[u8] {
        let stream = &self.0[&(ConnId(u32::try_from(conn).unwrap()), dir.index())];
        let end = stream.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        &stream[end + 4..]
    }
}
