//! What there is for who talks to many: one large pane, secrets that are hidden, a pointer, a clock.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use super::keys::Action;
use super::motion;
use crate::decode::field::Severity;
use crate::session::Session;
use crate::session::secrets::Names;

/// The pointer is so wide, so that it is seen from the last row.
const POINTER: u16 = 3;

/// Presenter mode, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Presenter {
    /// Whether one pane fills the screen.
    pub is_on: bool,
    /// Whether secrets are hidden outside presenter mode as well.
    pub always_hide: bool,
    /// Whether secrets are shown although they would be hidden.
    pub reveals: bool,
    /// Where the pointer is; its middle column and its row.
    pub pointer: Option<(u16, u16)>,
    /// Whether the time is shown.
    pub has_clock: bool,
    /// When the presentation began, and the clock as it stands.
    clock: Option<Clock>,
}

#[derive(Clone, Debug)]
struct Clock {
    began: Duration,
    now: Duration,
    time: String,
}

impl Default for Presenter {
    fn default() -> Presenter {
        Presenter {
            is_on: false,
            always_hide: false,
            reveals: false,
            pointer: None,
            has_clock: true,
            clock: None,
        }
    }
}

impl Presenter {
    /// Whether secrets would be hidden, unless they are revealed.
    pub fn keeps_secrets(&self) -> bool {
        self.is_on || self.always_hide
    }

    /// Whether secrets are hidden now.
    pub fn hides(&self) -> bool {
        self.keeps_secrets() && !self.reveals
    }

    /// Whether the clock goes.
    pub fn ticks(&self) -> bool {
        self.is_on && self.has_clock
    }

    /// A second has passed.
    pub fn tick(&mut self, now: Duration, time: String) {
        let began = self.clock.as_ref().map_or(now, |clock| clock.began);
        self.clock = self.ticks().then_some(Clock { began, now, time });
    }

    /// The time of day and how long the presentation has been going on: `14:03 · 12:45`.
    pub fn clock(&self) -> Option<String> {
        let Clock { began, now, time } = self.clock.as_ref().filter(|_| self.ticks())?;
        let seconds = now.saturating_sub(*began).as_secs();
        Some(format!("{time} · {:02}:{:02}", seconds / 60, seconds % 60))
    }
}

impl App {
    /// What is to be hidden now.
    pub fn hidden(&self) -> Option<&Names> {
        self.presenter.hides().then_some(&self.names)
    }
}

/// Begins or ends presenter mode. Secrets are hidden again.
pub fn toggle(app: &mut App, session: &Session) {
    app.presenter =
        Presenter { is_on: !app.presenter.is_on, reveals: false, clock: None, ..app.presenter.clone() };
    motion::look_again(app, session);
}

/// Shows or hides secrets.
pub fn reveal(app: &mut App, session: &Session) {
    if !app.presenter.keeps_secrets() {
        let key = app.keymap.hint(Action::Presenter);
        app.say(Severity::Note, format!("secrets are hidden in presenter mode only: {key}"));
        return;
    }
    app.presenter.reveals = !app.presenter.reveals;
    motion::look_again(app, session);
}

/// Takes the pointer out, in the middle of the screen, or puts it away.
pub fn toggle_pointer(app: &mut App) {
    let middle = (app.size.0 / 2, app.size.1 / 2);
    app.presenter.pointer = match app.presenter.pointer {
        Some(_) => None,
        None => Some(middle),
    };
}

/// Moves the pointer, or puts it away; says whether the action was one of the pointer's.
pub fn point(app: &mut App, action: Action) -> bool {
    let Some((column, row)) = app.presenter.pointer else { return false };
    let (columns, rows) = app.size;
    app.presenter.pointer = match action {
        Action::Left => Some((column.saturating_sub(1), row)),
        Action::Right => Some(((column + 1).min(columns.saturating_sub(1)), row)),
        Action::Up => Some((column, row.saturating_sub(1))),
        Action::Down => Some((column, (row + 1).min(rows.saturating_sub(1)))),
        Action::Back | Action::Laser => None,
        _ => return false,
    };
    true
}

/// Draws the pointer over everything.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App) {
    let Some((column, row)) = app.presenter.pointer else { return };
    let pointer = Rect { x: column.saturating_sub(POINTER / 2), y: row, width: POINTER, height: 1 };
    buf.set_style(pointer.intersection(area), app.theme.pointer);
}

#[cfg(test)]
mod tests;
