//! A step of a walk: its text, and beside it what it is about.

use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::{Panes, bytes, calls, explain, flow, layers, sequence, source};
use crate::decode::field::Severity;
use crate::session::Session;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::paint::{self, Pen, columns};
use crate::tui::prose::{self, Line};
use crate::tui::walk::WalkView;
use crate::walkthrough::question;
use crate::walkthrough::route::Reached;
use crate::walkthrough::walk::Said;
use crate::walkthrough::{Ask, Pane, Step};
use crate::words;

/// From so many columns on, the text stands beside the rest.
const SIDE_BY_SIDE: u16 = 100;

/// What the rest has of the width then: sixteen bytes in hexadecimal and as text, and a frame around.
const EVIDENCE: u16 = 76;

/// From so many columns on, there is room to read the text in longer lines.
const ROOMY: u16 = 150;

/// A line of text longer than this is hard to read.
const LONGEST: usize = 76;

/// From so many rows on, the source stands below the calls.
const WITH_SOURCE: u16 = 18;

/// From so many rows on, the ladder is there.
const WITH_LADDER: u16 = 26;

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App, panes: &mut Panes) {
    let Some(view) = &app.walk else { return };
    let [text, rest] = if area.width >= SIDE_BY_SIDE {
        let wide = if area.width >= ROOMY {
            (area.width * 42 / 100).min(area.width - EVIDENCE)
        } else {
            area.width - EVIDENCE
        };
        Layout::horizontal([Constraint::Length(wide), Constraint::Min(0)]).areas(area)
    } else {
        Layout::vertical([Constraint::Percentage(50), Constraint::Min(8)]).areas(area)
    };
    if view.walk.is_opening {
        return opening(area, buf, app, view);
    }
    let is_bare = view.walk.stop().is_none_or(|stop| stop.unit.is_none() && stop.call.is_none());
    if is_bare || view.walk.step().is_some_and(|step| step.when.is_none() && step.pane.is_none()) {
        return told(area, buf, session, app, view, panes);
    }
    told(text, buf, session, app, view, panes);
    seen(rest, buf, session, app, view, panes);
}

/// What the walk is about, before its first step.
fn opening(area: Rect, buf: &mut Buffer, app: &App, view: &WalkView) {
    let (theme, text) = (&app.theme, &view.walk.text);
    let inner = paint::frame(area, buf, theme, "Walk", true);
    let width = usize::from(inner.width.saturating_sub(4)).min(LONGEST);
    let mut lines = of_text(&text.title, width, theme.title[1].patch(theme.strong));
    lines.push(Line::new());
    lines.extend(of_text(&text.summary, width, theme.strong));
    lines.push(Line::new());
    let steps = words::count(text.steps.len() as u64, "step");
    let about = format!("{steps} · {} minutes · {}", text.minutes.value, text.audience);
    lines.extend(of_text(&about, width, theme.dim));
    lines.push(Line::new());
    lines.extend(prose::lines(&text.intro, width, theme));
    lines.push(Line::new());
    let keys = [
        (Action::NextStep, "begins"),
        (Action::Jump, "jumps to a step"),
        (Action::ShowFlow, "looks around"),
        (Action::ShowWalk, "comes back"),
    ];
    let told: Vec<String> =
        keys.iter().map(|(action, what)| format!("{} {what}", app.keymap.hint(*action))).collect();
    lines.extend(of_text(&told.join(" · "), width, theme.dim));
    let height = usize::from(inner.height);
    let top = view.top.min(lines.len().saturating_sub(height));
    let left = usize::from(inner.width).saturating_sub(width) / 2;
    let down = height.saturating_sub(lines.len()) / 3;
    for (y, line) in lines.iter().skip(top).take(height).enumerate() {
        let mut pen = Pen::new(buf, paint::row(inner, y + down));
        pen.skip(left);
        for (piece, style) in line {
            pen.put(piece, *style);
        }
    }
    paint::scroll_mark(inner, buf, theme, top..(top + height).min(lines.len()), lines.len());
}

