//! The bytes of the selected unit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::decode::unit::SourceId;
use crate::escape;
use crate::tui::app::{App, Pane};
use crate::tui::motion::BYTES_A_ROW;
use crate::tui::paint::{self, Pen};

/// What the bytes keep between two drawings.
#[derive(Clone, Debug, Default)]
pub struct BytesState {
    /// The first row in sight.
    pub top: usize,
    /// Where on the screen which byte is.
    pub places: Vec<(Rect, SourceId, usize)>,
}

/// Draws them.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, state: &mut BytesState) {
    state.places.clear();
    let (source, cursor) = app.selection.byte.unwrap_or_default();
    let found = app.looked().and_then(|look| look.tree.sources.get(usize::from(source.0)));
    let title =
        found.map_or("Bytes".to_owned(), |s| format!("Bytes · {} · {}", s.kind.as_str(), s.bytes.len()));
    let inner = paint::frame(area, buf, &app.theme, &title, app.focus == Pane::Bytes);
    let Some(found) = found else { return };
    let rows = found.bytes.len().div_ceil(BYTES_A_ROW);
    let height = usize::from(inner.height);
    state.top = paint::scrolled(state.top, cursor / BYTES_A_ROW, height, rows);
    let lit = app.item().filter(|item| item.span.source == source).map(|item| item.span.bits.clone());
    let style = |at: usize| {
        let bits = at as u64 * 8..at as u64 * 8 + 8;
        let is_lit = lit.as_ref().is_some_and(|lit| lit.start < bits.end && bits.start < lit.end);
        match (at == cursor && app.focus == Pane::Bytes, is_lit) {
            (true, _) => app.theme.cursor,
            (false, true) => app.theme.lit,
            (false, false) => app.theme.text,
        }
    };
    for (row, line) in found.bytes.chunks(BYTES_A_ROW).skip(state.top).take(height).enumerate() {
        let first = (state.top + row) * BYTES_A_ROW;
        let place = paint::row(inner, row);
        let mut pen = Pen::new(buf, place);
        pen.put(&format!("{first:06x}"), app.theme.dim).skip(1);
        for (at, byte) in line.iter().enumerate() {
            pen.skip(usize::from(at == 8));
            let column = place.right() - paint::columns(pen.room());
            state.places.push((Rect { x: column, width: 3, ..place }, source, first + at));
            pen.skip(1).put(&format!("{byte:02x}"), style(first + at));
        }
        pen.skip((BYTES_A_ROW - line.len()) * 3 + usize::from(line.len() <= 8) + 2);
        for (at, byte) in line.iter().enumerate() {
            pen.put(escape::byte(*byte).encode_utf8(&mut [0; 4]), style(first + at));
        }
    }
    paint::scroll_mark(inner, buf, &app.theme, state.top..(state.top + height).min(rows), rows);
}
