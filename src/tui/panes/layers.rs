//! The layers of the selected unit as a tree.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scroll;
use crate::tui::app::{App, Pane};
use crate::tui::look::ItemKind;
use crate::tui::paint::{self, Pen};

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, state: &mut Scroll) {
    let inner = paint::frame(area, buf, &app.theme, "Layers", app.focus == Pane::Layers);
    let look = match &app.look {
        Some(Ok(look)) => look,
        Some(Err(error)) => {
            Pen::new(buf, inner).put(error, app.theme.dim);
            return;
        }
        None => return,
    };
    let listed = app.listed();
    let height = usize::from(inner.height);
    let selected = app.selection.item.unwrap_or_default();
    let at = listed.partition_point(|item| *item < selected);
    state.top = paint::scrolled(state.top, at, height, listed.len());
    for (row, at) in listed.iter().skip(state.top).take(height).enumerate() {
        let Some(item) = look.items.get(*at) else { continue };
        let place = paint::row(inner, row);
        if *at == selected {
            buf.set_style(place, app.theme.selected[usize::from(app.focus == Pane::Layers)]);
        }
        let is_folded = item.end > at + 1 && app.folded.contains(&look.path(*at));
        let sign = match (item.end > at + 1, is_folded) {
            (false, _) => "  ",
            (true, true) => "▸ ",
            (true, false) => "▾ ",
        };
        let mut pen = Pen::new(buf, place);
        pen.skip(item.depth * 2).put(sign, app.theme.dim);
        match item.kind {
            ItemKind::Layer(protocol) => {
                pen.put(protocol.name, app.theme.protocol(protocol.key).patch(app.theme.strong)).skip(2);
                pen.peer(&item.text, app.theme.dim);
            }
            ItemKind::Field(field) => {
                let separator = if item.text.is_empty() { "" } else { "  " };
                pen.put(field.label, app.theme.title[0]).put(separator, app.theme.dim);
                pen.peer(&item.text, app.theme.text);
            }
        }
    }
    paint::scroll_mark(
        inner,
        buf,
        &app.theme,
        state.top..(state.top + height).min(listed.len()),
        listed.len(),
    );
}
