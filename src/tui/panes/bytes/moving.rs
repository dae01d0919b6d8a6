//! Moving about in the bytes: each form has its own neighbours.

use super::{BytesForm, accept, diagram, form, hex, inflate, json, unmask};
use crate::decode::unit::{SourceId, Span};
use crate::tui::app::{App, Pane};
use crate::tui::keys::Action;
use crate::tui::layout::Areas;
use crate::tui::motion::{moved, select_byte, select_item};
use crate::tui::update;

/// Does what an action says.
pub fn act(app: &mut App, action: Action) {
    match action {
        Action::Open => return update::focus(app, Pane::Explain),
        Action::NextSource => return next_source(app),
        _ => {}
    }
    let form = form(app, &app.panes.bytes);
    match form {
        BytesForm::Best | BytesForm::Hex => hexadecimal(app, action),
        BytesForm::Header => header(app, action),
        BytesForm::Unmasking => unmasking(app, action),
        BytesForm::Inflating => inflating(app, action),
        BytesForm::Accept => steps(app, action),
        BytesForm::Json => lines(app, action),
    }
    // What is selected now may be said better in another form; but one stays where one moves about.
    app.panes.bytes.held = Some(form);
}

/// Columns and rows inside the pane.
fn room(app: &App) -> (u16, usize) {
    let area = Areas::of(app).pane(Pane::Bytes).unwrap_or_default();
    (area.width.saturating_sub(2), usize::from(area.height.saturating_sub(2)).max(1))
}

/// Shows the next bytes that the unit has, and stays with the field where these bytes say the same.
fn next_source(app: &mut App) {
    let Some(look) = app.looked() else { return };
    let (source, byte) = app.selection.byte.unwrap_or_default();
    let sources: Vec<SourceId> = look.sources().collect();
    let next = sources.iter().find(|id| id.0 > source.0).or(sources.first()).copied();
    if let Some(next) = next {
        show_source(app, source, byte, next);
    }
}

/// Shows the bytes of a source, with the cursor where the byte under it came from or went to.
pub fn show_source(app: &mut App, source: SourceId, byte: usize, next: SourceId) {
    let Some(look) = app.looked() else { return };
    let counterpart = look.counterpart(&Span::bytes(source, byte..byte + 1), next);
    let own =
        app.item().filter(|item| item.span.source == next).map(|item| (item.span.bits.start / 8) as usize);
    match own.or(counterpart.map(|range| range.start)) {
        Some(at) => app.selection.byte = Some((next, at)),
        None => select_byte(app, next, 0),
    }
    app.panes.bytes.held = Some(BytesForm::Hex);
}

/// Where an action leads from byte `at` of `length`, `a_row` of which stand side by side.
fn next_byte(at: usize, length: usize, a_row: usize, rows: usize, action: Action) -> Option<usize> {
    let last = length.saturating_sub(1);
    let page = a_row * rows;
    Some(match action {
        Action::Left => at.saturating_sub(1),
        Action::Right => (at + 1).min(last),
        Action::Up => at.checked_sub(a_row).unwrap_or(at),
        Action::Down if at + a_row <= last => at + a_row,
        Action::Down => at,
        Action::PageUp | Action::HalfUp => at.saturating_sub(page),
        Action::PageDown | Action::HalfDown => (at + page).min(last),
        Action::Top => 0,
        Action::Bottom => last,
        _ => return None,
    })
}

fn hexadecimal(app: &mut App, action: Action) {
    let Some(look) = app.looked() else { return };
    let (source, byte) = app.selection.byte.unwrap_or_default();
    let (width, rows) = room(app);
    let length = look.bytes(source).len();
    let a_row = hex::a_row(usize::from(width), length);
    if let Some(to) = next_byte(byte, length, a_row, rows, action) {
        select_byte(app, source, to);
    }
}

fn unmasking(app: &mut App, action: Action) {
    let Some(look) = app.looked() else { return };
    let Some((wire, plain)) = look.masked() else { return };
    let at = unmask::cursor(app, look);
    let a_row = unmask::a_row(usize::from(room(app).0));
    if let Some(to) = next_byte(at, wire.len(), a_row, 2, action) {
        select_byte(app, plain, to);
    }
}

