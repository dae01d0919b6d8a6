//! The walk on the screen: what a step brings into view, and what the keys do on it.

use std::time::Duration;

use crossterm::event::KeyCode;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

use super::app::{App, BytesForm, Effect, Question, Screen};
use super::keys::{Action, Chord};
use super::{calls, motion, prompt};
use crate::decode::field::Severity;
use crate::decode::unit::UnitId;
use crate::session::Session;
use crate::session::calls::CallId;
use crate::walkthrough::route::{self, Growth, Reached, Stop};
use crate::walkthrough::telling::Lead;
use crate::walkthrough::walk::{Held, Said, Walk};
use crate::walkthrough::{Of, Pane};

/// A walk, as it is looked at.
#[derive(Clone, Debug)]
pub struct WalkView {
    /// The walk.
    pub walk: Walk,
    /// The first line of the text that is in sight.
    pub top: usize,
    /// What is shown large, where that is not what the step wants.
    pub pane: Option<Pane>,
    /// The calls that the step names.
    pub lit: Vec<CallId>,
    /// Whether a question stands here that is not answered.
    pub is_asked: bool,
    /// When the clock was looked at last.
    ticked: Option<Duration>,
    /// How many calls the session had when the step's were looked for.
    known_calls: usize,
}

impl WalkView {
    /// A walk that is not looked at yet.
    pub fn new(walk: Walk) -> WalkView {
        WalkView { walk, top: 0, pane: None, lit: Vec::new(), is_asked: false, ticked: None, known_calls: 0 }
    }

    /// What is shown large.
    pub fn pane(&self) -> Pane {
        self.pane.or_else(|| self.walk.step().map(|step| step.pane())).unwrap_or(Pane::Bytes)
    }

    /// Whether the question that stands here hides the step's own unit.
    pub fn hides_unit(&self) -> bool {
        let ask = self.walk.step().and_then(|step| step.ask.as_ref());
        self.is_asked && ask.is_some_and(|ask| matches!(ask.answer.of, Of::Unit))
    }

    /// The last unit that may be seen, where a question hides those behind it.
    pub fn horizon(&self) -> Option<UnitId> {
        let unit = self.walk.stop()?.unit.filter(|_| self.is_asked)?;
        Some(if self.hides_unit() { UnitId(unit.0.saturating_sub(1)) } else { unit })
    }
}

/// Looks for the steps in what the session has now.
fn find(app: &mut App, session: &Session) -> bool {
    let Some(view) = &mut app.walk else { return false };
    match view.walk.grew(session) {
        Ok(has_changed) => has_changed,
        Err(error) => {
            app.say(Severity::Error, error.to_string());
            false
        }
    }
}

/// The session grew: what a step waits for may be there.
pub fn grew(app: &mut App, session: &Session) -> Vec<Effect> {
    let has_changed = find(app, session);
    let Some(view) = &app.walk else { return Vec::new() };
    let has_calls = view.known_calls != session.calls().len()
        && view.walk.step().is_some_and(|step| step.pane().has_calls());
    if app.screen != Screen::Walk || !(has_changed || has_calls) {
        return Vec::new();
    }
    arrive(app, session)
}

/// Nothing more will come.
pub fn ended(app: &mut App) {
    if let Some(view) = &mut app.walk {
        view.walk.growth = Growth::Over;
    }
}

/// Brings into view what the step is about.
pub fn arrive(app: &mut App, session: &Session) -> Vec<Effect> {
    let Some(view) = &mut app.walk else { return Vec::new() };
    view.is_asked = view.walk.is_asked(session);
    view.known_calls = session.calls().len();
    let stop = view.walk.stop();
    let (Some(step), Some(stop)) = (view.walk.step().cloned(), stop) else { return Vec::new() };
    app.bytes_form = BytesForm::Best;
    if let Some(unit) = stop.unit {
        motion::select(app, session, unit);
    }
    if let Some(focus) = step.focus.as_ref().filter(|_| stop.unit.is_some()) {
        let of_key = |look: &super::look::Look| {
            let items = look.items.iter().enumerate().filter(|(_, item)| item.kind.key() == focus.value.key);
            items.map(|(at, _)| at).nth(focus.value.nth)
        };
        if let Some(item) = app.looked().and_then(of_key) {
            motion::select_item(app, item);
        }
    }
    show_calls(app, session, stop)
}

