//! Going to the units that have something to say: findings, bookmarks, and what belongs to the selected one. From any
//! pane and screen.

use super::app::{App, Ask, Effect, Screen};
use super::keys::Action;
use super::motion;
use crate::capture::player::Pace;
use crate::decode::field::Severity;
use crate::decode::unit::UnitId;
use crate::session::Session;

/// A transcript is played at most and at least so many times as fast as it was recorded.
const SPEEDS: (f64, f64) = (0.1, 1000.0);

/// Does what an action of visiting or playing says; `None` where it is no such action.
pub fn act(app: &mut App, session: &Session, action: Action) -> Option<Vec<Effect>> {
    let has_finding = |session: &Session, id: UnitId| session.unit(id).is_some_and(|u| u.severity.is_some());
    let has_note = |session: &Session, id: UnitId| session.note(id).is_some();
    match action {
        Action::NextFinding => find(app, session, true, has_finding),
        Action::PreviousFinding => find(app, session, false, has_finding),
        Action::NextMark => find(app, session, true, has_note),
        Action::Partner => partner(app, session),
        Action::Mark => return Some(mark(app, session)),
        Action::Faster => return Some(play(app, |pace| pace.speed = (pace.speed * 2.0).min(SPEEDS.1))),
        Action::Slower => return Some(play(app, |pace| pace.speed = (pace.speed / 2.0).max(SPEEDS.0))),
        Action::Step => return Some(vec![Effect::Ask(Ask::Step)]),
        _ => return None,
    }
    Some(Vec::new())
}

/// Goes to the next row, or the one before, whose unit is such; behind the last comes the first.
fn find(app: &mut App, session: &Session, onward: bool, is_such: impl Fn(&Session, UnitId) -> bool) {
    let total = app.rows.len();
    let at = app.selection.unit.and_then(|unit| app.rows.position(unit)).unwrap_or_default();
    let is_such = |row: &usize| app.rows.get(*row).is_some_and(|unit| is_such(session, unit));
    let found = match onward {
        true => (at + 1..total).chain(0..at).find(is_such),
        false => (0..at).rev().chain((at + 1..total).rev()).find(is_such),
    };
    match found.and_then(|row| app.rows.get(row)) {
        Some(unit) => go(app, session, unit),
        None => app.say(Severity::Note, "there is no other"),
    }
}

fn go(app: &mut App, session: &Session, unit: UnitId) {
    app.screen = Screen::Flow;
    app.following = false;
    motion::select(app, session, unit);
}

/// Goes to the unit that this one answers, or to that which answers it.
fn partner(app: &mut App, session: &Session) {
    let Some(unit) = app.selection.unit else { return };
    let earlier = session.links(unit).first().map(|(_, link)| link.to);
    match earlier.or_else(|| session.answers(unit).next().map(|(id, _)| id)) {
        Some(to) => go(app, session, to),
        None => app.say(Severity::Note, "no other unit belongs to this one"),
    }
}

/// Sets the bookmark of the selected unit, or takes it away.
fn mark(app: &App, session: &Session) -> Vec<Effect> {
    let Some(unit) = app.selection.unit else { return Vec::new() };
    let note = session.note(unit);
    let marked = !note.is_some_and(|note| note.marked);
    let text = note.map(|note| note.text.clone()).unwrap_or_default();
    vec![Effect::Ask(Ask::Note { unit, marked, text })]
}

/// Plays at another pace, where a transcript is played.
pub fn play(app: &mut App, change: impl FnOnce(&mut Pace)) -> Vec<Effect> {
    let Some(mut pace) = app.pace() else {
        app.say(Severity::Note, "nothing is played: open a transcript with --speed 1");
        return Vec::new();
    };
    change(&mut pace);
    let state = if pace.paused { ", standing still" } else { "" };
    app.say(Severity::Note, format!("{} times as fast as it was recorded{state}", pace.speed));
    vec![Effect::Ask(Ask::Pace(pace))]
}
