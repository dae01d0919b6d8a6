//! The flow: a ladder with one row for each unit, between the client's lane and the server's.

mod spacious;

use std::collections::HashMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::decode::field::Severity;
use crate::decode::sink::Detail;
use crate::decode::unit::{UnitId, UnitKind};
use crate::session::secrets::{Names, Secrets};
use crate::session::{Session, UnitRef, headline};
use crate::tui::app::{App, Pane, Screen, TimeForm};
use crate::tui::lanes::{DRAWN, Lane};
use crate::tui::paint::{self, Pen};
use crate::wire::{ConnId, Direction, Timestamp};
use crate::words;

/// So many units in words are kept, since the same ones are drawn again and again.
const MAX_KEPT: usize = 2000;

/// From so many columns on, times and arrows are wide.
const WIDE: u16 = 110;

/// What the flow keeps between two drawings.
#[derive(Clone, Debug, Default)]
pub struct FlowState {
    /// The first row in sight.
    pub top: usize,
    /// Units in words. Units do not change.
    words: HashMap<UnitId, Words>,
    /// Whether secrets are hidden in these words.
    hides: bool,
}

/// A unit in words.
#[derive(Clone, Debug)]
struct Words {
    /// How many layers carry what it says.
    depth: usize,
    /// The key and the name of its protocol.
    protocol: (&'static str, &'static str),
    /// What it says; escaped where it is drawn.
    text: String,
    /// How it belongs to earlier ones.
    ties: String,
}

/// The widths of the columns.
struct Columns {
    number: usize,
    time: usize,
    lanes: usize,
    arrow: usize,
    protocol: usize,
}

/// How many rows of the screen a unit takes.
pub fn rows_a_unit(app: &App) -> usize {
    if is_spacious(app) { spacious::ROWS } else { 1 }
}

/// Whether the flow has the screen for itself, with room around each unit.
fn is_spacious(app: &App) -> bool {
    app.presenter.is_on && app.screen == Screen::Flow
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App, state: &mut FlowState) {
    let inner = paint::frame(area, buf, &app.theme, &title(app, session), app.has_focus(Pane::Flow));
    if inner.height < 2 {
        return;
    }
    let list = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let rows_a_unit = rows_a_unit(app);
    let height = (usize::from(list.height) / rows_a_unit).max(1);
    let selected = app.selection.unit.and_then(|unit| app.rows.position(unit)).unwrap_or_default();
    let total = match app.horizon() {
        Some(last) => {
            (0..app.rows.len()).take_while(|row| app.rows.get(*row).is_some_and(|unit| unit <= last)).count()
        }
        None => app.rows.len(),
    };
    // Where only a few rows are in sight, what comes before and behind is to be seen too.
    let ahead = if app.screen == Screen::Walk { selected + height / 2 } else { selected };
    state.top = paint::scrolled(state.top, ahead.min(total.saturating_sub(1)), height, total);
    let seen = state.top..(state.top + height).min(total);
    let units: Vec<UnitRef> = seen.clone().filter_map(|row| session.unit(app.rows.get(row)?)).collect();
    let lanes = app.rows.lanes().beside(&units);
    let columns = Columns::for_(inner.width, &units, lanes.first().map_or(1, Vec::len));
    if !is_spacious(app) {
        heading(paint::row(inner, 0), buf, app, &columns);
    }
    let tied = Tied::of(session, app);
    if state.words.len() > MAX_KEPT || state.hides != app.presenter.hides() {
        state.words.clear();
        state.hides = app.presenter.hides();
    }
    if is_spacious(app) {
        let row = |at| Rect { height: spacious::TEXT, ..paint::row(list, at * rows_a_unit) };
        for (at, unit) in units.iter().enumerate() {
            let words = state.words.entry(unit.id).or_insert_with(|| Words::of(session, unit, app.hidden()));
            let above = at.checked_sub(1).and_then(|above| units.get(above));
            let time = time(app, unit, above);
            spacious::unit(row(at).intersection(list), buf, session, unit, app, words, &time);
        }
        paint::scroll_mark(list, buf, &app.theme, seen, app.rows.len());
        return below(area, buf, session, app);
    }
    for (at, unit) in units.iter().enumerate() {
        let place = paint::row(list, at);
        let is_selected = app.selection.unit == Some(unit.id);
        if is_selected {
            buf.set_style(place, app.theme.selected[usize::from(app.focus == Pane::Flow)]);
        }
        let above = at.checked_sub(1).and_then(|above| units.get(above));
        let mut pen = Pen::new(buf, place);
        let (mark, style) = tied.mark(unit.id, session, app);
        pen.put(mark, style);
        let is_hit = app.search.as_ref().is_some_and(|search| search.hits.binary_search(&unit.id.0).is_ok());
        let number = if is_hit { app.theme.hit } else { app.theme.dim };
        pen.column(&unit.id.0.to_string(), columns.number, true, number).skip(1);
        pen.column(&time(app, unit, above), columns.time, true, app.theme.dim).skip(1);
        let row_lanes = lanes.get(at).map(Vec::as_slice).unwrap_or_default();
        self::lanes(&mut pen, row_lanes, columns.lanes, app);
        pen.column(&format!(" {}", unit.conn), 4, false, lifeline(app, unit.conn)).skip(1);
        arrow(&mut pen, unit, columns.arrow, app);
        pen.skip(1);
        if app.rows.is_folded(unit) {
            folded(&mut pen, session, unit, app);
            continue;
        }
        let words = state.words.entry(unit.id).or_insert_with(|| Words::of(session, unit, app.hidden()));
        what(&mut pen, session, unit, words, columns.protocol, app);
    }
    paint::scroll_mark(list, buf, &app.theme, seen, app.rows.len());
    if app.rows.is_empty() {
        Pen::new(buf, paint::row(list, 0)).skip(2).put(&nothing(app), app.theme.dim);
    }
    below(area, buf, session, app);
}

