//! The calls of a unit as a sequence: a lane for the client, the wire, each library and the person's own code; time runs down.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use super::calls::{OWN, name, style, title};
use crate::session::Session;
use crate::tui::app::App;
use crate::tui::paint::{self, Pen, columns};
use crate::tui::sequence::{Lane, Message, lanes, messages};
use crate::words;

/// A lane is at least so wide. Where there is less room, the last libraries share one.
const MIN_LANE: usize = 9;

/// In lanes of no more columns names are shortened.
const NARROW: usize = 12;

/// A label has at least so many columns beside its arrow.
const MIN_LABEL: usize = 14;

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App) {
    let inner = paint::frame(area, buf, &app.theme, &paint::cell(&title(session, app)), true);
    let messages = messages(session, &app.calls, app.hidden());
    if messages.is_empty() || inner.height < 3 {
        Pen::new(buf, inner).put("no calls; t shows the tree, ] the next unit that has any", app.theme.dim);
        return;
    }
    let lanes = lanes(session, &messages);
    let places = Places::new(&lanes, inner);
    head(inner, buf, session, app, &lanes, &places);
    let body = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let height = usize::from(body.height);
    let chosen = chosen(app, &messages);
    // A message that goes to another strand takes a line more.
    let lines: Vec<(usize, bool)> = (0..messages.len())
        .flat_map(|at| {
            let strand = messages.get(at).is_some_and(|message| message.strand.is_some());
            strand.then_some((at, true)).into_iter().chain([(at, false)])
        })
        .collect();
    let line = lines.iter().rposition(|(at, _)| *at == chosen).unwrap_or_default();
    let top = line.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    for (y, (at, is_strand)) in lines.iter().skip(top).take(height).enumerate() {
        let Some(message) = messages.get(*at) else { continue };
        let place = paint::row(body, y);
        lifelines(place, buf, session, app, &lanes, &places);
        match is_strand {
            true => strand(place, buf, app, &places.at(message.to), message),
            false => arrow(place, buf, session, app, &places, message),
        }
        if *at == chosen && !is_strand {
            buf.set_style(place, app.theme.selected[1]);
        }
    }
    paint::scroll_mark(body, buf, &app.theme, top..(top + height).min(lines.len()), lines.len());
}

/// The message of the chosen call, or the last one before it.
pub fn chosen(app: &App, messages: &[Message]) -> usize {
    let row_of = |message: &Message| {
        let call = message.call?;
        app.calls.rows.iter().position(|row| row.call == call)
    };
    messages
        .iter()
        .rposition(|message| row_of(message).is_some_and(|row| row <= app.calls.at))
        .unwrap_or_default()
}

/// Where each lane is.
struct Places {
    lanes: Vec<(Lane, u16)>,
}

impl Places {
    fn new(lanes: &[Lane], area: Rect) -> Places {
        let width = usize::from(area.width);
        let shown = lanes.len().min(width / MIN_LANE).max(2);
        let step = width / shown;
        let column = |at: usize| area.x + columns(at.min(shown - 1) * step + step / 2);
        Places { lanes: lanes.iter().enumerate().map(|(at, lane)| (*lane, column(at))).collect() }
    }

    fn at(&self, lane: Lane) -> u16 {
        self.lanes.iter().find(|(known, _)| *known == lane).map_or(0, |(_, at)| *at)
    }
}

fn head(area: Rect, buf: &mut Buffer, session: &Session, app: &App, lanes: &[Lane], places: &Places) {
    let step = usize::from(area.width) / lanes.len().clamp(2, (usize::from(area.width) / MIN_LANE).max(2));
    for lane in lanes {
        let mut name = called(session, *lane);
        if step <= NARROW {
            // What most packages of a language begin with tells nothing.
            name = if name == OWN { "you" } else { name.strip_prefix("python-").unwrap_or(name) };
        }
        let text = words::cut(&paint::cell(name), step.saturating_sub(1).max(4));
        let at = places.at(*lane).saturating_sub(columns(text.width() / 2)).max(area.x);
        let room = area.right().saturating_sub(at);
        buf.set_stringn(at, area.y, &text, usize::from(room), color(session, app, *lane));
    }
}

/// The name above a lane.
fn called(session: &Session, lane: Lane) -> &str {
    match lane {
        Lane::Client => "client",
        Lane::Wire => "wire",
        Lane::Package(at) => session.calls().packages().get(at).map_or("", |package| name(&package.name)),
        Lane::Unknown => "start",
    }
}

fn color(session: &Session, app: &App, lane: Lane) -> Style {
    match lane {
        Lane::Client => app.theme.peers[0],
        Lane::Wire => app.theme.strong,
        Lane::Package(at) => style(&app.theme, session.calls(), Some(at)),
        Lane::Unknown => app.theme.dim,
    }
}

fn lifelines(place: Rect, buf: &mut Buffer, session: &Session, app: &App, lanes: &[Lane], places: &Places) {
    for lane in lanes {
        buf.set_string(places.at(*lane), place.y, "│", color(session, app, *lane));
    }
}

fn strand(place: Rect, buf: &mut Buffer, app: &App, at: &u16, message: &Message) {
    let text = format!("≈ {}", paint::cell(message.strand.as_deref().unwrap_or_default()));
    beside(place, buf, (*at, *at), &text, over(app, app.theme.key));
}

fn arrow(place: Rect, buf: &mut Buffer, session: &Session, app: &App, places: &Places, message: &Message) {
    let (from, to) = (places.at(message.from), places.at(message.to));
    let style = color(session, app, message.to);
    let (left, right) = (from.min(to), from.max(to));
    if left == right {
        buf.set_string(left, place.y, "↻", style);
    }
    for x in left..=right {
        let sign = match x {
            x if x == to && to > from => "▶",
            x if x == to && to < from => "◀",
            x if x == from => "├",
            _ => "─",
        };
        if left != right {
            buf.set_string(x, place.y, if x == from && to < from { "┤" } else { sign }, style);
        }
    }
    let folded = if message.folded > 0 { format!(" +{}", message.folded) } else { String::new() };
    let label = format!("{}{folded}", paint::cell(&message.label));
    beside(place, buf, (left, right), &label, over(app, style));
}

/// A style for text that may lie over lifelines, of which nothing is to be left.
fn over(app: &App, style: Style) -> Style {
    let plain = Style::new().fg(app.theme.base.fg.unwrap_or(Color::Reset));
    match style.add_modifier.contains(Modifier::BOLD) {
        true => plain.patch(style),
        false => plain.patch(style).remove_modifier(Modifier::BOLD),
    }
}

/// Puts a label to the right of what is between two columns, or where there is no room, to the left of it.
fn beside(place: Rect, buf: &mut Buffer, (left, right): (u16, u16), text: &str, style: Style) {
    let after = usize::from(place.right().saturating_sub(right + 2));
    let before = usize::from(left.saturating_sub(place.x + 1));
    if after >= text.width().min(MIN_LABEL.max(before)) {
        Pen::new(buf, Rect { x: right + 2, width: columns(after), ..place }).put(text, style);
    } else {
        let text = words::cut(text, before);
        let x = left.saturating_sub(columns(text.width()) + 1).max(place.x);
        Pen::new(buf, Rect { x, width: columns(before), ..place }).put(&text, style);
    }
}
