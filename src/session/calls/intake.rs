//! Takes in what tracers say. Names are resolved and bounded here; what ties calls to the wire is in `causes`.

use std::collections::HashMap;
use std::sync::Arc;

use super::causes::Series;
use super::limits::{MAX_CALLS, MAX_DEFINITIONS, MAX_PROBLEMS, MAX_TEXT};
use super::{Call, CallId, Calls, FunctionId, FunctionInfo, ProcessInfo, StrandId, StrandInfo, TurnId};
use crate::wire::trace::{self, Event, Function, Package, Process, Side, Strand, Trace};
use crate::wire::{ConnId, Connected, Opened, Timestamp};

/// A process, and how its own numbers translate.
#[derive(Debug)]
pub(super) struct ProcessState {
    pub info: ProcessInfo,
    packages: HashMap<u32, usize>,
    functions: HashMap<u32, FunctionId>,
    strands: HashMap<u32, StrandId>,
    pub calls: HashMap<u64, CallId>,
    /// The calls that put something into a queue.
    pub tokens: HashMap<u64, CallId>,
    /// How many things of a kind each function has marked on each connection.
    pub series: HashMap<(ConnId, Series, FunctionId), u32>,
    /// When events were left out last.
    pub lost_at: Option<Timestamp>,
}

/// A strand, and where it is.
#[derive(Debug)]
pub(super) struct StrandState {
    pub info: StrandInfo,
    /// The connections that it serves, each as long as the call lasts that says so; the innermost last.
    pub scopes: Vec<(CallId, Side, ConnId)>,
    pub turn: Option<TurnId>,
    pub first_turn: Option<TurnId>,
    /// The call that gave what was taken last.
    pub giver: Option<CallId>,
}

impl Calls {
    /// A connection was opened: by these ports a traced process knows it.
    pub(in crate::session) fn opened(&mut self, conn: ConnId, at: Timestamp, opened: &Opened) {
        self.opened.insert(conn, at);
        let mut known = |side, port| self.ports.entry((side, port)).or_default().push((at, conn));
        known(Side::Client, opened.client.port());
        if let Connected::Yes { local, .. } = opened.connected {
            known(Side::Server, local.port());
        }
    }

    /// A tracer said something.
    pub(in crate::session) fn take(&mut self, at: Timestamp, number: u32, said: &Trace) {
        if let Trace::Process(process) = said {
            return self.joined(at, number, process);
        }
        let Some(index) = self.processes.iter().rposition(|process| process.info.number == number) else {
            return;
        };
        match said {
            Trace::Package(package) => self.package_defined(index, package),
            Trace::Function(function) => self.function_defined(index, function),
            Trace::Strand(strand) => self.strand_defined(index, strand),
            Trace::Events(events) => events.iter().for_each(|event| self.event(index, event)),
            Trace::Lost(events) => self.lost(index, at, *events),
            Trace::Problem(problem) => {
                let Some(process) = self.processes.get_mut(index) else { return };
                if process.info.problems.len() < MAX_PROBLEMS {
                    process.info.problems.push(bounded(problem).to_owned());
                }
            }
            Trace::Left(_) => self.left(index, at),
            Trace::Process(_) => {}
        }
    }

    fn joined(&mut self, at: Timestamp, number: u32, process: &Process) {
        if self.processes.len() >= MAX_DEFINITIONS {
            return;
        }
        let info = ProcessInfo {
            number,
            process: process.clone(),
            joined: at,
            left: None,
            lost: 0,
            problems: Vec::new(),
        };
        self.processes.push(ProcessState {
            info,
            packages: HashMap::new(),
            functions: HashMap::new(),
            strands: HashMap::new(),
            calls: HashMap::new(),
            tokens: HashMap::new(),
            series: HashMap::new(),
            lost_at: None,
        });
    }

    fn left(&mut self, index: usize, at: Timestamp) {
        let Some(process) = self.processes.get_mut(index) else { return };
        process.info.left = Some(at);
        // Nothing can be said of them any more.
        process.calls = HashMap::new();
        process.tokens = HashMap::new();
        process.series = HashMap::new();
    }

    fn package_defined(&mut self, index: usize, package: &Package) {
        if self.packages.len() >= MAX_DEFINITIONS {
            return;
        }
        // Another process, or another worker, has the same packages.
        let same = |known: &Package| Package { id: package.id, ..known.clone() } == *package;
        let at = self.packages.iter().position(same).unwrap_or(self.packages.len());
        if at == self.packages.len() {
            self.packages.push(package.clone());
        }
        if let Some(process) = self.processes.get_mut(index) {
            process.packages.insert(package.id, at);
        }
    }

