//! The line that is typed into: commands, filters, searches, notes, names of files.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};
use unicode_width::UnicodeWidthStr as _;

use super::app::{App, Ask, Completion, Effect, Export, Prompt, Question, Which};
use super::keys::{self, Action, BINDINGS};
use super::theme::Theme;
use super::{find, motion, update, walk};
use crate::decode::field::Severity;
use crate::decode::unit::UnitId;
use crate::session::Session;
use crate::session::filter::{self, Filter};
use crate::session::search::Query;
use crate::sharing::form::Form;
use crate::walkthrough::walk::Walk;

/// So many lines are remembered.
const MAX_HISTORY: usize = 200;

/// Begins to ask.
pub fn ask(app: &mut App, session: &Session, question: Question) {
    let mut prompt = Prompt {
        question,
        input: Input::default(),
        error: None,
        completions: Vec::new(),
        completed: None,
        recalled: None,
    };
    if let (Question::Filter, Some(on)) = (question, &app.filter) {
        prompt.input = Input::new(on.filter.to_string());
    }
    if matches!(question, Question::Record | Question::Save) {
        prompt.input = Input::new("session.wirewalk".to_owned());
    }
    if question == Question::Export {
        prompt.input = Input::new("session.html".to_owned());
    }
    if question == Question::Note {
        let note = app.selection.unit.and_then(|unit| session.note(unit));
        prompt.input = Input::new(note.map(|note| note.text.clone()).unwrap_or_default());
    }
    app.prompt = Some(prompt);
    complete(app);
}

/// Takes pasted text into the line.
pub fn paste(app: &mut App, text: &str) {
    if let Some(prompt) = &mut app.prompt {
        for character in text.chars().filter(|c| !c.is_control()) {
            prompt.input.handle(InputRequest::InsertChar(character));
        }
        changed(app);
    }
}

/// Takes a key while a line is typed.
pub fn key(app: &mut App, session: &Session, key: KeyEvent) -> Vec<Effect> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let request = match key.code {
        KeyCode::Esc => return close(app),
        KeyCode::Char('c' | 'g') if ctrl => return close(app),
        KeyCode::Enter => return answer(app, session),
        KeyCode::Tab => return take_completion(app, 1),
        KeyCode::BackTab => return take_completion(app, -1),
        KeyCode::Up => return recall(app, 1),
        KeyCode::Down => return recall(app, -1),
        KeyCode::Backspace if app.prompt.as_ref().is_some_and(|p| p.input.value().is_empty()) => {
            return close(app);
        }
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left if ctrl => InputRequest::GoToPrevWord,
        KeyCode::Right if ctrl => InputRequest::GoToNextWord,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        KeyCode::Char('a') if ctrl => InputRequest::GoToStart,
        KeyCode::Char('e') if ctrl => InputRequest::GoToEnd,
        KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
        KeyCode::Char('u') if ctrl => InputRequest::DeleteLine,
        KeyCode::Char('k') if ctrl => InputRequest::DeleteTillEnd,
        KeyCode::Char(character) if !ctrl => InputRequest::InsertChar(character),
        _ => return Vec::new(),
    };
    if let Some(prompt) = &mut app.prompt {
        prompt.input.handle(request);
    }
    changed(app);
    Vec::new()
}

fn close(app: &mut App) -> Vec<Effect> {
    app.prompt = None;
    Vec::new()
}

fn changed(app: &mut App) {
    if let Some(prompt) = &mut app.prompt {
        prompt.error = None;
        prompt.completed = None;
        prompt.recalled = None;
    }
    complete(app);
}

/// Finds what could stand in the line.
fn complete(app: &mut App) {
    let Some(prompt) = &mut app.prompt else { return };
    let text = prompt.input.value();
    prompt.completions = match prompt.question {
        Question::Command => commands(text),
        Question::Filter => filters(text, prompt.input.cursor()),
        Question::Jump => app.walk.as_ref().map(|view| steps(&view.walk, text)).unwrap_or_default(),
        _ => Vec::new(),
    };
}

/// What can stand at a character of a filter.
fn filters(text: &str, cursor: usize) -> Vec<Completion> {
    let cursor = text.char_indices().nth(cursor).map_or(text.len(), |(at, _)| at);
    let completion =
        |c: filter::Completion| Completion { replaces: c.replace, text: c.text, hint: c.hint.to_owned() };
    filter::complete(text, cursor).into_iter().map(completion).collect()
}

/// The steps that are like what was typed.
fn steps(walk: &Walk, text: &str) -> Vec<Completion> {
    let completion = |at: usize| {
        let title = walk.text.steps.get(at).map(|step| step.title.clone()).unwrap_or_default();
        Completion { replaces: 0..text.len(), text: (at + 1).to_string(), hint: title }
    };
    walk::alike(walk, text).into_iter().map(completion).collect()
}

