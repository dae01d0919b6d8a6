//! A compressed message: what was on the wire beside what it was inflated to (RFC 7692).

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{BytesState, Lit, Target};
use crate::decode::unit::SourceId;
use crate::tui::app::App;
use crate::tui::look::{Look, byte_range};
use crate::tui::paint::{self, Pen, columns};
use crate::words;

/// The field that says how long a message is after inflating.
pub const LENGTH: &str = "websocket.payload.inflated_length";

/// The lines above: both sizes, and an empty one.
const SIZES: u16 = 4;

/// So many bytes of the inflated message are shown here; hexadecimal shows all.
const MOST: usize = 64 << 10;

/// The columns of the compressed bytes, eight a row.
const WIRE: usize = 8 * 3 + 1;

/// The source of the inflated bytes.
pub fn inflated(look: &Look) -> Option<SourceId> {
    look.items.get(look.find(LENGTH)?).map(|item| item.span.source)
}

/// The rows of the inflated text, as ranges of its bytes.
pub fn rows(bytes: &[u8], width: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut begin, mut used) = (0, 0);
    for (at, text) in characters(bytes.get(..MOST).unwrap_or(bytes)) {
        let wide = unicode_width::UnicodeWidthStr::width(text.as_str());
        if used + wide > width && at > begin {
            rows.push(begin..at);
            (begin, used) = (at, 0);
        }
        used += wide;
    }
    if begin < bytes.len() {
        rows.push(begin..bytes.len().min(MOST));
    }
    rows
}

/// The columns of the text beside the compressed bytes.
pub fn text_width(width: u16) -> usize {
    usize::from(width).saturating_sub(WIRE + 4).max(8)
}

/// Each character with the byte that it begins at, as it is shown.
fn characters(bytes: &[u8]) -> impl Iterator<Item = (usize, String)> {
    let mut at = 0;
    bytes.utf8_chunks().flat_map(move |chunk| {
        let mut found = Vec::new();
        for character in chunk.valid().chars() {
            found.push((at, paint::cell(character.encode_utf8(&mut [0; 4]))));
            at += character.len_utf8();
        }
        for byte in chunk.invalid() {
            found.push((at, format!("\\x{byte:02x}")));
            at += 1;
        }
        found
    })
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, look: &Look, state: &mut BytesState) {
    let Some(source) = inflated(look) else { return };
    let payload = look.find("websocket.payload").and_then(|item| look.items.get(item));
    let Some(payload) = payload.map(|item| item.span.clone()) else { return };
    let wire = look.bytes(payload.source).get(byte_range(&payload)).unwrap_or_default();
    let text = look.bytes(source);
    sizes(area, buf, app, look, wire.len(), text.len());

    let list = Rect { y: area.y + SIZES.min(area.height), height: area.height.saturating_sub(SIZES), ..area };
    let width = text_width(area.width);
    let rows = rows(text, width);
    let total = rows.len().max(wire.len().div_ceil(8));
    let lit = Lit::new(app, look, source);
    let at = match app.selection.byte {
        Some((of, byte)) if of == source => rows.partition_point(|row| row.end <= byte),
        _ => 0,
    };
    let height = usize::from(list.height);
    state.top = paint::scrolled(state.top, at, height, total);
    let wire_lit = Lit::new(app, look, payload.source);
    let offset = byte_range(&payload).start;
    for row in 0..height.min(total.saturating_sub(state.top)) {
        let place = paint::row(list, row);
        let begin = (state.top + row) * 8;
        let mut pen = Pen::new(buf, place);
        for (at, byte) in wire.iter().enumerate().skip(begin).take(8) {
            let x = place.right() - columns(pen.room());
            state
                .places
                .push((Rect { x: x + 1, width: 2, ..place }, Target::Byte(payload.source, offset + at)));
            pen.put(" ", app.theme.text)
                .put(&format!("{byte:02x}"), wire_lit.style(offset + at, app.theme.dim));
        }
        let mut pen = Pen::new(buf, place);
        pen.skip(WIRE).put(" │ ", app.theme.border[0]);
        let Some(range) = rows.get(state.top + row) else { continue };
        for (at, shown) in characters(text.get(range.clone()).unwrap_or_default()) {
            let x = place.right() - columns(pen.room());
            let wide = columns(unicode_width::UnicodeWidthStr::width(shown.as_str()));
            state.places.push((
                Rect { x, width: wide.min(place.right() - x), ..place },
                Target::Byte(source, range.start + at),
            ));
            pen.put(&shown, lit.style(range.start + at, app.theme.text));
        }
    }
    paint::scroll_mark(list, buf, &app.theme, state.top..(state.top + height).min(total), total);
}

/// Both sizes as numbers and as bars, and what was saved.
fn sizes(area: Rect, buf: &mut Buffer, app: &App, look: &Look, wire: usize, text: usize) {
    let longest = wire.max(text).max(1);
    let room = usize::from(area.width).saturating_sub(34).max(4);
    let bar = |length: usize| "█".repeat((length * room).div_ceil(longest));
    let rows: [(&str, usize, Style); 2] =
        [("compressed", wire, app.theme.protocol("websocket")), ("inflated", text, app.theme.strong)];
    for (row, (name, length, style)) in rows.into_iter().enumerate().take(usize::from(area.height)) {
        let mut pen = Pen::new(buf, paint::row(area, row));
        pen.skip(1).column(name, 12, false, app.theme.dim);
        pen.column(&words::count(length as u64, "byte"), 16, true, app.theme.text).skip(2);
        pen.put(&bar(length), style);
    }
    if area.height > 2 {
        let is_last = look.find("websocket.opcode").and_then(|item| look.items.get(item));
        let is_fragment = is_last.is_some_and(|item| item.text.starts_with('0'));
        let said = match (is_fragment, text) {
            (true, _) => "this frame's part of the message, beside the whole message inflated".to_owned(),
            (_, 0) => String::new(),
            _ if wire < text => format!(
                "{} % of the size: {:.1} times smaller",
                (wire * 100).div_ceil(text),
                text as f64 / wire.max(1) as f64
            ),
            _ => "compressing it saved nothing".to_owned(),
        };
        Pen::new(buf, paint::row(area, 2)).skip(13).put(&said, app.theme.dim);
    }
}