fn title(app: &App, _session: &Session) -> String {
    let choice = app.rows.choice();
    match choice.conn {
        Some(conn) => format!("Flow of connection {conn}"),
        None => "Flow".to_owned(),
    }
}

fn nothing(app: &App) -> String {
    match app.origin.is_live {
        true => "nothing has come yet: open the address above in your browser or client".to_owned(),
        false => "there are no units".to_owned(),
    }
}

/// On the lower border: how many are new, held, or hidden.
fn below(area: Rect, buf: &mut Buffer, session: &Session, app: &App) {
    if app.screen == Screen::Walk {
        return;
    }
    let last = app.rows.len().checked_sub(1);
    let new = match (app.following, app.selection.unit.and_then(|u| app.rows.position(u)), last) {
        (false, Some(at), Some(last)) if last > at => {
            format!(" ▼ {} below, G follows ", words::count((last - at) as u64, "row"))
        }
        _ => String::new(),
    };
    let held = match app.is_paused {
        true => format!(
            " ‖ held, {} wait, {} goes on ",
            app.held(session),
            app.keymap.hint(crate::tui::keys::Action::Pause)
        ),
        false => String::new(),
    };
    let hidden = match app.rows.hidden {
        0 => String::new(),
        n => format!(" {n} openings and closings hidden, o shows "),
    };
    let row = Rect { y: area.bottom() - 1, x: area.x + 2, height: 1, width: area.width.saturating_sub(4) };
    let style = app.theme.title[usize::from(app.has_focus(Pane::Flow))];
    Pen::new(buf, row)
        .put(&held, app.theme.severity(Severity::Warning))
        .put(&new, style)
        .put(&hidden, app.theme.dim);
}

impl Columns {
    fn for_(width: u16, units: &[UnitRef], lanes: usize) -> Columns {
        let wide = width >= WIDE;
        let digits = units.last().map_or(1, |unit| unit.id.0.to_string().len());
        Columns {
            number: digits.max(if wide { 5 } else { 3 }),
            time: if wide { 11 } else { 8 },
            lanes: lanes.min(if wide { DRAWN } else { 3 }),
            arrow: if wide { 13 } else { 7 },
            protocol: 9,
        }
    }
}

