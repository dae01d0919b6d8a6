//! The calls of a unit as a tree, with the source beside it or below.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};

use super::{Scroll, sequence, source};
use crate::session::Session;
use crate::session::calls::{Call, Calls, Certainty};
use crate::tui::app::{App, Screen};
use crate::tui::calls::Row;
use crate::tui::paint::{self, Pen};
use crate::tui::theme::Theme;
use crate::words;

/// From so many columns on, the source stands beside the calls.
const SIDE_BY_SIDE: u16 = 110;

/// The columns of a duration.
const TOOK: usize = 9;

/// From so many columns on, the package stands in each row.
const WITH_PACKAGE: usize = 56;

/// So many columns of a function are wanted before its package is.
const MIN_SYMBOL: usize = 14;

/// Calls that are nested deeper are not indented further.
const MAX_INDENT: usize = 40;

/// What the person's own project is called.
pub const OWN: &str = "your code";

/// Draws calls and source.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App, state: &mut Scroll) {
    let [tree, code] = match area.width >= SIDE_BY_SIDE {
        true => Layout::horizontal([Constraint::Percentage(54), Constraint::Min(40)]).areas(area),
        false => Layout::vertical([Constraint::Percentage(62), Constraint::Min(7)]).areas(area),
    };
    if app.calls.is_sequence {
        return sequence::draw(area, buf, session, app);
    }
    self::tree(tree, buf, session, app, state);
    source::draw(code, buf, session, app);
}

/// What stands above the calls.
pub fn title(session: &Session, app: &App) -> String {
    let Some(unit) = app.calls.unit else {
        return "Calls at the start, before the first connection".to_owned();
    };
    let count = words::count(app.calls.tree.calls().len() as u64, "call");
    let tie = match app.calls.tree.certainty {
        Some(Certainty::Certain) => " · certain",
        Some(Certainty::Inferred) => " · inferred: by number alone",
        None => "",
    };
    let more = if app.calls.tree.is_cut { " or more" } else { "" };
    let hidden: Vec<&str> = app
        .calls
        .hidden
        .iter()
        .filter_map(|at| Some(name(&session.calls().packages().get(*at)?.name)))
        .collect();
    let without =
        if hidden.is_empty() { String::new() } else { format!(" · without {}", hidden.join(", ")) };
    format!("Calls of unit {} · {count}{more}{tie}{without}", unit.0)
}

/// A package's name; the person's own project has none.
pub fn name(package: &str) -> &str {
    if package.is_empty() { OWN } else { package }
}

/// Draws the calls as a tree.
pub fn tree(area: Rect, buf: &mut Buffer, session: &Session, app: &App, state: &mut Scroll) {
    let inner = paint::frame(area, buf, &app.theme, &paint::cell(&title(session, app)), true);
    if app.calls.rows.is_empty() {
        return nothing(inner, buf, session, app);
    }
    // A row whose strand is named takes two lines.
    let mut lines: Vec<(usize, bool)> = Vec::new();
    let mut chosen = 0..0;
    for (at, row) in app.calls.rows.iter().enumerate() {
        let begin = lines.len();
        lines.extend(row.strand.is_some().then_some((at, true)));
        lines.push((at, false));
        if at == app.calls.at {
            chosen = begin..lines.len();
        }
    }
    let height = usize::from(inner.height);
    state.top = match app.screen {
        // What a step names comes behind the first of them: that stands above the middle.
        Screen::Walk => chosen.start.saturating_sub(height / 3).min(lines.len().saturating_sub(height)),
        _ => top(state.top, &chosen, height, lines.len()),
    };
    for (y, (at, is_strand)) in lines.iter().skip(state.top).take(height).enumerate() {
        let Some(row) = app.calls.rows.get(*at) else { continue };
        let place = paint::row(inner, y);
        if *is_strand {
            strand(place, buf, app, row);
            continue;
        }
        if let Some(call) = session.calls().get(row.call) {
            one(place, buf, session.calls(), &app.theme, row, call);
        }
        if app.is_lit(row.call) {
            Pen::new(buf, place).put("●", app.theme.key);
        }
        if *at == app.calls.at {
            buf.set_style(place, app.theme.selected[1]);
        }
    }
    paint::scroll_mark(inner, buf, &app.theme, state.top..(state.top + height).min(lines.len()), lines.len());
}

fn top(top: usize, chosen: &Range<usize>, height: usize, total: usize) -> usize {
    let last = chosen.end.saturating_sub(1);
    paint::scrolled(top, last, height, total).min(chosen.start)
}