/// Brings the calls of a stop into view.
fn show_calls(app: &mut App, session: &Session, stop: Stop) -> Vec<Effect> {
    let Some(view) = &mut app.walk else { return Vec::new() };
    let Some(step) = view.walk.step() else { return Vec::new() };
    let named = route::tree(session, stop).map(|tree| route::named(session, step, &tree));
    view.lit = named.unwrap_or_default().into_iter().flatten().collect();
    let pane = view.pane();
    let call = match view.lit.last().filter(|_| pane == Pane::Source) {
        Some(last) => Some(*last),
        None => view.lit.first().copied().or(stop.call),
    };
    app.calls.is_sequence = pane == Pane::Sequence;
    let lit = view.lit.clone();
    calls::at(app, session, stop.unit, call, &lit)
}

/// Takes a key before the table does: letters choose an answer while a question stands.
pub fn choose(app: &mut App, session: &Session, chord: Chord) -> Option<Vec<Effect>> {
    let view = app.walk.as_mut().filter(|view| view.is_asked && app.screen == Screen::Walk)?;
    let ask = view.walk.step()?.ask.as_ref()?;
    let letter = match chord.code() {
        KeyCode::Char(letter @ 'a'..='h') => letter,
        _ => return None,
    };
    let choice = letter as usize - 'a' as usize;
    ask.choices.get(choice)?;
    Some(answer(app, session, Said::Choice(choice)))
}

/// Does what an action says on the screen of the walk; `None` where it means nothing there.
pub fn act(app: &mut App, session: &Session, action: Action) -> Option<Vec<Effect>> {
    let view = app.walk.as_mut()?;
    let page = 5;
    if let Some(top) = motion::moved(view.top, usize::MAX / 2, page, action)
        .filter(|_| !matches!(action, Action::Top | Action::Bottom))
    {
        view.top = top;
        return Some(Vec::new());
    }
    let gone = match action {
        Action::NextStep => return Some(next(app, session)),
        Action::PreviousStep => view.walk.back(),
        Action::Top | Action::Bottom | Action::Restart => {
            match action {
                Action::Top => view.walk.go(0),
                Action::Bottom => view.walk.go(usize::MAX),
                _ => view.walk.restart(),
            }
            Ok(())
        }
        Action::ShowAnswer => return Some(show_answer(app, session)),
        Action::Jump => {
            prompt::ask(app, session, Question::Jump);
            return Some(Vec::new());
        }
        Action::Auto => {
            view.walk.is_auto = !view.walk.is_auto;
            view.walk.is_paused = false;
            let text =
                if view.walk.is_auto { "goes on by itself; p holds it" } else { "goes on when you do" };
            app.say(Severity::Note, text);
            return Some(Vec::new());
        }
        Action::Pause => {
            view.walk.is_paused = !view.walk.is_paused;
            return Some(Vec::new());
        }
        Action::NextPane | Action::PreviousPane => {
            view.pane = Some(other_pane(view.pane(), action == Action::NextPane));
            let stop = view.walk.stop();
            return Some(stop.map(|stop| show_calls(app, session, stop)).unwrap_or_default());
        }
        _ => return None,
    };
    Some(went(app, session, gone))
}

/// Goes on; an open question is first.
fn next(app: &mut App, session: &Session) -> Vec<Effect> {
    let Some(view) = &mut app.walk else { return Vec::new() };
    if view.is_asked {
        // Whoever has only one button to press shows the answer with it.
        return show_answer(app, session);
    }
    let gone = view.walk.next(session);
    went(app, session, gone)
}

/// Answers the question, and brings it up so that there is room for what comes behind it.
fn answer(app: &mut App, session: &Session, said: Said) -> Vec<Effect> {
    let top = app.panes.question;
    if let Some(view) = &mut app.walk {
        view.walk.answer(said);
        view.top = top;
    }
    arrive(app, session)
}

fn show_answer(app: &mut App, session: &Session) -> Vec<Effect> {
    if !app.walk.as_ref().is_some_and(|view| view.is_asked) {
        return Vec::new();
    }
    answer(app, session, Said::Revealed)
}

