//! The layers of the selected unit as a tree, below what is wrong with it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr as _;

use crate::decode::field::Severity;
use crate::decode::unit::{Finding, UnitId};
use crate::session::Session;
use crate::tui::app::{App, Pane};
use crate::tui::look::{Item, ItemKind, Look};
use crate::tui::paint::{self, Pen};

/// A value of the selected row may take so many rows.
const MAX_ROWS: usize = 4;

/// At most so many findings stand above the tree; the explanation has them all.
const MAX_FINDINGS: usize = 3;

/// What the layers keep between two drawings.
#[derive(Clone, Debug, Default)]
pub struct LayersState {
    /// The first row in sight.
    pub top: usize,
    /// Which item is where on the screen.
    pub places: Vec<(Rect, usize)>,
}

/// The sign of a severity.
pub fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warning => "!",
        Severity::Note => "·",
    }
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App, state: &mut LayersState) {
    state.places.clear();
    let unit = app.selection.unit.map_or(String::new(), |UnitId(unit)| format!(" of unit {unit}"));
    let inner = paint::frame(area, buf, &app.theme, &format!("Layers{unit}"), app.has_focus(Pane::Layers));
    let look = match &app.look {
        Some(Ok(look)) => look,
        Some(Err(error)) => {
            Pen::new(buf, inner).peer(error, app.theme.dim);
            return;
        }
        None => return,
    };
    let above = findings(inner, buf, session, app, look, state);
    let list = Rect { y: inner.y + above, height: inner.height - above, ..inner };
    let listed = app.listed();
    let height = usize::from(list.height);
    let selected = app.selection.item.unwrap_or_default();
    // Where the selected item is inside a folded one, that one stands for it.
    let at = listed.partition_point(|item| *item <= selected).saturating_sub(1);
    let items = |rows: std::ops::Range<usize>| rows.filter_map(|row| look.items.get(*listed.get(row)?));
    // What is inside the selected item is to be seen too.
    let ahead = (at + height / 3).min(listed.len().saturating_sub(1));
    state.top = paint::scrolled(state.top, ahead, height, listed.len()).min(at);
    let value_at = value_column(items(state.top..state.top + height), usize::from(list.width));
    // The selected value is wrapped; its rows are to be in sight as well.
    let wrapped = listed.get(at).and_then(|at| look.items.get(*at)).map(|item| wrapped(item, value_at, list));
    let wrapped = wrapped.unwrap_or_default();
    let more = wrapped.len().saturating_sub(1).min(height.saturating_sub(1));
    state.top = state.top.max((at + 1 + more).saturating_sub(height));
    let mut y = 0;
    for (row, item) in listed.iter().enumerate().skip(state.top) {
        let Some(found) = look.items.get(*item) else { continue };
        if y >= height {
            break;
        }
        let lines: &[String] = if row == at { &wrapped } else { &[] };
        let place = paint::row(list, y);
        for line in 0..lines.len().max(1).min(height - y) {
            let place = paint::row(list, y + line);
            state.places.push((place, *item));
            if row == at {
                buf.set_style(place, app.theme.selected[usize::from(app.focus == Pane::Layers)]);
            }
        }
        one(place, buf, app, look, *item, found, value_at, lines.first());
        for (line, text) in lines.iter().enumerate().skip(1).take(height - y - 1) {
            let x = if is_layer(found) { text_column(found) } else { value_at };
            Pen::new(buf, paint::row(list, y + line)).skip(x).peer(text, app.theme.text);
        }
        y += lines.len().max(1);
    }
    paint::scroll_mark(
        list,
        buf,
        &app.theme,
        state.top..(state.top + height - more.min(height)).min(listed.len()),
        listed.len(),
    );
}

fn is_layer(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Layer(_))
}

/// Where the name of an item begins.
fn name_column(item: &Item) -> usize {
    // Two columns a level, and two for the sign of the fold. Very deep items stand side by side.
    item.depth.min(16) * 2 + 2
}

/// Where the text of a layer begins.
fn text_column(item: &Item) -> usize {
    name_column(item) + item.kind.label().width() + 2
}

/// The column of the values: behind the longest name that is in sight, but leaving half of the width to them.
fn value_column<'a>(items: impl Iterator<Item = &'a Item>, width: usize) -> usize {
    let fields = items.filter(|item| !is_layer(item) && !item.text.is_empty());
    let longest = fields.map(text_column).filter(|end| *end <= width / 2).max().unwrap_or_default();
    longest.min(width / 2)
}