fn inflating(app: &mut App, action: Action) {
    let Some(look) = app.looked() else { return };
    let Some(source) = inflate::inflated(look) else { return };
    let (width, page) = room(app);
    let rows = inflate::rows(look.bytes(source), inflate::text_width(width));
    let byte = app.selection.byte.filter(|(of, _)| *of == source).map_or(0, |(_, at)| at);
    let last = rows.last().map_or(0, |row| row.end.saturating_sub(1));
    let row = rows.partition_point(|row| row.end <= byte).min(rows.len().saturating_sub(1));
    let to = match action {
        Action::Left => Some(byte.saturating_sub(1)),
        Action::Right => Some((byte + 1).min(last)),
        Action::Bottom => Some(last),
        _ => moved(row, rows.len(), page, action).and_then(|to| {
            let (from, to) = (rows.get(row)?, rows.get(to)?);
            Some((to.start + byte.saturating_sub(from.start)).min(to.end.saturating_sub(1)))
        }),
    };
    if let Some(to) = to {
        select_byte(app, source, to);
    }
}

fn steps(app: &mut App, action: Action) {
    let Some(look) = app.looked() else { return };
    let steps = accept::steps(look);
    let at = app.selection.item.and_then(|item| steps.iter().position(|step| *step == item));
    let to = match at {
        Some(at) => moved(at, steps.len(), steps.len(), action),
        None => moved(0, 1, 1, action),
    };
    if let Some(item) = to.and_then(|to| steps.get(to)) {
        select_item(app, *item);
    }
}

fn lines(app: &mut App, action: Action) {
    let before = app.panes.bytes.json.take();
    let page = room(app).1;
    let item = app.selection.item.unwrap_or_default();
    let Some(look) = app.looked() else { return };
    let Some(laid) = json::laid(look, item, before) else { return };
    let at = json::line_at(&laid, app.selection.byte);
    let action = match action {
        Action::Left => Action::Up,
        Action::Right => Action::Down,
        action => action,
    };
    let to =
        moved(at, laid.lines.len(), page, action).and_then(|to| laid.lines.get(to).map(|line| (to, line)));
    if let Some((to, line)) = to {
        let (source, begin) = (laid.source, line.range.start);
        match json::item_of(look, &laid, to) {
            Some(item) => select_item(app, item),
            None => select_byte(app, source, begin),
        }
    }
    app.panes.bytes.json = Some(laid);
}

/// From box to box: sideways along the bits, up and down to the box that is there.
fn header(app: &mut App, action: Action) {
    let Some(look) = app.looked() else { return };
    let parts = diagram::parts(look);
    let rows = diagram::rows(look);
    let last = parts.len().saturating_sub(1);
    let is_lit = |part: &diagram::Part| diagram::is_lit(app, look, part);
    let Some(at) = parts.iter().position(is_lit) else {
        let is_arrow = matches!(action, Action::Left | Action::Right | Action::Up | Action::Down);
        if let Some(item) = parts.first().filter(|_| is_arrow).map(|part| part.item) {
            select_item(app, item);
        }
        return;
    };
    let here = |row: &&Vec<diagram::Cell>| row.iter().find(|cell| cell.part.item == parts[at].item).cloned();
    let vertical = |onward: bool| {
        let mut rows_of = rows.iter().enumerate().filter_map(|(row, cells)| Some((row, here(&cells)?)));
        let (row, cell) = if onward { rows_of.next_back()? } else { rows_of.next()? };
        let to = if onward { row + 1 } else { row.checked_sub(1)? };
        let column = cell.bits.start % 32;
        let cells = rows.get(to)?;
        let found =
            cells.iter().find(|cell| cell.bits.start % 32 <= column && column <= (cell.bits.end - 1) % 32);
        found.or(cells.last()).map(|cell| cell.part.item)
    };
    let item = match action {
        Action::Left => parts.get(at.saturating_sub(1)).map(|part| part.item),
        Action::Right => parts.get((at + 1).min(last)).map(|part| part.item),
        Action::Up => vertical(false),
        Action::Down => vertical(true),
        Action::Top => parts.first().map(|part| part.item),
        Action::Bottom => parts.last().map(|part| part.item),
        _ => None,
    };
    if let Some(item) = item {
        select_item(app, item);
    }
}