/// Says why the walk did not go on, or brings into view where it went.
fn went(app: &mut App, session: &Session, gone: Result<(), Held>) -> Vec<Effect> {
    match gone {
        Ok(()) => {
            if let Some(view) = &mut app.walk {
                (view.top, view.pane) = (0, None);
            }
            return arrive(app, session);
        }
        Err(Held::Question) => app.say(Severity::Note, "a question is open"),
        Err(Held::Awaited) => app.say(Severity::Note, "this has not happened yet"),
        Err(Held::Last) => app.say(Severity::Note, "this is the last step"),
        Err(Held::First) => app.say(Severity::Note, "this is the first step"),
    }
    Vec::new()
}

/// Goes to a step.
pub fn go(app: &mut App, session: &Session, step: usize) -> Vec<Effect> {
    app.screen = Screen::Walk;
    if let Some(view) = &mut app.walk {
        view.walk.go(step);
    }
    went(app, session, Ok(()))
}

/// Comes back to the walk.
pub fn come_back(app: &mut App, session: &Session) -> Vec<Effect> {
    if app.walk.is_none() {
        app.say(Severity::Note, "there is no walk; begin one with: wirewalk walk");
        return Vec::new();
    }
    app.screen = Screen::Walk;
    app.following = false;
    find(app, session);
    arrive(app, session)
}

/// Does what the speaker's second terminal wants. It does not run past a question that is open.
pub fn led(app: &mut App, session: &Session, lead: Lead) -> Vec<Effect> {
    let Some(view) = &mut app.walk else { return Vec::new() };
    app.screen = Screen::Walk;
    let gone = match lead {
        // Whoever holds the walk at the first terminal does not want it to be taken away.
        Lead::Next if view.walk.is_paused => {
            app.say(Severity::Note, "the walk is held; p lets it go on");
            return Vec::new();
        }
        Lead::Next => view.walk.next(session),
        Lead::Back => view.walk.back(),
        Lead::Reveal => return show_answer(app, session),
        Lead::Pause => {
            view.walk.is_paused = !view.walk.is_paused;
            return Vec::new();
        }
    };
    went(app, session, gone)
}

/// Time has passed since the screen is there.
pub fn tick(app: &mut App, session: &Session, since: Duration) -> Vec<Effect> {
    let Some(view) = &mut app.walk else { return Vec::new() };
    let passed = since.saturating_sub(view.ticked.unwrap_or(since));
    view.ticked = Some(since);
    if app.screen == Screen::Walk && view.walk.tick(passed, session) {
        return went(app, session, Ok(()));
    }
    Vec::new()
}

/// What can be shown large, in the order in which one goes through it.
fn other_pane(pane: Pane, onward: bool) -> Pane {
    const ALL: [Pane; 5] = [Pane::Bytes, Pane::Layers, Pane::Explain, Pane::Calls, Pane::Sequence];
    let at = ALL.iter().position(|one| *one == pane).unwrap_or(3);
    let step = if onward { 1 } else { ALL.len() - 1 };
    ALL.get((at + step) % ALL.len()).copied().unwrap_or(Pane::Bytes)
}

/// The steps whose number or heading is like a text, the most alike first; for no text all, in order.
pub fn alike(walk: &Walk, text: &str) -> Vec<usize> {
    let headings: Vec<String> =
        walk.text.steps.iter().enumerate().map(|(at, step)| format!("{} {}", at + 1, step.title)).collect();
    if text.trim().is_empty() {
        return (0..headings.len()).collect();
    }
    if let Some(at) = text
        .trim()
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1))
        .filter(|at| *at < headings.len())
    {
        return vec![at];
    }
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, usize)> = Vec::new();
    for (at, heading) in headings.iter().enumerate() {
        let heading = nucleo_matcher::Utf32Str::new(heading, &mut buffer);
        scored.extend(pattern.score(heading, &mut matcher).map(|score| (score, at)));
    }
    scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    scored.into_iter().map(|(_, at)| at).collect()
}

/// Whether a step's unit has not come yet.
pub fn is_awaited(walk: &Walk) -> bool {
    walk.route.reached(walk.at) == Reached::Awaited
}
