//! A unit in large, for a lecture hall: who says something to whom, below it what, and room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Words, folded, says};
use crate::session::{Session, UnitRef};
use crate::tui::app::{App, Pane};
use crate::tui::paint::{self, Pen};
use crate::wire::Direction;

/// So many rows a unit takes.
pub(super) const ROWS: usize = 3;

/// So many of them are text.
pub(super) const TEXT: u16 = 2;

/// The words begin in this column, below the layer.
const INDENT: usize = 3;

/// Draws one unit.
pub(super) fn unit(
    area: Rect,
    buf: &mut Buffer,
    session: &Session,
    unit: &UnitRef,
    app: &App,
    words: &Words,
    time: &str,
) {
    let is_selected = app.selection.unit == Some(unit.id);
    if is_selected {
        buf.set_style(area, app.theme.selected[usize::from(app.focus == Pane::Flow)]);
    }
    let [client, server] = app.theme.peers;
    let mut pen = Pen::new(buf, area);
    pen.put(if is_selected { "▌" } else { " " }, app.theme.strong).skip(INDENT - 1);
    match unit.dir {
        Direction::ToServer => pen.put("client ▶ server", client),
        Direction::ToClient => pen.put("server ▶ client", server),
    };
    pen.skip(3).put(words.protocol.1, app.theme.protocol(words.protocol.0));
    let place = format!("{time} · unit {} · connection {}", unit.id.0, unit.conn);
    let room = pen.room().saturating_sub(place.chars().count() + 2);
    pen.skip(room).put(&place, app.theme.dim);
    if area.height < TEXT {
        return;
    }
    let mut pen = Pen::new(buf, paint::row(area, 1));
    pen.skip(INDENT);
    if app.rows.is_folded(unit) {
        return folded(&mut pen, session, unit, app);
    }
    says(&mut pen, session, unit, words, app);
}