fn strand(place: Rect, buf: &mut Buffer, app: &App, row: &Row) {
    let mut pen = Pen::new(buf, place);
    pen.skip(row.depth.min(MAX_INDENT)).put("≈ ", app.theme.key);
    pen.peer(row.strand.as_deref().unwrap_or_default(), app.theme.key);
}

/// What a package looks like: one of the colours, in turn; the person's own code stands out.
pub fn style(theme: &Theme, calls: &Calls, package: Option<usize>) -> Style {
    let is_own =
        package.and_then(|at| calls.packages().get(at)).is_some_and(|package| package.name.is_empty());
    match package {
        _ if is_own => theme.strong.patch(theme.key).add_modifier(Modifier::BOLD),
        Some(at) => theme.lifelines[at % theme.lifelines.len()],
        None => theme.text,
    }
}

fn one(place: Rect, buf: &mut Buffer, calls: &Calls, theme: &Theme, row: &Row, call: &Call) {
    let Some(function) = calls.called(call) else { return };
    let took = match call.end {
        Some(end) => words::duration(end.since(call.begin)),
        None => "open".to_owned(),
    };
    let package = calls.package(function).map(|package| name(&package.name));
    let style = style(theme, calls, function.package);
    let style = if row.is_path { theme.dim } else { style };
    let (_, symbol) = function.symbol.split_once(':').unwrap_or(("", &function.symbol));
    let width = usize::from(place.width);
    let mut tail = String::new();
    if let Some(kind) = calls.raised(call.id) {
        tail.push_str(&format!(" ✗ {kind}"));
    }
    if row.wrote {
        tail.push_str(" ◀ wrote it");
    }
    let mut pen = Pen::new(buf, place);
    let sign = match (row.has_more, row.folded) {
        (true, 0) => "▾ ",
        (true, _) => "▸ ",
        (false, _) => "  ",
    };
    pen.skip(row.depth.min(MAX_INDENT)).put(sign, theme.dim);
    let indent = row.depth.min(MAX_INDENT) + 2;
    let has_room =
        |name: &&str| indent + MIN_SYMBOL + tail.chars().count() + name.chars().count() + 1 + TOOK <= width;
    let tag = package
        .filter(|_| width >= WITH_PACKAGE)
        .filter(has_room)
        .map(|name| format!(" {}", paint::cell(name)));
    let after = TOOK + 1 + tag.as_ref().map_or(0, |tag| tag.chars().count());
    let folded = if row.folded > 0 { format!(" +{}", row.folded) } else { String::new() };
    let room = pen.room().saturating_sub(after + tail.chars().count() + folded.chars().count());
    pen.put(&words::cut(&paint::cell(symbol), room.max(8)), style).put(&folded, theme.dim);
    pen.put(&paint::cell(&tail), theme.strong);
    let gap = pen.room().saturating_sub(after);
    pen.skip(gap).put(tag.as_deref().unwrap_or_default(), theme.dim).column(&took, TOOK, true, theme.dim);
}

/// Says why there are no calls.
fn nothing(inner: Rect, buf: &mut Buffer, session: &Session, app: &App) {
    let calls = session.calls();
    let mut said = Vec::new();
    if let Some(error) = &app.calls.error {
        said.push(error.clone());
    } else if calls.processes().len() == 0 {
        said.push("No process says what is called in it.".to_owned());
        said.push("Start your server with: wirewalk run -- python app.py (or: node server.js)".to_owned());
        said.push(
            "or, where it is started elsewhere: wirewalk proxy --trace, and wirewalk env python".to_owned(),
        );
    } else if app.calls.unit.is_none() {
        said.push("No call was seen before the first connection.".to_owned());
    } else {
        said.push(
            "No call belongs to this unit: it is none that a library handles, or nothing of it was traced."
                .to_owned(),
        );
        said.push(
            "] and [ go to the next and the previous unit that has calls, s to those of the start."
                .to_owned(),
        );
    }
    for process in calls.processes() {
        said.extend(
            process.problems.iter().map(|problem| format!("! {}: {problem}", process.process.runtime)),
        );
        if process.lost > 0 {
            said.push(format!("! the tracer left out {} events", process.lost));
        }
    }
    let lines = said.iter().flat_map(|said| words::fold(said, usize::from(inner.width)));
    for (y, line) in lines.take(usize::from(inner.height)).enumerate() {
        Pen::new(buf, paint::row(inner, y)).peer(&line, app.theme.dim);
    }
}

/// Text as a notice tells it.
pub fn told(text: &str) -> String {
    paint::cell(text)
}
