//! Starts the person's own server in a pseudo-terminal, hands on what it writes there, and ends it.
//!
//! A pseudo-terminal, since some servers refuse to start without one, and others write otherwise into a pipe.

mod listening;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::wire::{ConnId, Record, Tap, What};

/// How long a server may take to end when it is asked to, and when it is told to.
const FAREWELL: Duration = Duration::from_millis(1500);
const LAST_WORDS: Duration = Duration::from_millis(200);

/// On Unix the server goes on when wirewalk is killed, and its terminal with it.
const WITHOUT_HANG_UP: &str = "trap '' HUP; exec \"$@\"";

/// How a server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// In words, such as `exit code 1`.
    pub how: String,
    /// Whether that is success.
    pub success: bool,
}

/// A server that runs.
pub struct Server {
    /// Open as long as the server may write to it.
    _terminal: Mutex<Box<dyn MasterPty + Send>>,
    input: Mutex<Box<dyn Write + Send>>,
    pid: Option<u32>,
    exit: watch::Receiver<Option<Exit>>,
}

/// What to start, and how.
#[derive(Debug)]
pub struct Start {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// What is added to the environment.
    pub environment: Vec<(&'static str, OsString)>,
    /// The columns and rows of its terminal.
    pub size: (u16, u16),
    /// Where its output is kept.
    pub log: File,
}

impl Server {
    /// Starts a server. What it writes is handed to `tap`, and to whoever listens to the channel.
    pub fn start<T: Tap>(
        start: Start,
        tap: T,
        runtime: &Handle,
    ) -> io::Result<(Server, mpsc::UnboundedReceiver<Bytes>)> {
        let Start { command, environment, size: (cols, rows), log } = start;
        let program = command.first().ok_or(io::ErrorKind::InvalidInput)?;
        find(program)?;
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })
            .map_err(other)?;
        let mut builder = if cfg!(unix) {
            let mut builder = CommandBuilder::new("sh");
            builder.args(["-c", WITHOUT_HANG_UP, "sh"]);
            builder.args(&command);
            builder
        } else {
            CommandBuilder::from_argv(command)
        };
        builder.cwd(std::env::current_dir()?);
        environment.into_iter().for_each(|(name, value)| builder.env(name, value));
        let child = pair.slave.spawn_command(builder).map_err(other)?;
        // Its end is only seen when nobody else has the terminal open.
        drop(pair.slave);
        let pid = child.process_id();
        let reader = pair.master.try_clone_reader().map_err(other)?;
        let input = pair.master.take_writer().map_err(other)?;
        let (said, output) = mpsc::unbounded_channel();
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let (exited, exit) = watch::channel(None);
        let reading = Reading { reader, log, said, runtime: runtime.clone(), tap: tap.clone(), _done: done };
        std::thread::Builder::new().name("output".to_owned()).spawn(move || reading.run())?;
        let runtime = runtime.clone();
        std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            let exit = wait(child);
            // What it wrote last comes before its end, unless a child of its own keeps the terminal open.
            let _ = is_done.recv_timeout(LAST_WORDS);
            let what = What::Exited { how: exit.how.clone() };
            runtime.block_on(tap.record(Record { at: tap.now(), conn: ConnId::NONE, what }));
            exited.send_replace(Some(exit));
        })?;
        let server = Server { _terminal: Mutex::new(pair.master), input: Mutex::new(input), pid, exit };
        Ok((server, output))
    }

    /// Waits until it has ended, and says how.
    pub async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        let exit = ended.ok().and_then(|exit| exit.clone());
        exit.unwrap_or(Exit { how: "it is not known how".to_owned(), success: false })
    }

    /// A port on which it listens, or one of its children, where that can be known.
    pub fn listens(&self) -> Option<u16> {
        listening::port(self.pid?)
    }

    /// Ends it: first as Ctrl-C would, then with force. Returns when it is gone.
    pub async fn stop(&self) -> Exit {
        {
            let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
            // Where it is gone already nobody is there to read.
            let _ = input.write_all(b"\x03").and_then(|()| input.flush());
        }
        for force in [false, true] {
            if let Ok(exit) = timeout(FAREWELL, self.exited()).await {
                // Children that did not hear Ctrl-C do not outlive it.
                self.signal(true);
                return exit;
            }
            self.signal(force);
        }
        let exit = timeout(FAREWELL, self.exited()).await;
        exit.unwrap_or(Exit { how: "it could not be ended".to_owned(), success: false })
    }

    /// Signals all processes of its terminal.
    #[cfg(unix)]
    fn signal(&self, force: bool) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if force { Signal::KILL } else { Signal::TERM };
        if let Some(pid) = self.pid.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = kill_process_group(pid, signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, _force: bool) {}
}

/// Waits for a process, and says how it ended.
fn wait(mut child: Box<dyn Child + Send + Sync>) -> Exit {
    match child.wait() {
        Ok(status) => Exit {
            how: match status.signal() {
                Some(signal) => format!("killed by a signal: {signal}"),
                None => format!("exit code {}", status.exit_code()),
            },
            success: status.success(),
        },
        Err(error) => Exit { how: format!("it is not known how: {error}"), success: false },
    }
}

/// Reads what a server writes.
struct Reading<T> {
    reader: Box<dyn io::Read + Send>,
    log: File,
    said: mpsc::UnboundedSender<Bytes>,
    runtime: Handle,
    tap: T,
    /// Dropped when all is read.
    _done: std::sync::mpsc::Sender<()>,
}

impl<T: Tap> Reading<T> {
    fn run(mut self) {
        let mut buffer = vec![0; 16 << 10];
        // A terminal that is closed ends with an error on Linux.
        while let Ok(length) = self.reader.read(&mut buffer) {
            let bytes = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
            if bytes.is_empty() {
                break;
            }
            // Neither a full disk nor that nobody listens keeps the server from writing.
            let _ = self.log.write_all(&bytes);
            let _ = self.said.send(bytes.clone());
            let record = Record { at: self.tap.now(), conn: ConnId::NONE, what: What::Output { bytes } };
            self.runtime.block_on(self.tap.record(record));
        }
    }
}

/// Whether a program is there, so that it can be said which one is not.
fn find(program: &OsString) -> io::Result<()> {
    let path = PathBuf::from(program);
    let is_there = if path.components().count() > 1 {
        path.exists()
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let suffix = std::env::consts::EXE_SUFFIX;
        std::env::split_paths(&folders).any(|folder| {
            let path = folder.join(&path);
            path.is_file() || path.with_extension(suffix.trim_start_matches('.')).is_file()
        })
    };
    let missing = || format!("there is no program {}", path.display());
    is_there.then_some(()).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, missing()))
}

fn other(error: anyhow::Error) -> io::Error {
    io::Error::other(format!("{error:#}"))
}
