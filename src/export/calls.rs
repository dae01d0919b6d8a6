//! The calls of a unit, as text and as JSON.

use std::io::{self, Write};

use anstyle::Style;
use serde_json::{Map, Value as Json, json};

use crate::escape;
use crate::session::calls::tree::{Branch, CallTree};
use crate::session::calls::{Call, Calls};
use crate::session::{Session, StoreError, UnitRef};
use crate::words;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// The tree of the calls that belong to a unit.
pub fn of(session: &Session, unit: &UnitRef) -> Result<CallTree, StoreError> {
    Ok(session.calls().tree(&session.calls_of(unit)?))
}

/// The tree as lines, each call below the one that led to it.
pub fn text(session: &Session, unit: &UnitRef, out: &mut dyn Write) -> io::Result<()> {
    match of(session, unit) {
        Ok(tree) if tree.is_empty() => Ok(()),
        Ok(tree) => {
            let certainty = tree.certainty.map_or("", |certainty| certainty.as_str());
            writeln!(out, "  {BOLD}calls{BOLD:#} {DIM}({certainty}){DIM:#}")?;
            lines(session.calls(), &tree.roots, 2, out)?;
            if tree.is_cut {
                writeln!(out, "    {DIM}… and more{DIM:#}")?;
            }
            Ok(())
        }
        Err(error) => writeln!(out, "  {error}"),
    }
}

fn lines(calls: &Calls, branches: &[Branch], depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut before = None;
    for branch in branches {
        if let Some(call) = calls.get(branch.call) {
            if branch.crosses
                && before != Some(call.strand)
                && let Some(strand) = calls.strand(call.strand)
            {
                let name = escape::line(&strand.name);
                writeln!(
                    out,
                    "{:indent$}{DIM}⇢ {} {name}{DIM:#}",
                    "",
                    strand.kind.as_str(),
                    indent = depth * 2
                )?;
            }
            before = Some(call.strand);
            writeln!(out, "{:indent$}{}", "", line(calls, call, branch), indent = depth * 2)?;
        }
        lines(calls, &branch.children, depth + 1, out)?;
    }
    Ok(())
}

fn line(calls: &Calls, call: &Call, branch: &Branch) -> String {
    let symbol = calls.called(call).map(|function| escape::line(&function.symbol)).unwrap_or_default();
    let style = if branch.is_path { DIM } else { Style::new() };
    let mut line = String::new();
    line.push_str(&format!("{style}{symbol}{style:#}"));
    if let Some(text) = calls.arguments(call.id) {
        line.push_str(&format!("({})", escape::line(text)));
    }
    let took = call.end.map_or_else(|| "not ended".to_owned(), |end| words::duration(end.since(call.begin)));
    line.push_str(&format!("  {DIM}{took}{DIM:#}"));
    if let Some(kind) = calls.raised(call.id) {
        line.push_str(&format!("  ✗ {}", escape::line(kind)));
    }
    if branch.wrote {
        line.push_str("  ◀ wrote it");
    }
    line
}

/// The tree as JSON; `None` where no call belongs to the unit.
pub fn json(session: &Session, unit: &UnitRef) -> Option<Json> {
    let tree = of(session, unit).ok().filter(|tree| !tree.is_empty())?;
    let calls = session.calls();
    Some(json!({
        "certainty": tree.certainty.map(|certainty| certainty.as_str()),
        "cut": tree.is_cut,
        "tree": branches(calls, &tree.roots),
    }))
}

fn branches(calls: &Calls, branches: &[Branch]) -> Vec<Json> {
    branches.iter().filter_map(|branch| object(calls, calls.get(branch.call)?, branch)).collect()
}

fn object(calls: &Calls, call: &Call, branch: &Branch) -> Option<Json> {
    let function = calls.called(call)?;
    let package = calls.package(function);
    let strand = calls.strand(call.strand)?;
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
    put("call", call.id.0.into());
    put("symbol", (&*function.symbol).into());
    put("package", package.map(|package| package.name.as_str()).into());
    put("version", package.and_then(|package| package.version.as_deref()).into());
    put("file", (&*function.file).into());
    put("line", function.line.into());
    put("called_from", (call.line > 0).then_some(call.line).into());
    put("process", strand.process.into());
    put("strand", json!({"kind": strand.kind.as_str(), "name": &*strand.name}));
    put("at", call.begin.0.into());
    put("took", call.end.map(|end| end.0.saturating_sub(call.begin.0)).into());
    put("raised", calls.raised(call.id).into());
    put("arguments", calls.arguments(call.id).into());
    put("crosses", branch.crosses.into());
    put("wrote", branch.wrote.into());
    put("path", branch.is_path.into());
    put("calls", self::branches(calls, &branch.children).into());
    Some(Json::Object(object))
}
