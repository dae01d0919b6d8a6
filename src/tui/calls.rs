//! The calls of the selected unit: which of them are listed, which is chosen, and the source that is to be seen with it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::app::{App, Effect, Screen};
use super::keys::Action;
use super::layout::Areas;
use super::{motion, panes, sequence};
use crate::calls::permalink;
use crate::calls::source::Source;
use crate::decode::field::Severity;
use crate::decode::unit::UnitId;
use crate::session::Session;
use crate::session::calls::tree::{Branch, CallTree};
use crate::session::calls::{Call, CallId, Calls, FunctionInfo, Tied};
use crate::wire::Timestamp;

/// So many files of source are kept.
const MAX_SOURCES: usize = 64;

/// So many units are asked for calls when going to the next that has any.
const MAX_SKIPPED: usize = 100_000;

/// A listed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The call.
    pub call: CallId,
    /// How many listed calls are around it.
    pub depth: usize,
    /// The strand that begins here, such as `thread Thread-7`, where it is another one than above.
    pub strand: Option<String>,
    /// Whether it wrote the unit.
    pub wrote: bool,
    /// Whether it is only there to show where what follows comes from.
    pub is_path: bool,
    /// Whether it led to others.
    pub has_more: bool,
    /// How many calls are folded into it.
    pub folded: usize,
}

/// A file of source, once it was asked for.
#[derive(Clone, Debug)]
pub enum Reading {
    /// It is being read.
    Asked,
    /// It was read, or why it cannot be shown.
    Read(Arc<Result<Source, String>>),
}

/// The calls of a unit, as they are looked at.
#[derive(Clone, Debug, Default)]
pub struct CallsView {
    /// The unit; `None` for how the processes started up.
    pub unit: Option<UnitId>,
    /// Whether the start-up is wanted, and not the selected unit.
    pub is_start_up: bool,
    /// The calls.
    pub tree: CallTree,
    /// Why there are none, where the bytes cannot be read back.
    pub error: Option<String>,
    /// Those that are listed.
    pub rows: Vec<Row>,
    /// The chosen row.
    pub at: usize,
    folded: HashSet<CallId>,
    /// Calls that are deeper are folded.
    pub depth: Option<usize>,
    /// The packages whose calls are left out, by their place in [`Calls::packages`].
    pub hidden: Vec<usize>,
    /// Whether they are shown as a sequence between lanes.
    pub is_sequence: bool,
    /// Whether the source is that of the place that it was called from.
    pub shows_caller: bool,
    sources: HashMap<Arc<str>, Reading>,
    /// How many calls the session had when this was made.
    known: usize,
}

impl CallsView {
    /// The chosen call.
    pub fn chosen<'a>(&self, calls: &'a Calls) -> Option<&'a Call> {
        calls.get(self.rows.get(self.at)?.call)
    }

    /// The function and the line whose source is to be seen.
    pub fn place<'a>(&self, calls: &'a Calls) -> Option<(&'a FunctionInfo, u32)> {
        let call = self.chosen(calls)?;
        let caller = call.caller.and_then(|caller| calls.function(caller)).filter(|_| call.line > 0);
        match caller.filter(|_| self.shows_caller) {
            Some(caller) => Some((caller, call.line)),
            None => calls.called(call).map(|function| (function, function.line)),
        }
    }

    /// A file of source, where it was asked for.
    pub fn source(&self, file: &str) -> Option<&Reading> {
        self.sources.get(file)
    }

    /// Takes a file that was asked for.
    pub fn read(&mut self, file: Arc<str>, source: Result<Source, String>) {
        if self.sources.len() >= MAX_SOURCES {
            self.sources.clear();
        }
        self.sources.insert(file, Reading::Read(Arc::new(source)));
    }

    /// Lists the calls again, and stays with the chosen one.
    fn list(&mut self, calls: &Calls) {
        let chosen = self.rows.get(self.at).map(|row| row.call);
        let mut lister = Lister { calls, view: self, rows: Vec::new() };
        lister.branches(&self.tree.roots, 0);
        self.rows = lister.rows;
        let same = chosen.and_then(|call| self.rows.iter().position(|row| row.call == call));
        self.at = same.unwrap_or(self.at.min(self.rows.len().saturating_sub(1)));
    }
}

struct Lister<'a> {
    calls: &'a Calls,
    view: &'a CallsView,
    rows: Vec<Row>,
}

impl Lister<'_> {
    fn branches(&mut self, branches: &[Branch], depth: usize) {
        let mut before = None;
        for branch in branches {
            let Some(call) = self.calls.get(branch.call) else { continue };
            let package = self.calls.called(call).and_then(|function| function.package);
            if package.is_some_and(|package| self.view.hidden.contains(&package)) {
                // What it led to stands in its place.
                self.branches(&branch.children, depth);
                continue;
            }
            let is_new = branch.crosses && before != Some(call.strand);
            before = Some(call.strand);
            let strand = self.calls.strand(call.strand).filter(|_| is_new);
            let is_folded = self.view.folded.contains(&branch.call)
                != self.view.depth.is_some_and(|limit| depth + 1 >= limit);
            self.rows.push(Row {
                call: branch.call,
                depth,
                strand: strand.map(|strand| format!("{} {}", strand.kind.as_str(), strand.name)),
                wrote: branch.wrote,
                is_path: branch.is_path,
                has_more: !branch.children.is_empty(),
                folded: if is_folded { count(&branch.children) } else { 0 },
            });
            if !is_folded {
                self.branches(&branch.children, depth + 1);
            }
        }
    }
}