fn heading(row: Rect, buf: &mut Buffer, app: &App, columns: &Columns) {
    let style = app.theme.dim;
    let time = match app.time {
        TimeForm::SinceStart => "seconds",
        TimeForm::SincePrevious => "since",
        TimeForm::Absolute => "time",
    };
    let mut pen = Pen::new(buf, row);
    pen.skip(1).column("unit", columns.number.max(4), true, style).skip(1 - usize::from(columns.number < 4));
    pen.column(time, columns.time, true, style).skip(1);
    pen.skip(columns.lanes).column("conn", 4, false, style).skip(1);
    let arrow = columns.arrow;
    let (client, server) = if arrow >= 13 { ("client", "server") } else { ("c", "s") };
    pen.column(client, arrow / 2 + 1, false, app.theme.peers[0]);
    pen.column(server, arrow - arrow / 2 - 1, true, app.theme.peers[1]).skip(1);
    pen.column("layer", columns.protocol, false, style).skip(1).put("what it says", style);
}

fn time(app: &App, unit: &UnitRef, above: Option<&UnitRef>) -> String {
    match app.time {
        TimeForm::SinceStart => format!("{:.3}", unit.at.0 as f64 / 1e9),
        TimeForm::SincePrevious => {
            let before = above.map_or(Timestamp(0), |above| above.at);
            format!("+{}", words::duration(unit.at.since(before)))
        }
        TimeForm::Absolute => clock(app.origin.began, unit.at),
    }
}

/// The time of day in UTC, to the millisecond.
fn clock(began: Option<i128>, at: Timestamp) -> String {
    let Some(began) = began else { return "unknown".to_owned() };
    let millis = (began + i128::from(at.0)) / 1_000_000;
    let (second, milli) = ((millis / 1000).rem_euclid(86_400), millis.rem_euclid(1000));
    format!("{:02}:{:02}:{:02}.{milli:03}", second / 3600, second / 60 % 60, second % 60)
}

fn lifeline(app: &App, conn: ConnId) -> Style {
    app.theme.lifelines[conn.0 as usize % app.theme.lifelines.len()]
}

fn lanes(pen: &mut Pen<'_>, lanes: &[Lane], shown: usize, app: &App) {
    for lane in 0..shown {
        match lanes.get(lane).copied().unwrap_or(Lane::Free) {
            Lane::Free => pen.skip(1),
            Lane::Passing(conn) => pen.put("│", lifeline(app, conn)),
            Lane::Begins(conn) => pen.put("┬", lifeline(app, conn)),
            Lane::Here(conn) => pen.put("●", lifeline(app, conn)),
            Lane::Ends(conn) => pen.put("┴", lifeline(app, conn)),
        };
    }
}

/// The arrow between the lanes, in the direction of travel: heavy for HTTP, light for frames, dashed for what carries no
/// bytes of a protocol.
fn arrow(pen: &mut Pen<'_>, unit: &UnitRef, width: usize, app: &App) {
    let stroke = match unit.kind {
        UnitKind::HttpRequest | UnitKind::HttpResponse => "━",
        UnitKind::Frame | UnitKind::Message | UnitKind::Opaque => "─",
        UnitKind::Opened | UnitKind::Closed | UnitKind::Tls | UnitKind::Lost => "╌",
    };
    let shaft = stroke.repeat(width.saturating_sub(3));
    let style = app.theme.sender(unit.dir);
    pen.put("│", app.theme.peers[0]);
    match unit.dir {
        Direction::ToServer => pen.put(&shaft, style).put("▶", style),
        Direction::ToClient => pen.put("◀", style).put(&shaft, style),
    };
    pen.put("│", app.theme.peers[1]);
}

/// What a unit says: its layer, and the words behind it.
fn what(pen: &mut Pen<'_>, session: &Session, unit: &UnitRef, words: &Words, width: usize, app: &App) {
    let style = app.theme.protocol(words.protocol.0);
    pen.column(words.protocol.1, width, false, style).skip(1);
    if pen.room() > 60 {
        pen.skip(words.depth.saturating_sub(1));
    }
    says(pen, session, unit, words, app);
}