    fn function_defined(&mut self, index: usize, function: &Function) {
        let Some(process) = self.processes.get_mut(index) else { return };
        if self.functions.len() >= MAX_DEFINITIONS {
            return;
        }
        let id = FunctionId(self.functions.len() as u32);
        self.functions.push(FunctionInfo {
            symbol: bounded(&function.symbol).into(),
            file: bounded(&function.file).into(),
            line: function.line,
            package: function.package.and_then(|package| process.packages.get(&package).copied()),
            process: process.info.number,
        });
        process.functions.insert(function.id, id);
    }

    fn strand_defined(&mut self, index: usize, strand: &Strand) {
        let Some(process) = self.processes.get_mut(index) else { return };
        if self.strands.len() >= MAX_DEFINITIONS {
            return;
        }
        let id = StrandId(self.strands.len() as u32);
        let parent = strand.parent.and_then(|call| process.calls.get(&call).copied());
        let info = StrandInfo {
            kind: strand.kind,
            name: bounded(&strand.name).into(),
            process: process.info.number,
            parent,
        };
        process.strands.insert(strand.id, id);
        // It serves the connection that the call that started it served then.
        let scopes = parent.and_then(|call| self.scope_of(call).map(|(side, conn)| (call, side, conn)));
        self.strands.push(StrandState {
            info,
            scopes: scopes.into_iter().collect(),
            turn: None,
            first_turn: None,
            giver: None,
        });
        if let Some(parent) = parent {
            self.started.entry(parent).or_default().push(id);
        }
    }

    fn lost(&mut self, index: usize, at: Timestamp, events: u64) {
        let Some(process) = self.processes.get_mut(index) else { return };
        process.info.lost = process.info.lost.saturating_add(events);
        process.lost_at = Some(at);
    }

    fn event(&mut self, index: usize, event: &Event) {
        match event {
            Event::Call(call) => self.call_began(index, call),
            Event::Return { call, at } => self.call_ended(index, *call, *at),
            Event::Raise { call, at, kind } => {
                self.call_ended(index, *call, *at);
                if let Some(id) = self.call_of(index, *call) {
                    self.raised.insert(id, bounded(kind).into());
                }
            }
            Event::Mark { call, at, mark, detail } => self.marked(index, *call, *at, *mark, detail),
        }
    }

    pub(super) fn call_of(&self, index: usize, call: u64) -> Option<CallId> {
        self.processes.get(index)?.calls.get(&call).copied()
    }

    pub(super) fn strand_of(&self, index: usize, strand: u32) -> Option<StrandId> {
        self.processes.get(index)?.strands.get(&strand).copied()
    }

    fn call_began(&mut self, index: usize, call: &trace::Call) {
        if self.calls.len() >= MAX_CALLS {
            self.left_out += 1;
            return;
        }
        let Some(process) = self.processes.get_mut(index) else { return };
        let (Some(function), Some(strand)) =
            (process.functions.get(&call.function).copied(), process.strands.get(&call.strand).copied())
        else {
            return;
        };
        let id = CallId(self.calls.len() as u32 + 1);
        let parent = call.parent.and_then(|parent| process.calls.get(&parent).copied());
        let caller = call.caller.and_then(|caller| process.functions.get(&caller).copied());
        process.calls.insert(call.call, id);
        let turn = self.current_turn(strand);
        self.calls.push(Call {
            id,
            function,
            strand,
            parent,
            caller,
            line: call.line,
            begin: call.at,
            end: None,
            turn,
        });
        if let Some(turn) = self.turns.get_mut(turn.0 as usize) {
            turn.calls.push(id);
        }
    }

    fn call_ended(&mut self, index: usize, call: u64, at: Timestamp) {
        let Some(id) = self.call_of(index, call) else { return };
        let Some(call) = self.calls.get_mut(id.0 as usize - 1) else { return };
        call.end = Some(at);
        if let Some(strand) = self.strands.get_mut(call.strand.0 as usize) {
            strand.scopes.retain(|(of, ..)| *of != id);
        }
    }
}

/// As much of a text as is kept.
pub(super) fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default()
}

/// Shares a text.
pub(super) fn shared(text: &str) -> Arc<str> {
    bounded(text).into()
}