/// Collects the calls below which there is none of `lit`. Whether there is one among these or below them.
fn fold_others(branches: &[Branch], lit: &[CallId], folded: &mut HashSet<CallId>) -> bool {
    let mut leads = false;
    for branch in branches {
        let leads_below = fold_others(&branch.children, lit, folded);
        if !leads_below && !branch.children.is_empty() {
            folded.insert(branch.call);
        }
        leads |= leads_below || lit.contains(&branch.call);
    }
    leads
}

fn count(branches: &[Branch]) -> usize {
    branches.iter().map(|branch| 1 + count(&branch.children)).sum()
}

/// Shows the calls of the selected unit, at first the one that wrote it.
pub fn show(app: &mut App, session: &Session) -> Vec<Effect> {
    app.screen = Screen::Calls;
    app.calls.is_start_up = false;
    look(app, session);
    app.calls.at = app.calls.rows.iter().position(|row| row.wrote).unwrap_or_default();
    want(app, session)
}

/// Shows the calls of a unit, or those of the start, and chooses one. What does not lead to any of `lit` is folded, where there are such.
pub fn at(
    app: &mut App,
    session: &Session,
    unit: Option<UnitId>,
    call: Option<CallId>,
    lit: &[CallId],
) -> Vec<Effect> {
    app.calls.is_start_up = unit.is_none();
    app.calls.depth = None;
    look(app, session);
    let mut folded = HashSet::new();
    if !lit.is_empty() {
        fold_others(&app.calls.tree.roots, lit, &mut folded);
    }
    app.calls.folded = folded;
    app.calls.list(session.calls());
    let at = app.calls.rows.iter().position(|row| Some(row.call) == call);
    app.calls.at = at.unwrap_or_default();
    want(app, session)
}

/// The session grew: there may be more calls of the unit that is looked at.
pub fn grew(app: &mut App, session: &Session) -> Vec<Effect> {
    let is_same = app.calls.known == session.calls().len()
        && (app.calls.is_start_up || app.calls.unit == app.selection.unit);
    if app.screen != Screen::Calls || is_same {
        return Vec::new();
    }
    look(app, session);
    want(app, session)
}

/// Makes the tree of what is looked at.
fn look(app: &mut App, session: &Session) {
    let calls = session.calls();
    let view = &mut app.calls;
    let unit = app.selection.unit.filter(|_| !view.is_start_up);
    if view.unit != unit {
        (view.unit, view.at, view.folded) = (unit, 0, HashSet::new());
    }
    view.known = calls.len();
    view.error = None;
    view.tree = match unit.and_then(|id| session.unit(id)) {
        Some(unit) => session.calls_of(&unit).map(|of| calls.tree(&of)).unwrap_or_else(|error| {
            view.error = Some(error.to_string());
            CallTree::default()
        }),
        None => {
            let first = session.connections().first().map_or(Timestamp(u64::MAX), |first| first.opened);
            calls.start_up(first)
        }
    };
    view.list(calls);
}

/// Asks for the source of the chosen call, unless it was asked for.
fn want(app: &mut App, session: &Session) -> Vec<Effect> {
    let Some((function, _)) = app.calls.place(session.calls()) else { return Vec::new() };
    let file = function.file.clone();
    if app.calls.sources.contains_key(&file) {
        return Vec::new();
    }
    app.calls.sources.insert(file.clone(), Reading::Asked);
    vec![Effect::Read(file)]
}

/// Does what an action says on the screen of the calls.
pub fn act(app: &mut App, session: &Session, action: Action) -> Vec<Effect> {
    let calls = session.calls();
    let page = usize::from(Areas::of(app).body.height / 2).max(1);
    if app.calls.is_sequence && step(app, session, action, page) {
        return want(app, session);
    }
    if let Some(to) = motion::moved(app.calls.at, app.calls.rows.len(), page, action) {
        app.calls.at = to;
        return want(app, session);
    }
    match action {
        Action::Left => fold(app, calls, true),
        Action::Right => fold(app, calls, false),
        Action::Open => fold(app, calls, !is_folded(app)),
        Action::Deeper => deeper(app, calls, 1),
        Action::Shallower => deeper(app, calls, -1),
        Action::HidePackage => hide_package(app, calls),
        Action::Sequence => app.calls.is_sequence = !app.calls.is_sequence,
        Action::CallSite => app.calls.shows_caller = !app.calls.shows_caller,
        Action::StartUp => {
            app.calls.is_start_up = !app.calls.is_start_up;
            look(app, session);
        }
        Action::NextCalls => next(app, session, true),
        Action::PreviousCalls => next(app, session, false),
        Action::CauseOfCall => {
            go(app, session, |session, call| session.cause_of(call), "no unit caused this call")
        }
        Action::WrittenByCall => {
            go(app, session, |session, call| session.written_by(call), "this call wrote no unit")
        }
        Action::CopyLink => return copy_link(app, calls),
        _ => return Vec::new(),
    }
    want(app, session)
}