/// The text of the selected item in lines, where one is not enough.
fn wrapped(item: &Item, value_at: usize, area: Rect) -> Vec<String> {
    let begin = if is_layer(item) { text_column(item) } else { value_at.max(text_column(item)) };
    let width = usize::from(area.width);
    let text = paint::cell(&item.text);
    if text.is_empty() || begin + text.width() <= width {
        return Vec::new();
    }
    let follows = if is_layer(item) { text_column(item) } else { value_at };
    let mut rooms =
        std::iter::once(width.saturating_sub(begin)).chain(std::iter::repeat(width.saturating_sub(follows)));
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut room = rooms.next().unwrap_or_default();
    for character in text.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(character).unwrap_or_default();
        if wide > room {
            // A word is carried over whole, unless it is most of a line.
            let word =
                line.rfind(' ').map(|at| at + 1).filter(|at| *at * 2 > line.len()).unwrap_or(line.len());
            let carried = line.split_off(word);
            lines.push(std::mem::replace(&mut line, carried));
            room = rooms.next().unwrap_or_default().max(2).saturating_sub(line.width());
            if lines.len() == MAX_ROWS {
                // The last line is too long on purpose, so that it is cut with a mark.
                if let Some(last) = lines.last_mut() {
                    last.push_str("……");
                }
                return lines;
            }
        }
        line.push(character);
        room = room.saturating_sub(wide);
    }
    lines.push(line);
    lines
}

/// One row: the sign of the fold, the name, the value.
#[expect(
    clippy::too_many_arguments,
    reason = "a row needs its place, its item and the columns that all rows share"
)]
fn one(
    place: Rect,
    buf: &mut Buffer,
    app: &App,
    look: &Look,
    at: usize,
    item: &Item,
    value_at: usize,
    first_line: Option<&String>,
) {
    let theme = &app.theme;
    let has_inside = item.end > at + 1;
    let is_folded = has_inside && !app.folded.is_empty() && app.folded.contains(&look.path(at));
    let sign = match (has_inside, is_folded) {
        (false, _) => "  ",
        (true, true) => "▸ ",
        (true, false) => "▾ ",
    };
    let mut pen = Pen::new(buf, place);
    pen.skip(name_column(item) - 2).put(sign, theme.dim);
    let text = first_line.unwrap_or(&item.text);
    match item.kind {
        ItemKind::Layer(protocol) => {
            pen.put(protocol.name, theme.protocol(protocol.key).add_modifier(Modifier::BOLD)).skip(2);
            pen.peer(text, theme.dim);
        }
        ItemKind::Field(field) => {
            pen.put(field.label, theme.title[0]);
            let used = usize::from(place.width) - pen.room();
            pen.skip(value_at.saturating_sub(used).max(2));
            value(&mut pen, text, app);
        }
    }
}

/// A value; the name behind a number stands out.
fn value(pen: &mut Pen<'_>, text: &str, app: &App) {
    let number = text.split_once(" (").filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    match number {
        Some((number, name)) => {
            let name = name.strip_suffix(')').unwrap_or(name);
            pen.peer(number, app.theme.text).put("  ", app.theme.text).peer(name, app.theme.strong);
        }
        None => {
            pen.peer(text, app.theme.text);
        }
    }
}

/// What is wrong with the unit, in a row each; returns how many rows that took.
fn findings(
    area: Rect,
    buf: &mut Buffer,
    session: &Session,
    app: &App,
    look: &Look,
    state: &mut LayersState,
) -> u16 {
    let mut all: Vec<&Finding> = session.findings(look.unit.id).iter().map(|(_, finding)| finding).collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.rule.severity));
    let room = MAX_FINDINGS.min(usize::from(area.height / 3));
    let shown = if all.len() > room { room.saturating_sub(1) } else { all.len() };
    for (row, finding) in all.iter().take(shown).enumerate() {
        let place = paint::row(area, row);
        let style = app.theme.severity(finding.rule.severity);
        let item = item_of(look, finding);
        let detail = if finding.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", look.secrets.mask(&finding.detail))
        };
        let label =
            item.and_then(|item| look.items.get(item)).map(|item| format!("  → {}", item.kind.label()));
        let severity = finding.rule.severity;
        let mut pen = Pen::new(buf, place);
        pen.put(&format!("{} {} ", sign(severity), severity.as_str()), style);
        pen.put(finding.rule.title, app.theme.text).peer(&detail, app.theme.text);
        pen.put(&label.unwrap_or_default(), app.theme.dim);
        state.places.extend(item.map(|item| (place, item)));
    }
    if shown < all.len() && room > 0 {
        let text = format!("… and {} more, see Explain", all.len() - shown);
        Pen::new(buf, paint::row(area, shown)).skip(2).put(&text, app.theme.dim);
    }
    paint::columns(shown + usize::from(shown < all.len() && room > 0))
}

/// The field that a finding is about.
fn item_of(look: &Look, finding: &Finding) -> Option<usize> {
    let exact = look.items.iter().rposition(|item| item.span == finding.span && !is_layer(item));
    exact.or_else(|| look.item_at(finding.span.source, (finding.span.bits.start / 8) as usize))
}