/// The text, the question, and how far one has come.
fn told(area: Rect, buf: &mut Buffer, session: &Session, app: &App, view: &WalkView, panes: &mut Panes) {
    let walk = &view.walk;
    let Some(step) = walk.step() else { return };
    let title = format!("{} of {} · {}", walk.at + 1, walk.text.steps.len(), paint::cell(&walk.text.title));
    let inner = paint::frame(
        area,
        buf,
        &app.theme,
        &words::cut(&title, usize::from(area.width.saturating_sub(4))),
        true,
    );
    let text = Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        height: inner.height.saturating_sub(1),
        ..inner
    };
    let width = usize::from(text.width).min(LONGEST);
    let lines = lines(session, app, view, step, width);
    panes.question = lines
        .iter()
        .position(|line| line.first().is_some_and(|(text, _)| text.starts_with("? ")))
        .unwrap_or_default();
    let height = usize::from(text.height);
    let top = view.top.min(lines.len().saturating_sub(height));
    for (y, line) in lines.iter().skip(top).take(height).enumerate() {
        let mut pen = Pen::new(buf, paint::row(text, y));
        for (piece, style) in line {
            pen.put(piece, *style);
        }
    }
    paint::scroll_mark(inner, buf, &app.theme, top..(top + height).min(lines.len()), lines.len());
    progress(paint::row(inner, usize::from(inner.height.saturating_sub(1))), buf, app, view);
}

/// How far one has come, and how long it took and takes.
fn progress(place: Rect, buf: &mut Buffer, app: &App, view: &WalkView) {
    let walk = &view.walk;
    let clock = |time: std::time::Duration| format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60);
    let state = match (walk.is_auto, walk.is_paused) {
        (_, true) => " ⏸",
        (true, false) => " ▶",
        (false, false) => "",
    };
    let text = format!(" {} · {} left{state} ", clock(walk.elapsed), clock(walk.remaining()));
    let mut pen = Pen::new(buf, place);
    let room = pen.room().saturating_sub(text.chars().count());
    let done = room * (walk.at + 1) / walk.text.steps.len().max(1);
    pen.put(&"━".repeat(done), app.theme.title[1])
        .put(&"─".repeat(room - done), app.theme.dim)
        .put(&text, app.theme.dim);
}

/// All lines of the text.
fn lines(session: &Session, app: &App, view: &WalkView, step: &Step, width: usize) -> Vec<Line> {
    let theme = &app.theme;
    let mut lines = of_text(&step.title, width, theme.title[1].patch(theme.strong));
    lines.push(Line::new());
    match view.walk.route.reached(view.walk.at) {
        Reached::Awaited => {
            lines.extend(awaited(app, step, width));
            lines.push(Line::new());
        }
        Reached::Never | Reached::Skipped => {
            let is_call = step.when.as_ref().is_some_and(|when| when.value.is_of_calls());
            let text = match is_call && session.calls().processes().len() == 0 {
                true => format!(
                    "No process says here what is called in it. Start the server with: wirewalk run --walk {} -- python app.py",
                    Path::new(&view.walk.text.file).parent().unwrap_or(Path::new("NAME")).display()
                ),
                false => "This session never came here: what the step is about is not in it.".to_owned(),
            };
            lines.extend(of_text(&format!("✗ {text}"), width, theme.severity(Severity::Warning)));
            lines.push(Line::new());
        }
        Reached::At(_) => {}
    }
    if !step.before.is_empty() {
        lines.extend(prose::lines(&step.before, width, theme));
        lines.push(Line::new());
    }
    if let Some(ask) = step.ask.as_ref().filter(|_| view.is_asked || view.walk.said(view.walk.at).is_some()) {
        lines.extend(asked(session, app, view, ask, width));
        lines.push(Line::new());
    }
    if !view.walk.is_withheld(session) {
        lines.extend(prose::lines(&step.body, width, theme));
    }
    lines
}

