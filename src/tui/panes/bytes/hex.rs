//! Bytes in hexadecimal and as text, and above them the sources that a unit has.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{BytesState, Lit, Target};
use crate::decode::unit::{SourceId, SourceKind};
use crate::escape;
use crate::tui::app::App;
use crate::tui::look::Look;
use crate::tui::paint::{self, Pen, columns};
use crate::words;

/// How many bytes stand in a row of so many columns.
pub fn a_row(width: usize, length: usize) -> usize {
    if width >= digits(length) + 1 + 16 * 3 + 1 + 16 { 16 } else { 8 }
}

/// How many digits an offset has.
fn digits(length: usize) -> usize {
    format!("{length:x}").len().max(4)
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, look: &Look, state: &mut BytesState) {
    let source = app.selection.byte.map(|(source, _)| source).unwrap_or_default();
    let list = match look.sources().count() {
        0 => {
            Pen::new(buf, area).skip(1).put("this unit is not made from bytes", app.theme.dim);
            return;
        }
        1 => area,
        _ => {
            tabs(area, buf, app, look, source, state);
            Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
        }
    };
    let bytes = look.bytes(source);
    let a_row = a_row(usize::from(list.width), bytes.len());
    let digits = digits(bytes.len());
    let spare = usize::from(list.width).saturating_sub(digits + 1 + a_row * 4 + 1 + 1);
    let rows = bytes.len().div_ceil(a_row);
    let height = usize::from(list.height);
    let lit = Lit::new(app, look, source);
    state.top = paint::scrolled(state.top, lit.focus() / a_row, height, rows);
    for (row, line) in bytes.chunks(a_row).skip(state.top).take(height).enumerate() {
        let first = (state.top + row) * a_row;
        let place = paint::row(list, row);
        let mut pen = Pen::new(buf, place);
        pen.put(&format!("{first:0digits$x}"), app.theme.dim);
        for (at, byte) in line.iter().enumerate() {
            // The space between two lit bytes is lit too, so that a field is one piece.
            let style = lit.style(first + at, app.theme.text);
            let joined =
                at > 0 && style == lit.style(first + at - 1, app.theme.text) && style == app.theme.lit;
            let gap = if at == 8 && spare > 0 { "  " } else { " " };
            pen.put(gap, if joined { style } else { app.theme.text });
            let x = place.right() - columns(pen.room());
            let width = 2.min(place.right() - x);
            state.places.push((Rect { x, width, ..place }, Target::Byte(source, first + at)));
            match look.secrets.covers(source, first + at) {
                true => pen.put("••", style),
                false => pen.put(&format!("{byte:02x}"), style),
            };
        }
        let missing = a_row - line.len();
        pen.skip(
            missing * 3 + usize::from(line.len() <= 8 && a_row > 8 && spare > 0) + 1 + usize::from(spare > 1),
        );
        for (at, byte) in line.iter().enumerate() {
            let x = place.right() - columns(pen.room());
            let width = 1.min(place.right() - x);
            state.places.push((Rect { x, width, ..place }, Target::Byte(source, first + at)));
            let plain = if byte.is_ascii_graphic() { app.theme.text } else { app.theme.dim };
            let shown = if look.secrets.covers(source, first + at) { '•' } else { escape::byte(*byte) };
            pen.put(shown.encode_utf8(&mut [0; 4]), lit.style(first + at, plain));
        }
    }
    paint::scroll_mark(list, buf, &app.theme, state.top..(state.top + height).min(rows), rows);
}

/// The sources with their lengths, the one that is shown set apart.
fn tabs(area: Rect, buf: &mut Buffer, app: &App, look: &Look, shown: SourceId, state: &mut BytesState) {
    let mut pen = Pen::new(buf, paint::row(area, 0));
    for source in look.sources() {
        let name = look.source_kind(source).map_or("", SourceKind::as_str);
        let text = format!("{name} {}", words::thousands(look.bytes(source).len() as u64));
        let (text, style) = match source == shown {
            true => (format!("▸{text} "), app.theme.selected[1].patch(app.theme.strong)),
            false => (format!(" {text} "), app.theme.title[0]),
        };
        let begin = area.right() - columns(pen.room());
        pen.put(&text, style);
        let end = area.right() - columns(pen.room());
        state
            .places
            .push((Rect { x: begin, width: end - begin, y: area.y, height: 1 }, Target::Source(source)));
        pen.skip(1);
    }
}
