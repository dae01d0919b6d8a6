//! Calls on a page: the rows of a tree.

use serde::Serialize;

use crate::escape;
use crate::explain::calls::purpose;
use crate::export::report::Outside;
use crate::session::Session;
use crate::session::calls::CallId;
use crate::session::calls::tree::{Branch, CallTree};
use crate::words;

/// So many calls of one tree are on a page.
const MAX_ROWS: usize = 400;

/// So many lines of a function of the person's own are on a page.
const MAX_SOURCE: usize = 40;

/// The calls of a unit, or of the start.
#[derive(Debug, Serialize)]
pub(super) struct PageCalls {
    certainty: Option<&'static str>,
    pub rows: Vec<PageCall>,
    #[serde(skip)]
    calls: Vec<CallId>,
}

/// A call.
#[derive(Debug, Serialize)]
pub(super) struct PageCall {
    depth: usize,
    pub symbol: String,
    pub package: String,
    pub place: String,
    pub link: Option<String>,
    pub purpose: Option<&'static str>,
    took: String,
    strand: Option<String>,
    wrote: bool,
    own: bool,
    source: Vec<String>,
}

impl PageCalls {
    /// The row of a call.
    pub fn row(&self, call: CallId) -> Option<usize> {
        self.calls.iter().position(|other| *other == call)
    }
}

/// The rows of a tree.
pub(super) fn of(session: &Session, tree: &CallTree, outside: &Outside<'_>) -> PageCalls {
    let certainty = tree.certainty.map(|certainty| certainty.as_str());
    let mut calls = PageCalls { certainty, rows: Vec::new(), calls: Vec::new() };
    collect(session, &tree.roots, 0, outside, &mut calls);
    calls
}

fn collect(
    session: &Session,
    branches: &[Branch],
    depth: usize,
    outside: &Outside<'_>,
    into: &mut PageCalls,
) {
    let mut before = None;
    for branch in branches {
        if into.rows.len() >= MAX_ROWS {
            return;
        }
        if let Some((row, strand)) = row(session, branch, depth, outside, before) {
            into.rows.push(row);
            into.calls.push(branch.call);
            before = Some(strand);
        }
        collect(session, &branch.children, depth + 1, outside, into);
    }
}

fn row(
    session: &Session,
    branch: &Branch,
    depth: usize,
    outside: &Outside<'_>,
    before: Option<crate::session::calls::StrandId>,
) -> Option<(PageCall, crate::session::calls::StrandId)> {
    let calls = session.calls();
    let call = calls.get(branch.call)?;
    let function = calls.called(call)?;
    let package = calls.package(function);
    let root = package.and_then(|package| package.root.as_deref()).unwrap_or_default();
    let file = function.file.strip_prefix(root).unwrap_or(&function.file).trim_start_matches(['/', '\\']);
    let own = package.is_some_and(|package| package.name.is_empty());
    let strand = calls.strand(call.strand).filter(|_| branch.crosses && before != Some(call.strand));
    let mut source = if own { outside.source(function) } else { Vec::new() };
    source.truncate(MAX_SOURCE);
    let named = package.map(|package| match &package.version {
        Some(version) => format!("{} {version}", package.name),
        None => package.name.clone(),
    });
    let row = PageCall {
        depth,
        symbol: escape::line(&function.symbol).into_owned(),
        package: escape::line(&named.unwrap_or_default()).into_owned(),
        place: escape::line(&format!("{file}:{}", function.line)).into_owned(),
        link: package.and_then(|package| outside.link(package, function, function.line)),
        purpose: purpose(&function.symbol),
        took: call.end.map_or_else(|| "not ended".to_owned(), |end| words::duration(end.since(call.begin))),
        strand: strand.map(|strand| format!("{} {}", strand.kind.as_str(), escape::line(&strand.name))),
        wrote: branch.wrote,
        own,
        source: source.iter().map(|line| escape::line(line).into_owned()).collect(),
    };
    Some((row, call.strand))
}
