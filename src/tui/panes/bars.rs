//! The bars at the top and at the bottom.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::decode::field::Severity;
use crate::decode::unit::UnitId;
use crate::session::Session;
use crate::tui::app::{App, Pane, Screen};
use crate::tui::keys::{Action, Place};
use crate::tui::paint::{self, Pen};
use crate::words;

/// From so many columns on, the bar at the top begins with the program's name.
const WIDE: u16 = 100;

/// Draws the bar at the top: the screens, and where the units come from. Returns the columns of the screens' names.
pub fn header(area: Rect, buf: &mut Buffer, session: &Session, app: &App) -> Vec<(Screen, Range<u16>)> {
    let bar = app.theme.bar;
    buf.set_style(area, bar);
    let mut tabs = Vec::new();
    let mut pen = Pen::new(buf, area);
    if area.width >= WIDE {
        pen.put(" wirewalk ", bar.patch(app.theme.strong));
    }
    for screen in app.screens() {
        let key = app.keymap.hint(screen.action());
        let begin = area.right() - crate::tui::paint::columns(pen.room());
        let style = if app.screen == screen { app.theme.selected[1].patch(app.theme.strong) } else { bar };
        pen.put(&format!(" {key} {} ", screen.name()), style);
        tabs.push((screen, begin..area.right() - crate::tui::paint::columns(pen.room())));
    }
    let mut right = format!(" {} ", app.origin.title);
    let findings = session.finding_count();
    if findings > 0 {
        right = format!(" {} ·{right}", words::count(findings as u64, "finding"));
    }
    if let Some(path) = app.origin.state.file.as_ref().filter(|_| app.origin.is_live) {
        right = format!(" ● {}{right}", path.display());
    }
    let right = crate::tui::paint::cell(&right);
    let room = pen.room().saturating_sub(words::cut(&right, pen.room()).chars().count());
    pen.skip(room).put(&right, bar);
    tabs
}

/// Draws the bar at the bottom: what was said last, or how it stands and which keys help.
pub fn status(area: Rect, buf: &mut Buffer, session: &Session, app: &App) {
    let bar = app.theme.bar;
    buf.set_style(area, bar);
    let mut pen = Pen::new(buf, area);
    if let Some(notice) = &app.notice {
        let style = bar.patch(app.theme.severity(notice.severity));
        pen.put(" ", bar).peer(&notice.text, style);
        return;
    }
    pen.put(&format!(" {} ", standing(app)), bar.patch(app.theme.strong));
    let at = app.selection.unit.and_then(|unit| app.rows.position(unit)).map_or(0, |row| row + 1);
    pen.put(&format!(" {at}/{} ", words::thousands(app.rows.len() as u64)), bar);
    pen.put(&format!("· {} ", words::count(session.byte_count(), "byte")), bar);
    if let Some(failure) = &app.origin.state.failure {
        let text = format!("✗ capture stopped: {} ", paint::cell(failure));
        pen.put(&text, bar.patch(app.theme.severity(Severity::Error)));
    }
    if let Some(on) = &app.filter {
        let text = format!(
            "· filter {}{} ",
            paint::cell(&masked(app, &on.filter.to_string())),
            progress(on.upto, session)
        );
        pen.put(&words::cut(&text, 40), bar.patch(app.theme.key));
    }
    if let Some(on) = &app.search {
        let hits = words::count(on.hits.len() as u64, "hit");
        let text =
            format!("· /{} {hits}{} ", paint::cell(&masked(app, &on.text)), progress(on.upto, session));
        pen.put(&words::cut(&text, 40), bar.patch(app.theme.key));
    }
    if app.origin.behind > 1 << 20 {
        let text = format!("· capture is {} MiB behind ", app.origin.behind >> 20);
        pen.put(&text, bar.patch(app.theme.severity(Severity::Warning)));
    }
    if app.presenter.keeps_secrets() && app.presenter.reveals {
        pen.put("· secrets shown ", bar.patch(app.theme.severity(Severity::Warning)));
    }
    if let Some(clock) = app.presenter.clock() {
        pen.put(&format!("· {clock} "), bar);
    }
    let mut hints = hints(app);
    let width = |hints: &[(String, &str)]| -> usize {
        hints.iter().map(|(key, text)| key.chars().count() + text.chars().count() + 3).sum()
    };
    // The last of them, how to go back and to all keys, are needed most.
    while width(&hints) > pen.room() && !hints.is_empty() {
        hints.remove(0);
    }
    let room = pen.room().saturating_sub(width(&hints));
    pen.skip(room);
    for (key, text) in hints {
        pen.put(&key, bar.patch(app.theme.key)).put(&format!(" {text}  "), bar);
    }
}