/// The commands that begin so.
fn commands(text: &str) -> Vec<Completion> {
    let beginning = BINDINGS.iter().filter(|binding| binding.name.starts_with(text));
    let completion = |binding: &keys::Binding| Completion {
        replaces: 0..text.len(),
        text: binding.name.to_owned(),
        hint: binding.help.to_owned(),
    };
    beginning.map(completion).collect()
}

fn take_completion(app: &mut App, by: isize) -> Vec<Effect> {
    let Some(prompt) = &mut app.prompt else { return Vec::new() };
    let count = prompt.completions.len() as isize;
    if count == 0 {
        return Vec::new();
    }
    let next = match prompt.completed {
        Some(at) => (at as isize + by).rem_euclid(count),
        None if by > 0 => 0,
        None => count - 1,
    } as usize;
    let Some(completion) = prompt.completions.get(next) else { return Vec::new() };
    let mut text = prompt.input.value().to_owned();
    let end = match prompt.completed.and_then(|at| prompt.completions.get(at)) {
        Some(taken) => completion.replaces.start + taken.text.len(),
        None => completion.replaces.end,
    };
    if text.get(completion.replaces.start..end).is_some() {
        text.replace_range(completion.replaces.start..end, &completion.text);
        let cursor =
            text.get(..completion.replaces.start + completion.text.len()).map_or(0, |t| t.chars().count());
        prompt.input = Input::new(text).with_cursor(cursor);
        prompt.completed = Some(next);
    }
    Vec::new()
}

/// Shows an older line, or a newer one.
fn recall(app: &mut App, by: isize) -> Vec<Effect> {
    let Some(prompt) = &mut app.prompt else { return Vec::new() };
    let question = prompt.question;
    let lines: Vec<&String> =
        app.history.iter().filter(|(q, _)| *q == question).map(|(_, line)| line).collect();
    let at = prompt.recalled.map_or(-1, |at| at as isize) + by;
    let line = usize::try_from(at).ok().and_then(|at| lines.iter().rev().nth(at));
    match line {
        Some(line) => {
            prompt.input = Input::new((*line).clone());
            prompt.recalled = usize::try_from(at).ok();
        }
        None if at < 0 => {
            prompt.input.reset();
            prompt.recalled = None;
        }
        None => {}
    }
    prompt.completed = None;
    complete(app);
    Vec::new()
}

/// Does what the line says.
fn answer(app: &mut App, session: &Session) -> Vec<Effect> {
    let Some(prompt) = app.prompt.take() else { return Vec::new() };
    let text = prompt.input.value().trim().to_owned();
    let question = prompt.question;
    if !text.is_empty() && app.history.last() != Some(&(question, text.clone())) {
        app.history.push((question, text.clone()));
        let surplus = app.history.len().saturating_sub(MAX_HISTORY);
        app.history.drain(..surplus);
    }
    let done = match question {
        Question::Command => command(app, session, &text),
        Question::GoTo => go_to(app, session, &text),
        Question::Record if !text.is_empty() => Ok(vec![Effect::Ask(Ask::Record(PathBuf::from(text)))]),
        Question::Save if !text.is_empty() => Ok(vec![Effect::Ask(Ask::Save(PathBuf::from(text)))]),
        Question::Export if !text.is_empty() => export(app, &text),
        Question::Filter => filter(app, session, &text),
        Question::Search => search(app, &text),
        Question::Note => Ok(note(app, session, &text)),
        Question::Jump => jump(app, session, &text),
        _ => Ok(Vec::new()),
    };
    match done {
        Ok(effects) => effects,
        Err(why) => {
            // The line stays, so that it can be mended.
            app.prompt = Some(Prompt { error: Some(why), ..prompt });
            Vec::new()
        }
    }
}

/// Leaves the text with the selected unit; an empty one takes the note away.
fn note(app: &App, session: &Session, text: &str) -> Vec<Effect> {
    let Some(unit) = app.selection.unit else { return Vec::new() };
    let marked = session.note(unit).is_some_and(|note| note.marked);
    vec![Effect::Ask(Ask::Note { unit, marked, text: text.to_owned() })]
}

/// What is wrong with a line, and in which column.
type Wrong = (usize, String);

fn filter(app: &mut App, session: &Session, text: &str) -> Result<Vec<Effect>, Wrong> {
    if text.is_empty() {
        return Ok(find::filter(app, session, None));
    }
    let filter = Filter::parse(text).map_err(|error| {
        let column = text.get(..error.column).map_or(0, |before| before.width());
        let nearest = match error.nearest.is_empty() {
            true => String::new(),
            false => format!("; did you mean {}?", error.nearest.join(" or ")),
        };
        (column, format!("{}{nearest}", error.message))
    })?;
    Ok(find::filter(app, session, Some(filter)))
}

