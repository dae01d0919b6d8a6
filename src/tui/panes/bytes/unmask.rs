//! Unmasking a payload, byte by byte (RFC 6455 §5.3): result i = masked i ⊕ key (i mod 4).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{BytesState, Lit, Target};
use crate::decode::unit::SourceId;
use crate::escape;
use crate::tui::app::App;
use crate::tui::look::{Look, byte_range};
use crate::tui::paint::{self, Pen, columns};

/// The columns of the names of the rows.
const NAMES: usize = 10;

/// A group of bytes: their numbers, masked bytes, key, results, characters.
const GROUP: usize = 5;

/// The lines that compute one byte, and where there is room, what exclusive or is.
const STEPS: u16 = 3;

/// How many bytes stand side by side, always whole turns of the key.
pub fn a_row(width: usize) -> usize {
    (width.saturating_sub(NAMES) / 4 / 4 * 4).clamp(4, 16)
}

/// The byte of the payload that the cursor is on.
pub fn cursor(app: &App, look: &Look) -> usize {
    let (Some((wire, plain)), Some((source, byte))) = (look.masked(), app.selection.byte) else { return 0 };
    let at = match source {
        SourceId::WIRE => byte.saturating_sub(wire.start),
        source if source == plain => byte,
        _ => 0,
    };
    at.min(wire.len().saturating_sub(1))
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, look: &Look, state: &mut BytesState) {
    let Some((wire, plain)) = look.masked() else { return };
    let key = look.find("websocket.masking_key").and_then(|item| look.items.get(item));
    let Some(key) = key.and_then(|item| look.bytes(SourceId::WIRE).get(byte_range(&item.span))) else {
        return;
    };
    let masked = look.bytes(SourceId::WIRE).get(wire).unwrap_or_default();
    let results = look.bytes(plain);
    let at = cursor(app, look);

    let below = if area.height > 10 { STEPS + 2 } else { STEPS };
    let height = area.height.saturating_sub(below);
    let shown = (below.saturating_sub(1)).max(STEPS).min(area.height);
    let steps = Rect { y: area.bottom() - shown, height: shown, ..area };
    let a_row = a_row(usize::from(area.width));
    let total = masked.len().div_ceil(a_row) * GROUP;
    let first = at / a_row * GROUP;
    let top = paint::scrolled(state.top, first + GROUP - 1, usize::from(height), total);
    state.top = top.min(first);
    // Where the field is all of the payload, only the byte under the cursor stands out.
    let is_whole = app.item().is_some_and(|item| byte_range(&item.span).len() >= masked.len());
    let lit = Lit { cursor: Some(at), ..Lit::new(app, look, plain) };
    for row in 0..usize::from(height) {
        let (group, kind) = ((state.top + row) / GROUP, (state.top + row) % GROUP);
        let begin = group * a_row;
        if begin >= masked.len() {
            break;
        }
        let place = paint::row(area, row);
        let mut pen = Pen::new(buf, place);
        let name = ["byte", "masked", "⊕ key", "= result", "character"][kind];
        pen.column(name, NAMES, false, app.theme.dim);
        for index in begin..(begin + a_row).min(masked.len()) {
            let byte = |bytes: &[u8], at: usize| bytes.get(at).map_or(String::new(), |b| format!("{b:02x}"));
            let (text, plain_style) = match kind {
                0 => (index.to_string(), app.theme.dim),
                1 => (byte(masked, index), app.theme.text),
                2 => (byte(key, index % 4), app.theme.key),
                3 => (byte(results, index), app.theme.strong),
                _ => (
                    results.get(index).map_or(String::new(), |b| escape::byte(*b).to_string()),
                    app.theme.text,
                ),
            };
            let style = match kind {
                1..=4 if index == at => app.theme.lit,
                3 | 4 if !is_whole => lit.style(index, plain_style),
                _ => plain_style,
            };
            let x = place.right() - columns(pen.room());
            state
                .places
                .push((Rect { x, width: 4.min(place.right() - x), ..place }, Target::Byte(plain, index)));
            pen.put(" ", app.theme.text).column(&text, 3, true, style);
        }
    }
    computed(steps, buf, app, at, masked.get(at), key.get(at % 4), results.get(at));
    let list = Rect { height, ..area };
    paint::scroll_mark(list, buf, &app.theme, state.top..(state.top + usize::from(height)).min(total), total);
}

/// One byte in bits.
fn computed(
    area: Rect,
    buf: &mut Buffer,
    app: &App,
    at: usize,
    masked: Option<&u8>,
    key: Option<&u8>,
    result: Option<&u8>,
) {
    let (Some(masked), Some(key), Some(result)) = (masked, key, result) else { return };
    let bits =
        |byte: &u8| (0..8).rev().map(|n| if byte >> n & 1 == 1 { " 1" } else { " 0" }).collect::<String>();
    let character = if result.is_ascii_graphic() || *result == b' ' {
        format!("the character \"{}\"", escape::byte(*result))
    } else {
        "no ASCII character that can be shown".to_owned()
    };
    let turn = format!("byte {} of the key, since {at} mod 4 = {}", at % 4, at % 4);
    let rows = [
        ("masked", masked, app.theme.text, format!("byte {at} of the payload, as it came")),
        ("⊕ key", key, app.theme.key, turn),
        ("= result", result, app.theme.strong, character),
    ];
    for (row, (name, byte, style, what)) in rows.into_iter().enumerate().take(usize::from(area.height)) {
        let mut pen = Pen::new(buf, paint::row(area, row));
        pen.column(name, NAMES, false, app.theme.dim).put(&format!("  {byte:02x} "), style);
        pen.put(&bits(byte), style).skip(3).put(&what, app.theme.dim);
    }
    if area.height <= STEPS {
        return;
    }
    let rule = "exclusive or: 1 where the two bits differ";
    Pen::new(buf, paint::row(area, 3)).skip(NAMES + 6).put(rule, app.theme.dim);
}
