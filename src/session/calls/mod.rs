//! The calls that tracers saw, and what ties them to units.
//!
//! A process's calls lie on its strands (threads, tasks, greenlets). A strand does one thing after the other: each run of calls that
//! has one cause is a [`Turn`]. Marks say what a turn's cause is, by number and never by time: the n-th request of a
//! connection, the n-th message of a direction. Here calls are taken in (`intake`, `causes`); units are counted the same way
//! (`ordinals`), so that what the two say can be laid side by side (`ties`) and shown as a tree (`tree`).

mod causes;
mod intake;
mod limits;
mod ordinals;
mod output;
mod ties;
pub mod tree;

use std::collections::HashMap;
use std::sync::Arc;

pub use output::Output;
pub use ties::{Certainty, Tied, UnitCalls};

use crate::wire::trace::{Package, Process, Side, StrandKind};
use crate::wire::{ConnId, Direction, Timestamp};
pub(super) use ordinals::Ordinals;

/// The number of a call in its session, from 1, in the order in which wirewalk was told of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u32);

/// The number of a turn in its session, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnId(pub(super) u32);

/// The number of a strand in its session, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StrandId(pub(super) u32);

/// The number of a function in its session, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub(super) u32);

/// Something on the wire, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The n-th HTTP request of a connection, from 1.
    Request(ConnId, u32),
    /// The answer to the n-th HTTP request of a connection.
    Response(ConnId, u32),
    /// The n-th data message of a direction of a connection, from 1.
    Message(ConnId, Direction, u32),
    /// The end of a direction of a connection: its Close frame, or where there is none that of TCP.
    Close(ConnId, Direction),
}

/// What a mark says of the bytes that it stands for, by which the tie is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// It says nothing of them.
    Nothing,
    /// The length and the CRC-32 of a message's payload.
    Payload(u64, u32),
    /// The method and the target of a request.
    Request(String, String),
    /// The status of a response.
    Status(u16),
}

/// What is known of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number.
    pub id: CallId,
    /// What was called.
    pub function: FunctionId,
    /// Where it ran.
    pub strand: StrandId,
    /// The innermost call that was open on its strand.
    pub parent: Option<CallId>,
    /// The function that it was called from, where that is one that is traced.
    pub caller: Option<FunctionId>,
    /// The line that it was called from; 0 where that is not known.
    pub line: u32,
    /// When it began.
    pub begin: Timestamp,
    /// When it ended; `None` where that was not told.
    pub end: Option<Timestamp>,
    /// What its strand was at then.
    pub turn: TurnId,
}

/// A traced process.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessInfo {
    /// Its number, from 1.
    pub number: u32,
    /// What it said of itself.
    pub process: Process,
    /// When it was joined.
    pub joined: Timestamp,
    /// When it was gone.
    pub left: Option<Timestamp>,
    /// How many events its tracer left out.
    pub lost: u64,
    /// What could not be traced, as sentences.
    pub problems: Vec<String>,
}

/// A function that was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// `module:Class.function`, as it is defined.
    pub symbol: Arc<str>,
    /// The file that it is in.
    pub file: Arc<str>,
    /// The line of its definition, from 1.
    pub line: u32,
    /// The package that it is in, as an index into [`Calls::packages`].
    pub package: Option<usize>,
    /// The process that it was called in, from 1.
    pub process: u32,
}

/// One line of execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrandInfo {
    /// What it is.
    pub kind: StrandKind,
    /// What the runtime calls it.
    pub name: Arc<str>,
    /// The process that it is in, from 1.
    pub process: u32,
    /// The call that started it, where it serves that call's cause.
    pub parent: Option<CallId>,
}

/// What a strand does because of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// On which strand.
    pub strand: StrandId,
    /// The calls, in the order in which they began.
    pub calls: Vec<CallId>,
    /// What was marked as its cause. Where nothing was, see [`Calls::cause`].
    pub cause: Option<(Key, Check)>,
    /// The call whose cause it shares: the one that started its strand, or put into a queue what it took from there.
    pub because: Option<CallId>,
    /// When that was marked.
    pub since: Timestamp,
    /// What it wrote.
    pub wrote: Vec<Wrote>,
    /// It waits for its cause.
    waiting: bool,
}

/// Something on the wire that a call wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrote {
    /// The call that handed it over.
    pub call: CallId,
    /// What.
    pub key: Key,
    /// What the mark says of it.
    pub check: Check,
    /// The call that put it into the queue that it was taken from.
    pub giver: Option<CallId>,
}

