//! What a message does to the state. No terminal in it, and nothing waits.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::app::{App, Ask, Conversation, Dialog, Effect, Msg, Pane, Question, Screen, TimeForm};
use super::keys::{Action, Chord};
use super::layout::has_place_for_layers;
use super::panes::conversation::Place;
use super::panes::{bytes, help};
use super::rows::{Choice, Rows};
use super::{calls, find, motion, mouse, presenter, prompt, visit, walk};
use crate::decode::field::Severity;
use crate::decode::unit::UnitId;
use crate::export::copy::{self, Form};
use crate::session::Session;
use crate::words;

/// So many percent a pane grows or shrinks by.
const STEP: u16 = 5;

/// Takes a message in, and says what is to be done.
pub fn update(app: &mut App, session: &Session, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) if key.kind != KeyEventKind::Release => self::key(app, session, key),
        Msg::Key(_) => Vec::new(),
        Msg::Paste(text) => {
            prompt::paste(app, &text);
            Vec::new()
        }
        Msg::Mouse(event) => mouse::mouse(app, session, event),
        Msg::Resize(columns, rows) => {
            app.size = (columns, rows);
            Vec::new()
        }
        Msg::Grew => grew(app, session),
        Msg::Ended => {
            app.origin.is_live = false;
            walk::ended(app);
            grew(app, session)
        }
        Msg::Filter(filter) => find::filter(app, session, Some(filter)),
        Msg::Found(found) => {
            find::found(app, session, found);
            Vec::new()
        }
        Msg::Source(file, source) => {
            app.calls.read(file, source);
            Vec::new()
        }
        Msg::State(state, behind) => {
            (app.origin.state, app.origin.behind) = (state, behind);
            Vec::new()
        }
        Msg::Said(severity, text) => {
            app.say(severity, text);
            Vec::new()
        }
        Msg::Tick { since, time } => {
            app.presenter.tick(since, time);
            walk::tick(app, session, since)
        }
        Msg::Lead(lead) => walk::led(app, session, lead),
    }
}

/// Shows what came, unless the display is held.
fn grew(app: &mut App, session: &Session) -> Vec<Effect> {
    tell_exit(app, session);
    if app.is_paused {
        return Vec::new();
    }
    app.shown = UnitId(u32::try_from(session.len()).unwrap_or(u32::MAX));
    app.rows.grow(session, app.shown);
    if let Some(conversation) = &mut app.conversation {
        conversation.rows.grow(session, app.shown);
    }
    if app.following {
        motion::select_row(app, session, app.rows.len().saturating_sub(1));
    } else if app.selection.unit.is_none() {
        motion::select_row(app, session, 0);
    }
    let mut effects = walk::grew(app, session);
    effects.extend(calls::grew(app, session));
    effects
}

/// Says once that the server has ended which wirewalk runs.
fn tell_exit(app: &mut App, session: &Session) {
    let Some((_, how)) = session.output().exited().filter(|_| app.origin.is_live && !app.has_told_exit)
    else {
        return;
    };
    app.has_told_exit = true;
    let key = app.keymap.hint(Action::ShowOutput);
    app.say(Severity::Warning, format!("the server has ended: {how}; {key} shows what it wrote"));
}

fn key(app: &mut App, session: &Session, key: KeyEvent) -> Vec<Effect> {
    app.notice = None;
    let chord = Chord::from(key);
    if app.prompt.is_some() {
        return prompt::key(app, session, key);
    }
    let action = app.keymap.action(app.place(), chord);
    if action.is_some_and(|action| presenter::point(app, action)) {
        return Vec::new();
    }
    if app.dialog.is_some() {
        return dialog(app, session, chord);
    }
    if let Some(effects) = walk::choose(app, session, chord) {
        return effects;
    }
    match action {
        Some(action) => act(app, session, action),
        None => {
            let help = app.keymap.hint(Action::Help);
            app.say(Severity::Note, format!("{chord} does nothing here; {help} shows all keys"));
            Vec::new()
        }
    }
}