/// The words of a unit, with what is wrong with it and how it belongs to earlier ones.
fn says(pen: &mut Pen<'_>, session: &Session, unit: &UnitRef, words: &Words, app: &App) {
    if let Some(note) = session.note(unit.id).filter(|note| !note.text.is_empty()) {
        pen.put("✎ ", app.theme.key).peer(&words::cut(&note.text, 40), app.theme.key).skip(2);
    }
    let finding = session.findings(unit.id).iter().max_by_key(|(_, f)| f.rule.severity).map(|(_, f)| f.rule);
    if let Some(rule) = finding {
        let style = app.theme.severity(rule.severity);
        pen.put(sign(rule.severity), style).put(" ", Style::new());
        // What is wrong is what one looks for.
        if rule.severity > Severity::Note {
            pen.put(rule.title, style).skip(2);
        }
    }
    let ties = match words.ties.chars().count() + 2 {
        room if room + 30 <= pen.room() => format!("  {}", words.ties),
        _ => String::new(),
    };
    let room = pen.room().saturating_sub(ties.chars().count());
    pen.put(&words::cut(&paint::cell(&words.text), room), app.theme.text);
    pen.put(&ties, app.theme.dim);
}

/// One row for a whole engine session.
fn folded(pen: &mut Pen<'_>, session: &Session, unit: &UnitRef, app: &App) {
    let number = app.rows.engine(unit).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let Some(engine) = number.checked_sub(1).and_then(|at| session.engine_sessions().get(at)) else { return };
    let transport = match engine.upgraded {
        Some(at) => format!("polling, WebSocket after {}", words::duration(at.since(engine.first_seen))),
        None => engine.transport.as_str().to_owned(),
    };
    let connections = words::count(engine.connections.len() as u64, "connection");
    pen.put("▸ ", app.theme.strong).put("engine session ", app.theme.protocol("engineio"));
    pen.peer(&words::cut(&engine.sid, 24), app.theme.strong);
    pen.put(
        &format!("  {transport} · {connections} · {}", words::count(engine.heartbeats.into(), "heartbeat")),
        app.theme.dim,
    );
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warning => "!",
        Severity::Note => "·",
    }
}

impl Words {
    /// The words; where there are names of secrets, without these.
    fn of(session: &Session, unit: &UnitRef, hidden: Option<&Names>) -> Words {
        let detail = if hidden.is_some() { Detail::Tree } else { Detail::Summary };
        match session.look(unit, detail) {
            Ok(tree) => {
                let mut headline = headline::of(&tree);
                if let Some(names) = hidden {
                    headline.text = Secrets::of(&tree, names).mask(&headline.text);
                }
                let name =
                    crate::decode::protocols().find(|p| p.key == headline.protocol).map_or("", |p| p.name);
                Words {
                    depth: headline
                        .protocols
                        .iter()
                        .position(|p| *p == headline.protocol)
                        .unwrap_or_default()
                        + 1,
                    protocol: (headline.protocol, name),
                    text: headline.text,
                    ties: headline::ties(session, unit).join(", "),
                }
            }
            Err(error) => {
                Words { depth: 1, protocol: ("", ""), text: error.to_string(), ties: String::new() }
            }
        }
    }
}

/// The units that the selected one is tied to.
struct Tied {
    selected: Option<UnitId>,
    earlier: Vec<UnitId>,
}

impl Tied {
    fn of(session: &Session, app: &App) -> Tied {
        let selected = app.selection.unit;
        let earlier = selected.map(|unit| session.links(unit).iter().map(|(_, link)| link.to).collect());
        Tied { selected, earlier: earlier.unwrap_or_default() }
    }

    /// What stands at the left of a row: the bracket of what is tied, or a bookmark.
    fn mark(&self, unit: UnitId, session: &Session, app: &App) -> (&'static str, Style) {
        let first = self.earlier.iter().min().copied();
        let answers = |to: UnitId| session.links(unit).iter().any(|(_, link)| link.to == to);
        let is_noted = session.note(unit).is_some();
        let sign = match (self.selected, first) {
            // Who sets a bookmark sees it at once.
            (Some(selected), _) if unit == selected && is_noted => "★",
            (Some(selected), _) if unit == selected => {
                if first.is_some() {
                    "╰"
                } else {
                    "▌"
                }
            }
            (_, Some(first)) if unit == first => "╭",
            (Some(selected), Some(first)) if unit > first && unit < selected => {
                if self.earlier.contains(&unit) { "├" } else { "│" }
            }
            (Some(selected), _) if unit > selected && answers(selected) => "◂",
            _ if is_noted => "★",
            _ => " ",
        };
        (sign, app.theme.strong)
    }
}