/// The question, with its choices, or with what was said and what is right.
fn asked(session: &Session, app: &App, view: &WalkView, ask: &Ask, width: usize) -> Vec<Line> {
    let theme = &app.theme;
    let mut lines = of_text(&format!("? {}", ask.question.value), width, theme.strong);
    let solution = view.walk.stop().and_then(|stop| question::solve(session, ask, stop).ok()?);
    let right = solution.as_ref().and_then(|solution| solution.choice);
    let said = view.walk.said(view.walk.at);
    for (at, (letter, choice)) in ('a'..='h').zip(&ask.choices).enumerate() {
        let (mark, style) = match said {
            None => (' ', theme.text),
            Some(_) if right == Some(at) => ('✓', theme.strong),
            Some(Said::Choice(chosen)) if chosen == at => ('✗', theme.severity(Severity::Error)),
            Some(_) => (' ', theme.dim),
        };
        let mut line = vec![(format!(" {mark} "), style), (letter.to_string(), theme.key)];
        line.push((format!("  {}", paint::cell(choice)), style));
        lines.push(line);
    }
    match (said, &solution) {
        (Some(_), Some(solution)) if right.is_none() => {
            lines.extend(of_text(&format!("✓ {}", solution.text(ask)), width, theme.strong));
        }
        (None, _) => {
            let key = app.keymap.hint(Action::ShowAnswer);
            let how = if ask.choices.is_empty() { "" } else { "a letter answers, " };
            lines.extend(of_text(&format!("{how}{key} shows the answer"), width, theme.dim));
        }
        _ => {}
    }
    lines
}

/// What is waited for, and what to do so that it comes.
fn awaited(app: &App, step: &Step, width: usize) -> Vec<Line> {
    let theme = &app.theme;
    let mut lines = of_text("⏳ This has not happened yet.", width, theme.strong);
    if let Some(todo) = &step.todo {
        lines.extend(of_text(todo, width, theme.text));
    }
    if let Some(when) = &step.when {
        lines.extend(of_text(&format!("waits for: {}", when.value), width, theme.dim));
    }
    lines
}

/// Text of one style, folded.
fn of_text(text: &str, width: usize, style: Style) -> Vec<Line> {
    words::fold(&paint::cell(text), width.max(8)).into_iter().map(|line| vec![(line, style)]).collect()
}

/// What the step is about: where it is in the flow, and its bytes or calls.
fn seen(area: Rect, buf: &mut Buffer, session: &Session, app: &App, view: &WalkView, panes: &mut Panes) {
    let is_start = view.walk.stop().is_some_and(|stop| stop.unit.is_none());
    let rest = if area.height >= WITH_LADDER && !is_start {
        let [ladder, rest] =
            Layout::vertical([Constraint::Length((area.height / 4).max(8)), Constraint::Min(0)]).areas(area);
        flow::draw(ladder, buf, session, app, &mut panes.flow);
        rest
    } else {
        area
    };
    if view.hides_unit() {
        let inner = paint::frame(rest, buf, &app.theme, "?", false);
        let middle = Rect { y: inner.y + inner.height / 2, height: 1, ..inner };
        let text = "What is here shows when the question is answered.";
        let gap = usize::from(inner.width).saturating_sub(text.len()) / 2;
        Pen::new(buf, middle).skip(gap).put(text, app.theme.dim);
        return;
    }
    match view.pane() {
        Pane::Calls | Pane::Source | Pane::Sequence if is_start && app.calls.rows.is_empty() => {
            source::draw(rest, buf, session, app);
        }
        Pane::Sequence => sequence::draw(rest, buf, session, app),
        Pane::Source => {
            let [tree, code] = Layout::vertical([Constraint::Percentage(40), Constraint::Min(7)]).areas(rest);
            calls::tree(tree, buf, session, app, &mut panes.calls);
            source::draw(code, buf, session, app);
        }
        Pane::Calls if rest.height < WITH_SOURCE => calls::tree(rest, buf, session, app, &mut panes.calls),
        Pane::Calls => calls::draw(rest, buf, session, app, &mut panes.calls),
        Pane::Explain => explain::draw(rest, buf, session, app, &mut panes.explain),
        Pane::Layers => layers::draw(rest, buf, session, app, &mut panes.layers),
        Pane::Bytes => {
            let height = rest.height;
            if height < WITH_SOURCE {
                return bytes::draw(rest, buf, app, &mut panes.bytes);
            }
            let [bytes, layers] = Layout::vertical([
                Constraint::Length(columns(usize::from(height) * 58 / 100)),
                Constraint::Min(0),
            ])
            .areas(rest);
            bytes::draw(bytes, buf, app, &mut panes.bytes);
            layers::draw(layers, buf, session, app, &mut panes.layers);
        }
    }
}