/// Moves from message to message of the sequence. Whether the action was such a move.
fn step(app: &mut App, session: &Session, action: Action, page: usize) -> bool {
    let messages = sequence::messages(session, &app.calls, app.hidden());
    let row_of = |call: CallId| app.calls.rows.iter().position(|row| row.call == call);
    let mut rows: Vec<usize> = messages.iter().filter_map(|message| row_of(message.call?)).collect();
    rows.dedup();
    let at = rows.iter().rposition(|row| *row <= app.calls.at).unwrap_or_default();
    let Some(to) = motion::moved(at, rows.len(), page, action) else { return false };
    app.calls.at = rows.get(to).copied().unwrap_or(app.calls.at);
    true
}

fn is_folded(app: &App) -> bool {
    app.calls.rows.get(app.calls.at).is_some_and(|row| row.folded > 0)
}

/// Folds or unfolds the chosen call; what is folded or leads to nothing is left for the call around it.
fn fold(app: &mut App, calls: &Calls, folds: bool) {
    let Some(row) = app.calls.rows.get(app.calls.at) else { return };
    let (call, depth) = (row.call, row.depth);
    if row.has_more && (row.folded > 0) != folds {
        if !app.calls.folded.insert(call) {
            app.calls.folded.remove(&call);
        }
        app.calls.list(calls);
    } else if folds && let Some(above) = app.calls.rows.get(..app.calls.at) {
        app.calls.at = above.iter().rposition(|row| row.depth < depth).unwrap_or(app.calls.at);
    }
}

/// Shows one level more, or one less.
fn deeper(app: &mut App, calls: &Calls, by: isize) {
    let deepest =
        app.calls.rows.iter().map(|row| row.depth + 1 + usize::from(row.folded > 0)).max().unwrap_or(1);
    let limit = app.calls.depth.unwrap_or(deepest).saturating_add_signed(by).max(1);
    app.calls.folded.clear();
    app.calls.depth = Some(limit);
    app.calls.list(calls);
    if app.calls.rows.iter().all(|row| row.folded == 0) {
        app.calls.depth = None;
    }
}

/// Leaves out the calls of the chosen call's package; where nothing is chosen, none is left out any more.
fn hide_package(app: &mut App, calls: &Calls) {
    let package = app.calls.chosen(calls).and_then(|call| calls.called(call)?.package);
    match package {
        Some(package) if !app.calls.hidden.contains(&package) => app.calls.hidden.push(package),
        _ => app.calls.hidden.clear(),
    }
    app.calls.list(calls);
    if app.calls.rows.is_empty() {
        app.calls.hidden.clear();
        app.calls.list(calls);
    }
}

/// Goes to the next or the previous unit that has calls.
fn next(app: &mut App, session: &Session, onward: bool) {
    let at = app.selection.unit.map_or(0, |unit| unit.0);
    let has = |id: &UnitId| session.unit(*id).is_some_and(|unit| session.may_have_calls(&unit));
    let found = match onward {
        true => session.ids().skip(at as usize).take(MAX_SKIPPED).find(has),
        false => session
            .ids()
            .rev()
            .skip(session.len().saturating_sub(at as usize) + 1)
            .take(MAX_SKIPPED)
            .find(has),
    };
    match found {
        Some(unit) => {
            app.following = false;
            app.calls.is_start_up = false;
            motion::select(app, session, unit);
            look(app, session);
            app.calls.at = app.calls.rows.iter().position(|row| row.wrote).unwrap_or_default();
        }
        None if onward => app.say(Severity::Note, "no later unit has calls"),
        None => app.say(Severity::Note, "no earlier unit has calls"),
    }
}

/// Goes to the unit that the chosen call belongs to.
fn go(
    app: &mut App,
    session: &Session,
    of: impl Fn(&Session, CallId) -> Result<Option<Tied>, crate::session::StoreError>,
    none: &str,
) {
    let Some(call) = app.calls.chosen(session.calls()) else { return };
    match of(session, call.id) {
        Ok(Some(tied)) => {
            app.screen = Screen::Flow;
            app.following = false;
            motion::select(app, session, tied.unit);
        }
        Ok(None) => app.say(Severity::Note, none),
        Err(error) => app.say(Severity::Error, error.to_string()),
    }
}

/// Puts the link to the line on the clipboard; where there is none, the file and the line.
fn copy_link(app: &mut App, calls: &Calls) -> Vec<Effect> {
    let Some((function, line)) = app.calls.place(calls) else { return Vec::new() };
    let link = calls.package(function).and_then(|package| permalink::of(package, &function.file, line));
    let text = link.unwrap_or_else(|| format!("{}:{line}", function.file));
    app.say(Severity::Note, format!("copied: {}", panes::calls::told(&text)));
    vec![Effect::Copy(text)]
}