/// Does what an action says.
pub fn act(app: &mut App, session: &Session, action: Action) -> Vec<Effect> {
    if app.screen == Screen::Walk
        && let Some(effects) = walk::act(app, session, action)
    {
        return effects;
    }
    match action {
        Action::Quit => return quit(app),
        Action::Back => return back(app, session),
        Action::Help => app.dialog = Some(Dialog::Help { top: 0 }),
        Action::Copy => app.dialog = Some(Dialog::Copy),
        Action::CommandLine => prompt::ask(app, session, Question::Command),
        Action::Search => prompt::ask(app, session, Question::Search),
        Action::Filter => prompt::ask(app, session, Question::Filter),
        Action::GoTo => prompt::ask(app, session, Question::GoTo),
        Action::Note => prompt::ask(app, session, Question::Note),
        Action::Save => prompt::ask(app, session, Question::Save),
        Action::Export => prompt::ask(app, session, Question::Export),
        Action::Record if app.origin.is_live && app.origin.state.file.is_some() => {
            return vec![Effect::Ask(Ask::StopRecording)];
        }
        Action::Record => prompt::ask(app, session, Question::Record),
        Action::NextPane => focus_next(app, 1),
        Action::PreviousPane => focus_next(app, Pane::ALL.len() - 1),
        Action::ShowFlow => app.screen = Screen::Flow,
        Action::ShowConnections => app.screen = Screen::Connections,
        Action::ShowStatistics => {
            app.screen = Screen::Statistics;
            if app.statistics_number == 0 {
                return find::statistics(app);
            }
        }
        Action::FilterToValue => return find::filter_to_value(app, session),
        Action::ClearFilter => return clear_filter(app, session),
        Action::NextHit => find::next_hit(app, session, true),
        Action::PreviousHit => find::next_hit(app, session, false),
        Action::ShowConversation => converse(app, session),
        Action::ShowCalls => return calls::show(app, session),
        Action::ShowOutput => app.screen = Screen::Output,
        Action::ShowWalk => return walk::come_back(app, session),
        Action::TimeForm => {
            app.time = match app.time {
                TimeForm::SinceStart => TimeForm::SincePrevious,
                TimeForm::SincePrevious => TimeForm::Absolute,
                TimeForm::Absolute => TimeForm::SinceStart,
            }
        }
        Action::BytesForm => app.bytes_form = bytes::next_form(app),
        Action::Pause if app.pace().is_some() => return visit::play(app, |pace| pace.paused = !pace.paused),
        Action::Pause => {
            app.is_paused = !app.is_paused;
            return grew(app, session);
        }
        Action::Presenter => presenter::toggle(app, session),
        Action::Reveal => presenter::reveal(app, session),
        Action::Laser => presenter::toggle_pointer(app),
        Action::Theme => {
            app.theme = app.theme.next();
            app.say(Severity::Note, format!("theme: {}", app.theme.name));
        }
        Action::Grow => resize(app, i32::from(STEP)),
        Action::Shrink => resize(app, -i32::from(STEP)),
        _ => {
            let visited = visit::act(app, session, action);
            return visited.unwrap_or_else(|| motion::act(app, session, action));
        }
    }
    Vec::new()
}

/// Shows everything again: no filter, no one connection, no search.
fn clear_filter(app: &mut App, session: &Session) -> Vec<Effect> {
    let choice = Choice { conn: None, engine: None, cleared: UnitId(0), ..app.rows.choice().clone() };
    app.rows.choose(session, choice);
    let mut effects = find::search(app, "", None);
    effects.extend(find::filter(app, session, None));
    effects
}

/// Follows the connection of the selected unit, from that unit on.
fn converse(app: &mut App, session: &Session) {
    app.screen = Screen::Conversation;
    let Some(unit) = app.selection.unit.and_then(|unit| session.unit(unit)) else { return };
    if app.conversation.as_ref().is_some_and(|conversation| conversation.conn == unit.conn) {
        return;
    }
    let mut rows = Rows::default();
    rows.choose(session, Choice { openings: true, conn: Some(unit.conn), ..Choice::default() });
    rows.grow(session, app.shown);
    let place = Place { unit: rows.position(unit.id).unwrap_or_default(), line: 0 };
    app.conversation = Some(Conversation { conn: unit.conn, rows, place });
}