/// All calls of a session.
#[derive(Debug, Default)]
pub struct Calls {
    processes: Vec<intake::ProcessState>,
    packages: Vec<Package>,
    functions: Vec<FunctionInfo>,
    strands: Vec<intake::StrandState>,
    calls: Vec<Call>,
    turns: Vec<Turn>,
    /// The strands that a call started.
    started: HashMap<CallId, Vec<StrandId>>,
    /// The turns that something on the wire caused.
    caused: HashMap<Key, Vec<TurnId>>,
    /// The turns that share the cause of a call, because they took what it gave.
    took: HashMap<CallId, Vec<TurnId>>,
    /// What was written: by which turn, and its place among what that wrote.
    written: HashMap<Key, Vec<(TurnId, usize)>>,
    raised: HashMap<CallId, Arc<str>>,
    arguments: HashMap<CallId, Arc<str>>,
    /// The connections by the port that a server or a client knows them by, with when they were opened.
    ports: HashMap<(Side, u16), Vec<(Timestamp, ConnId)>>,
    /// When each connection was opened.
    opened: HashMap<ConnId, Timestamp>,
    /// Calls that are not kept, since there are too many.
    left_out: u64,
}

impl Calls {
    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The traced processes, in the order in which they joined.
    pub fn processes(&self) -> impl ExactSizeIterator<Item = &ProcessInfo> {
        self.processes.iter().map(|process| &process.info)
    }

    /// The packages that calls were seen in, or could be, in all processes. The person's own project has an empty name.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// How many calls were not kept, since there were too many.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// All calls, in the order in which wirewalk was told of them.
    pub fn all(&self) -> &[Call] {
        &self.calls
    }

    /// What is known of a call.
    pub fn get(&self, id: CallId) -> Option<&Call> {
        self.calls.get((id.0 as usize).checked_sub(1)?)
    }

    /// What is known of a function.
    pub fn function(&self, id: FunctionId) -> Option<&FunctionInfo> {
        self.functions.get(id.0 as usize)
    }

    /// The function that was called.
    pub fn called(&self, call: &Call) -> Option<&FunctionInfo> {
        self.function(call.function)
    }

    /// The package that a function is in.
    pub fn package(&self, function: &FunctionInfo) -> Option<&Package> {
        self.packages.get(function.package?)
    }

    /// What is known of a strand.
    pub fn strand(&self, id: StrandId) -> Option<&StrandInfo> {
        self.strands.get(id.0 as usize).map(|strand| &strand.info)
    }

    /// What a strand does because of one thing.
    pub fn turn(&self, id: TurnId) -> Option<&Turn> {
        self.turns.get(id.0 as usize)
    }

    /// All turns, in the order in which they began.
    pub fn turns(&self) -> impl Iterator<Item = (TurnId, &Turn)> {
        (0..).map(TurnId).zip(&self.turns)
    }

    /// The type of the exception that a call ended with.
    pub fn raised(&self, call: CallId) -> Option<&str> {
        self.raised.get(&call).map(|kind| &**kind)
    }

    /// What a call was given, where that was asked for.
    pub fn arguments(&self, call: CallId) -> Option<&str> {
        self.arguments.get(&call).map(|text| &**text)
    }

    /// The strands that a call started, and which serve its cause.
    pub fn started(&self, call: CallId) -> &[StrandId] {
        self.started.get(&call).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first turn of a strand.
    pub fn first_turn(&self, strand: StrandId) -> Option<TurnId> {
        self.strands.get(strand.0 as usize)?.first_turn
    }

    /// The turns that took from a queue what a call gave.
    pub fn took(&self, call: CallId) -> &[TurnId] {
        self.took.get(&call).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a turn was caused by, itself or by way of the call that started its strand or gave what it took.
    pub fn cause(&self, turn: TurnId) -> Option<&(Key, Check)> {
        let mut turn = self.turn(turn)?;
        for _ in 0..limits::MAX_INHERITED {
            if turn.cause.is_some() {
                return turn.cause.as_ref();
            }
            turn = self.turn(self.get(turn.because?)?.turn)?;
        }
        None
    }

    /// Whether `inner` is `outer`, or was called by it directly or not.
    pub fn is_within(&self, inner: CallId, outer: CallId) -> bool {
        let mut at = Some(inner);
        // A parent is always older than its call.
        while let Some(call) = at.filter(|call| *call >= outer) {
            if call == outer {
                return true;
            }
            at = self.get(call).and_then(|known| known.parent).filter(|parent| *parent < call);
        }
        false
    }
}

#[cfg(test)]
mod tests;
