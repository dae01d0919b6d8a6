//! Calls as the steps of a walk.

use super::{Outside, Place, Step};
use crate::escape;
use crate::explain::calls::purpose;
use crate::session::Session;
use crate::session::calls::tree::Branch;
use crate::session::calls::{Call, Calls, FunctionInfo};
use crate::words;

/// So many steps of a phase are told.
const MAX_STEPS: usize = 400;

/// So many lines of a function of the person's own are shown.
const MAX_SOURCE: usize = 30;

/// The steps of a tree, each before those that it led to.
pub fn of(session: &Session, branches: &[Branch], outside: &Outside<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    collect(session.calls(), branches, 0, outside, &mut steps);
    steps
}

/// Leaves out what the person's own functions led to.
pub fn stop_at_own(session: &Session, branches: &mut [Branch]) {
    for branch in branches {
        if is_own(session.calls(), branch) {
            branch.children.clear();
        } else {
            stop_at_own(session, &mut branch.children);
        }
    }
}

fn is_own(calls: &Calls, branch: &Branch) -> bool {
    let function = calls.get(branch.call).and_then(|call| calls.called(call));
    function.and_then(|function| calls.package(function)).is_some_and(|package| package.name.is_empty())
}

fn collect(calls: &Calls, branches: &[Branch], depth: usize, outside: &Outside<'_>, steps: &mut Vec<Step>) {
    for branch in branches {
        if steps.len() >= MAX_STEPS {
            return;
        }
        let Some((call, function)) =
            calls.get(branch.call).and_then(|call| Some((call, calls.called(call)?)))
        else {
            continue;
        };
        let step = step(calls, call, function, branch, depth, outside);
        match steps.last_mut() {
            // One after the other, and nothing in them: told once.
            Some(last) if branch.children.is_empty() && is_same(last, &step) => last.times += 1,
            _ => steps.push(step),
        }
        collect(calls, &branch.children, depth + 1, outside, steps);
    }
}

fn is_same(last: &Step, next: &Step) -> bool {
    let bare = |step: &Step| Step { times: 0, took: String::new(), called: None, ..step.clone() };
    bare(last) == bare(next)
}

fn step(
    calls: &Calls,
    call: &Call,
    function: &FunctionInfo,
    branch: &Branch,
    depth: usize,
    outside: &Outside<'_>,
) -> Step {
    let package = calls.package(function);
    let is_own = is_own(calls, branch);
    let name = function.symbol.split_once(':').map_or(&*function.symbol, |(_, name)| name);
    let caller = call.caller.and_then(|caller| calls.function(caller)).filter(|_| call.line > 0);
    let strand = calls.strand(call.strand);
    let mut source = if is_own { outside.source(function) } else { Vec::new() };
    source.truncate(MAX_SOURCE);
    Step {
        depth,
        function: escape::line(name).into_owned(),
        package: package.map(|package| escape::line(&package.name).into_owned()).unwrap_or_default(),
        defined: place(calls, function, function.line, outside),
        called: caller.map(|caller| place(calls, caller, call.line, outside)),
        purpose: purpose(&function.symbol),
        strand: strand
            .map(|strand| format!("{} {}", strand.kind.as_str(), escape::line(&strand.name)))
            .unwrap_or_default(),
        is_own,
        wrote: branch.wrote,
        raised: calls.raised(call.id).map(|kind| escape::line(kind).into_owned()),
        took: call.end.map(|end| words::duration(end.since(call.begin))).unwrap_or_default(),
        times: 1,
        source,
    }
}

fn place(calls: &Calls, function: &FunctionInfo, line: u32, outside: &Outside<'_>) -> Place {
    let package = calls.package(function);
    let root = package.and_then(|package| package.root.as_deref()).unwrap_or_default();
    let within = function.file.strip_prefix(root).map(|path| path.trim_start_matches(['/', '\\']));
    let file = within.filter(|path| !path.is_empty()).unwrap_or(&function.file);
    Place {
        text: format!("{}:{line}", escape::line(file)),
        link: package.and_then(|package| outside.link(package, function, line)),
    }
}
