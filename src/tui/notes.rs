//! The speaker's second terminal: the notes of this step and the next, and how the walk stands.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::paint::{self, Pen};
use super::prose::{self, Line};
use super::theme::Theme;
use crate::decode::field::Severity;
use crate::walkthrough::telling::{Lead, Telling};
use crate::words;

/// What a key led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The notes stay.
    Stay,
    /// The walk is told something.
    Lead(Lead),
    /// wirewalk ends.
    End,
}

/// What is shown there.
#[derive(Clone, Debug)]
pub struct Notes {
    theme: Theme,
    telling: Telling,
    /// What was said of the last key.
    notice: &'static str,
}

impl Notes {
    /// Notes of a walk that told nothing yet.
    pub fn new(theme: Theme) -> Notes {
        Notes { theme, telling: Telling::default(), notice: "" }
    }

    /// The walk told how it stands.
    pub fn told(&mut self, telling: Telling) {
        self.telling = telling;
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Stay;
        }
        self.notice = "";
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let lead = match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return Outcome::End,
            KeyCode::Char('c') if ctrl => return Outcome::End,
            KeyCode::Char(' ' | 'n' | 'l') | KeyCode::Enter | KeyCode::Right | KeyCode::PageDown => {
                Lead::Next
            }
            KeyCode::Char('h') | KeyCode::Left | KeyCode::PageUp | KeyCode::Backspace => Lead::Back,
            KeyCode::Char('r') => Lead::Reveal,
            KeyCode::Char('p') => Lead::Pause,
            _ => {
                self.notice = "space on · ← back · r answer · p clock · q end";
                return Outcome::Stay;
            }
        };
        if lead == Lead::Next && self.telling.is_paused {
            self.notice = "the walk is held: p lets it go on";
            return Outcome::Stay;
        }
        if lead == Lead::Next && self.telling.is_asked {
            self.notice = "a question is open: r shows the answer to all";
            return Outcome::Stay;
        }
        Outcome::Lead(lead)
    }

    /// Draws them.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) {
        buf.set_style(area, self.theme.base);
        let rows =
            [Constraint::Length(1), Constraint::Percentage(62), Constraint::Min(4), Constraint::Length(1)];
        let [head, now, next, foot] = Layout::vertical(rows).areas(area);
        self.head(head, buf);
        let heading = format!("{}. {}", self.telling.step, paint::cell(&self.telling.heading));
        self.pane(now, buf, &heading, true, &self.now(usize::from(area.width.saturating_sub(4))));
        let (heading, notes) =
            self.telling.next.clone().unwrap_or_else(|| ("the end".to_owned(), String::new()));
        let lines = prose::lines(&notes, usize::from(area.width.saturating_sub(4)), &self.theme);
        self.pane(next, buf, &format!("next: {}", paint::cell(&heading)), false, &lines);
        buf.set_style(foot, self.theme.bar);
        let hint = if self.notice.is_empty() {
            "space on   ← back   r answer   p clock   q end"
        } else {
            self.notice
        };
        Pen::new(buf, foot).put(" ", self.theme.bar).put(hint, self.theme.bar);
    }

    fn head(&self, place: Rect, buf: &mut Buffer) {
        let bar = self.theme.bar;
        buf.set_style(place, bar);
        let clock = |seconds: u64| format!("{}:{:02}", seconds / 60, seconds % 60);
        let state = match (self.telling.is_paused, self.telling.is_auto) {
            (true, _) => " ⏸ held",
            (false, true) => " ▶ by itself",
            (false, false) => "",
        };
        let right = format!(
            " {}/{} · {} · {} left{state} ",
            self.telling.step,
            self.telling.steps,
            clock(self.telling.elapsed),
            clock(self.telling.remaining)
        );
        let mut pen = Pen::new(buf, place);
        let title = words::cut(
            &paint::cell(&self.telling.title),
            pen.room().saturating_sub(right.chars().count() + 1),
        );
        pen.put(" ", bar).put(&title, bar.patch(self.theme.strong));
        let gap = pen.room().saturating_sub(right.chars().count());
        pen.skip(gap).put(&right, bar);
    }

    /// What is to be said now.
    fn now(&self, width: usize) -> Vec<Line> {
        let mut lines = prose::lines(&self.telling.notes, width, &self.theme);
        let mut say = |text: String, style| {
            lines.push(Line::new());
            lines.extend(
                words::fold(&paint::cell(&text), width.max(8)).into_iter().map(|line| vec![(line, style)]),
            );
        };
        if let Some((question, answer)) = &self.telling.question {
            let state = if self.telling.is_asked { "open" } else { "answered" };
            say(format!("? {question} ({state})"), self.theme.strong);
            say(format!("→ {answer}"), self.theme.key);
        }
        if let Some(todo) = &self.telling.awaited {
            say(format!("⏳ waits. {todo}"), self.theme.severity(Severity::Warning));
        }
        lines
    }

    fn pane(&self, area: Rect, buf: &mut Buffer, title: &str, focused: bool, lines: &[Line]) {
        let title = words::cut(title, usize::from(area.width.saturating_sub(4)));
        let inner = paint::frame(area, buf, &self.theme, &title, focused);
        let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        for (y, line) in lines.iter().take(usize::from(inner.height)).enumerate() {
            let mut pen = Pen::new(buf, paint::row(text, y));
            for (piece, style) in line {
                pen.put(piece, *style);
            }
        }
    }
}
