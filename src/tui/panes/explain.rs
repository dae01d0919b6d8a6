//! What the selected unit or field is, and why it is there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scroll;
use crate::session::Session;
use crate::tui::app::{App, Pane};
use crate::tui::paint;

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, _session: &Session, app: &App, _state: &mut Scroll) {
    paint::frame(area, buf, &app.theme, "Explain", app.focus == Pane::Explain);
}