fn search(app: &mut App, text: &str) -> Result<Vec<Effect>, Wrong> {
    if text.is_empty() {
        return Ok(find::search(app, "", None));
    }
    let query = Query::parse(text).map_err(|error| (0, error.to_string()))?;
    Ok(find::search(app, text, Some(query)))
}

/// Goes to the step that is most like the text.
fn jump(app: &mut App, session: &Session, text: &str) -> Result<Vec<Effect>, Wrong> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let found = app.walk.as_ref().and_then(|view| walk::alike(&view.walk, text).first().copied());
    let step = found.ok_or_else(|| (0, "no step has a heading like this".to_owned()))?;
    Ok(walk::go(app, session, step))
}

/// Does a command: an action by its name, with what it asks for behind it, or a unit's number.
fn command(app: &mut App, session: &Session, text: &str) -> Result<Vec<Effect>, Wrong> {
    let (name, argument) = text.split_once(' ').unwrap_or((text, ""));
    let argument = argument.trim();
    if name.is_empty() {
        return Ok(Vec::new());
    }
    if name.parse::<u32>().is_ok() {
        return go_to(app, session, name);
    }
    let unknown = || (0, format!("there is no command {name:?}; Tab shows those there are"));
    let action = keys::named(name).ok_or_else(unknown)?.action;
    match (action, argument) {
        (_, "") => Ok(update::act(app, session, action)),
        (Action::Filter, _) => filter(app, session, argument),
        (Action::Search, _) => search(app, argument),
        (Action::GoTo, _) => go_to(app, session, argument),
        (Action::Jump, _) => jump(app, session, argument),
        (Action::Note, _) => Ok(note(app, session, argument)),
        (Action::Record, _) => Ok(vec![Effect::Ask(Ask::Record(PathBuf::from(argument)))]),
        (Action::Save, _) => Ok(vec![Effect::Ask(Ask::Save(PathBuf::from(argument)))]),
        (Action::Export, _) => export(app, argument),
        (Action::Theme, _) => theme(app, argument),
        _ => Err((name.len() + 1, format!("{name} takes nothing behind it"))),
    }
}

/// Exports into a file: what is shown, or what the word before its name says.
fn export(app: &App, text: &str) -> Result<Vec<Effect>, Wrong> {
    let (word, rest) = text.split_once(' ').unwrap_or(("", text));
    let shown = || app.filter.as_ref().map_or(Which::All, |on| Which::Such(on.filter.clone()));
    let (which, name) = match word {
        "all" => (Which::All, rest.trim()),
        "marked" => (Which::Marked, rest.trim()),
        "this" => {
            let unit = app.selection.unit.ok_or((0, "no unit is selected".to_owned()))?;
            (Which::One(unit), rest.trim())
        }
        _ => (shown(), text),
    };
    let path = PathBuf::from(name);
    let form = Form::of(&path).ok_or_else(|| {
        let why = "the name's ending says as what: .md, .html, .svg, .har, .pcapng or .json";
        (text.len() - name.len(), why.to_owned())
    })?;
    Ok(vec![Effect::Export(Export { path, form, which })])
}

fn theme(app: &mut App, name: &str) -> Result<Vec<Effect>, Wrong> {
    let names = Theme::ALL.map(|theme| theme.name).join(", ");
    let unknown = || ("theme ".len(), format!("there is no theme {name:?}; there are {names}"));
    app.theme = Theme::named(name).ok_or_else(unknown)?;
    Ok(Vec::new())
}

/// Goes to a unit by its number, or to the first one at or after a time.
fn go_to(app: &mut App, session: &Session, text: &str) -> Result<Vec<Effect>, Wrong> {
    let number = || text.trim_start_matches('#').parse::<u32>().ok();
    let seconds = || text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok().filter(|s| *s >= 0.0);
    let unit = match number() {
        Some(number) => UnitId(number),
        None => {
            let seconds = seconds()
                .ok_or_else(|| (0, "a unit's number, such as 12, or a time, such as 1.5s".to_owned()))?;
            let nanos = (seconds * 1e9) as u64;
            session
                .ids()
                .find(|id| session.unit(*id).is_some_and(|u| u.at.0 >= nanos))
                .unwrap_or(UnitId(u32::MAX))
        }
    };
    app.following = false;
    match app.rows.position(unit) {
        Some(row) => motion::select_row(app, session, row),
        None => app.say(Severity::Note, "there are no units yet"),
    }
    Ok(Vec::new())
}
