//! What can be asked of a session while it runs: keep it in a file, stop keeping it, save it, leave a note. Whoever
//! asks never waits: the thread that writes does it, and the answer comes when it is done.

use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::{oneshot, watch};

use super::Inbox;
use super::player::{Pace, Playing};
use super::transcript::TranscriptError;
use crate::decode::unit::UnitId;

/// Why something that was asked for was not done. What went on before goes on as it was.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// There is no such unit.
    #[error("there is no unit {0}")]
    NoUnit(u32),
    /// It has no meaning for this session.
    #[error("{0}")]
    Meaningless(&'static str),
    /// The disk is full, or fails otherwise.
    #[error("nothing can be written just now: {0}")]
    Failing(String),
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}

/// What is asked.
#[derive(Debug)]
pub(super) enum Order {
    Save(PathBuf),
    RecordTo(PathBuf),
    StopRecording,
    Note {
        unit: UnitId,
        marked: bool,
        text: String,
    },
    Pace(Pace),
    Step,
    /// A copy that was made on the side holds all up to `copied`: go on in it.
    Switch(super::copying::Copy),
}

/// Where the answer goes.
pub(super) type Answer = oneshot::Sender<Result<(), ControlError>>;

/// What a session is kept in, and how that goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The file that the session is kept in, or was opened from; `None` where it is gone at the end.
    pub file: Option<PathBuf>,
    /// How many bytes the transcript has.
    pub bytes: u64,
    /// Why nothing can be written or read just now.
    pub failure: Option<String>,
    /// How many units have a note that is in no file.
    pub unsaved: usize,
    /// How far an opened transcript was read; `None` for a session that is captured.
    pub playing: Option<Playing>,
}

/// Controls a session that is captured or opened. All clones control the same one.
#[derive(Clone, Debug)]
pub struct Control {
    inbox: Inbox,
    state: watch::Receiver<State>,
}

impl Control {
    pub(super) fn new(inbox: Inbox, state: watch::Receiver<State>) -> Control {
        Control { inbox, state }
    }

    /// Copies all that was seen so far to the file `path`, which must not exist yet. For a transcript that was opened
    /// `path` may also be its own file, to which the notes are then appended.
    pub fn save(&self, path: &Path) -> Reply {
        self.ask(Order::Save(path.to_owned()))
    }

    /// Keeps the session in the file `path`, which must not exist yet: what was seen so far, and what comes.
    pub fn record_to(&self, path: &Path) -> Reply {
        self.ask(Order::RecordTo(path.to_owned()))
    }

    /// Leaves the file that the session was kept in complete as it stands. What comes is gone at the end.
    pub fn stop_recording(&self) -> Reply {
        self.ask(Order::StopRecording)
    }

    /// Leaves a mark or a note with a unit, instead of the one that was there. Neither takes it away.
    pub fn note(&self, unit: UnitId, marked: bool, text: &str) -> Reply {
        self.ask(Order::Note { unit, marked, text: text.to_owned() })
    }

    /// Plays an opened transcript at another pace.
    pub fn pace(&self, pace: Pace) -> Reply {
        self.ask(Order::Pace(pace))
    }

    /// Plays the next record of an opened transcript now.
    pub fn step(&self) -> Reply {
        self.ask(Order::Step)
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Tells when [`Control::state`] changes.
    pub fn states(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// How many units have a note that is in no file.
    pub fn unsaved(&self) -> usize {
        self.state.borrow().unsaved
    }

    /// How many captured bytes wait to be recorded.
    pub fn behind(&self) -> usize {
        self.inbox.behind()
    }

    fn ask(&self, order: Order) -> Reply {
        let (answer, reply) = oneshot::channel();
        self.inbox.order(order, answer);
        Reply(reply)
    }
}

/// The answer, when it is there. It may be dropped: what was asked is done all the same.
#[derive(Debug)]
pub struct Reply(oneshot::Receiver<Result<(), ControlError>>);

impl Reply {
    /// The answer, once it is there.
    pub async fn answer(self) -> Result<(), ControlError> {
        self.0.await.unwrap_or(Err(ControlError::Ended))
    }

    /// The answer where it is there, without waiting.
    pub fn try_answer(&mut self) -> Option<Result<(), ControlError>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(ControlError::Ended)),
        }
    }

    /// Waits for the answer. Not for a thread of the runtime.
    pub fn wait(self) -> Result<(), ControlError> {
        self.0.blocking_recv().unwrap_or(Err(ControlError::Ended))
    }
}

/// A failure to write `path`, in words that fit it.
pub(super) fn cannot_write(path: &Path, error: io::Error) -> TranscriptError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => TranscriptError::Exists(path.to_owned()),
        _ => TranscriptError::Write { path: path.to_owned(), error },
    }
}