/// Gives the keys to a pane.
pub fn focus(app: &mut App, pane: Pane) {
    app.focus = pane;
    // Where the layers have a place of their own, what is beside them stays.
    if pane != Pane::Flow && !(pane == Pane::Layers && has_place_for_layers(app.size.0)) {
        app.front = pane;
    }
}

fn focus_next(app: &mut App, by: usize) {
    if app.screen == Screen::Flow {
        let at = Pane::ALL.iter().position(|pane| *pane == app.focus).unwrap_or_default();
        focus(app, Pane::ALL[(at + by) % Pane::ALL.len()]);
    }
}

/// Makes the focused pane larger or smaller.
fn resize(app: &mut App, by: i32) {
    let change = |share: u16, by: i32| u16::try_from((i32::from(share) + by).clamp(20, 80)).unwrap_or(50);
    let shares = &mut app.proportions;
    match app.focus {
        Pane::Flow => shares.flow = change(shares.flow, by),
        Pane::Layers => shares.layers = change(shares.layers, by),
        Pane::Bytes | Pane::Explain => shares.flow = change(shares.flow, -by),
    }
}

/// One step out: of presenter mode, of another screen, of a pane; in the flow: out of wirewalk.
fn back(app: &mut App, session: &Session) -> Vec<Effect> {
    if app.presenter.is_on {
        presenter::toggle(app, session);
    } else if app.screen != Screen::Flow {
        app.screen = Screen::Flow;
    } else if app.focus != Pane::Flow {
        focus(app, Pane::Flow);
    } else {
        return quit(app);
    }
    Vec::new()
}

/// Ends, but asks first where something would be lost.
fn quit(app: &mut App) -> Vec<Effect> {
    match app.would_be_lost() {
        Some(lost) => {
            app.dialog = Some(Dialog::Quit { lost });
            Vec::new()
        }
        None => vec![Effect::Quit],
    }
}

/// The forms in which a unit can be copied, with their keys.
pub static COPY_FORMS: &[(&str, Form, &str)] = &[
    ("t", Form::Text, "as text"),
    ("j", Form::Json, "as JSON"),
    ("h", Form::Hex, "as hexadecimal"),
    ("c", Form::Curl, "as a curl command line"),
    ("w", Form::Websocat, "as a websocat command line"),
];

/// Copies the selected unit in the form that a key stands for.
fn copy(app: &mut App, session: &Session, chord: Chord) -> Vec<Effect> {
    let key = chord.to_string();
    let form = COPY_FORMS.iter().find(|(form_key, ..)| *form_key == key);
    let unit = app.selection.unit.and_then(|unit| session.unit(unit));
    let (Some((_, form, name)), Some(unit)) = (form, unit) else { return Vec::new() };
    match copy::copy(session, &unit, *form) {
        Ok(text) => {
            app.say(Severity::Note, format!("copied {name}: {}", words::count(text.len() as u64, "byte")));
            vec![Effect::Copy(text)]
        }
        Err(error) => {
            app.say(Severity::Warning, error.to_string());
            Vec::new()
        }
    }
}

/// Takes a key while something lies over the screen.
fn dialog(app: &mut App, session: &Session, chord: Chord) -> Vec<Effect> {
    let place = app.place();
    let action = app.keymap.action(place, chord);
    let last = help::length(app).saturating_sub(1);
    let Some(dialog) = &mut app.dialog else { return Vec::new() };
    match dialog {
        Dialog::Help { top } => match action {
            Some(Action::Down) => *top = (*top + 1).min(last),
            Some(Action::Up) => *top = top.saturating_sub(1),
            Some(Action::PageDown | Action::HalfDown) => *top = (*top + 10).min(last),
            Some(Action::PageUp | Action::HalfUp) => *top = top.saturating_sub(10),
            _ => app.dialog = None,
        },
        Dialog::Quit { .. } => {
            app.dialog = None;
            match chord.to_string().as_str() {
                "y" | "enter" => return vec![Effect::Quit],
                "s" => prompt::ask(app, session, Question::Save),
                _ => {}
            }
        }
        Dialog::Copy => {
            app.dialog = None;
            return copy(app, session, chord);
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