/// What was filtered to or searched for, without the secrets of the selected unit, from which it may have been taken.
fn masked(app: &App, text: &str) -> String {
    app.looked().map_or_else(|| text.to_owned(), |look| look.secrets.mask(text))
}

/// Whether more comes, and how.
fn standing(app: &App) -> String {
    let is_read = app.origin.state.playing.is_some_and(|playing| !playing.is_over);
    match app.pace() {
        _ if app.is_paused => "HELD".to_owned(),
        Some(pace) if pace.paused => "PLAY HELD".to_owned(),
        Some(pace) => format!("PLAY {}×", pace.speed),
        None if app.origin.is_live => "LIVE".to_owned(),
        None if is_read => "READING".to_owned(),
        None => "END".to_owned(),
    }
}

/// How far a scan has come, where that is worth saying.
fn progress(upto: UnitId, session: &Session) -> String {
    match (upto.0 as usize * 100).checked_div(session.len()) {
        Some(percent) if percent < 99 => format!(" ({percent} %)"),
        _ => String::new(),
    }
}

/// The keys that help most where one is, as many as there is room for.
fn hints(app: &App) -> Vec<(String, &'static str)> {
    if app.presenter.is_on {
        let secrets = if app.presenter.reveals { "hide secrets" } else { "show secrets" };
        let own = [(Action::NextPane, "next pane"), (Action::Laser, "pointer"), (Action::Reveal, secrets)];
        let shown = own.into_iter().skip(usize::from(app.size.0 < 100)).chain([(Action::Presenter, "end")]);
        return shown.map(|(action, text)| (app.keymap.hint(action), text)).collect();
    }
    if app.screen == Screen::Walk {
        let asked = app.walk.as_ref().is_some_and(|view| view.is_asked);
        let on = if asked { "answer" } else { "on" };
        let own = [
            (Action::NextPane, "other pane"),
            (Action::Help, "all keys"),
            (Action::ShowFlow, "look around"),
            (Action::Jump, "jump"),
            (Action::PreviousStep, "back"),
            (Action::NextStep, on),
        ];
        return own.map(|(action, text)| (app.keymap.hint(action), text)).to_vec();
    }
    let here: &[(Action, &str)] = match app.place() {
        Place::Flow => {
            &[(Action::Open, "look inside"), (Action::Filter, "filter"), (Action::Search, "search")]
        }
        Place::Layers => &[(Action::FilterToValue, "filter to this"), (Action::Left, "fold")],
        Place::Calls => &[
            (Action::Sequence, "sequence"),
            (Action::CauseOfCall, "its unit"),
            (Action::NextCalls, "next unit"),
        ],
        Place::Bytes => &[(Action::BytesForm, "form"), (Action::NextSource, "next bytes")],
        _ => &[(Action::Search, "search")],
    };
    let general = [(Action::NextPane, "next pane"), (Action::Help, "all keys"), (Action::Back, "back")];
    let all = here.iter().copied().chain(general);
    let back = |action: Action, text: &'static str| match (action, app.screen, app.focus) {
        (Action::Back, Screen::Flow, Pane::Flow) => "quit",
        _ => text,
    };
    all.map(|(action, text)| (app.keymap.hint(action), back(action, text))).collect()
}
