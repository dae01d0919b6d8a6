//! A frame's header as the diagram of RFC 6455 §5.2, with this frame's bits and values in the boxes.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{BytesState, Target};
use crate::decode::field::FieldKind;
use crate::tui::app::{App, Pane};
use crate::tui::look::{ItemKind, Look};
use crate::tui::paint::{self, Pen, columns};
use crate::words;

/// The field that every header begins with.
pub const FIRST: &str = "websocket.fin";

/// Bits of one row of the diagram.
const ROW: u64 = 32;

/// Two columns for each bit, and the last line.
const WIDTH: u16 = 65;

/// The fields of a header, with the names that the standard's diagram has for them.
const NAMES: &[(&str, &str)] = &[
    (FIRST, "FIN"),
    ("websocket.rsv1", "RSV1"),
    ("websocket.rsv2", "RSV2"),
    ("websocket.rsv3", "RSV3"),
    ("websocket.opcode", "opcode"),
    ("websocket.mask", "MASK"),
    ("websocket.payload_length", "Payload len"),
    ("websocket.payload_length_ext_16", "Extended payload length (16)"),
    ("websocket.payload_length_ext_64", "Extended payload length (64)"),
    ("websocket.masking_key", "Masking-key"),
];

/// Whether a field is one of a header.
pub fn is_header(key: &str) -> bool {
    key == "websocket.rsv" || NAMES.iter().any(|(named, _)| *named == key)
}

/// A field of the header, or the payload behind it.
#[derive(Clone, Debug)]
pub struct Part {
    /// The item that it is.
    pub item: usize,
    name: &'static str,
    /// Its bits on the wire.
    pub bits: Range<u64>,
    is_payload: bool,
}

/// A part, as far as it is in one row of the diagram.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The part.
    pub part: Part,
    /// The bits of it that are in this row.
    pub bits: Range<u64>,
}

/// The parts of a header in their order, and the payload where there is one.
pub fn parts(look: &Look) -> Vec<Part> {
    let of = |name: &(&str, &'static str)| {
        let item = look.find(name.0)?;
        let bits = look.items.get(item)?.span.bits.clone();
        Some(Part { item, name: name.1, bits, is_payload: false })
    };
    let mut parts: Vec<Part> = NAMES.iter().filter_map(of).collect();
    let payload = look.find("websocket.masked_payload").or_else(|| look.find("websocket.payload"));
    if let Some(item) = payload
        && let Some(found) = look.items.get(item)
    {
        parts.push(Part { item, name: "Payload data", bits: found.span.bits.clone(), is_payload: true });
    }
    parts
}

/// The rows of the diagram. Of the payload as much is shown as fills a row.
pub fn rows(look: &Look) -> Vec<Vec<Cell>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for part in parts(look) {
        let mut begin = part.bits.start;
        while begin < part.bits.end {
            let row = (begin / ROW) as usize;
            let end = if part.is_payload {
                (row as u64 + 1) * ROW
            } else {
                part.bits.end.min((row as u64 + 1) * ROW)
            };
            rows.resize_with(rows.len().max(row + 1), Vec::new);
            if let Some(row) = rows.get_mut(row) {
                row.push(Cell { part: part.clone(), bits: begin..end });
            }
            if part.is_payload {
                break;
            }
            begin = end;
        }
    }
    rows
}

/// Whether the selected item lights a part up.
pub fn is_lit(app: &App, look: &Look, part: &Part) -> bool {
    let Some(selected) = app.selection.item else { return false };
    let is_field = app.item().is_some_and(|item| matches!(item.kind, ItemKind::Field(_)));
    let is_of_payload = || {
        let payload = look.find("websocket.payload");
        part.is_payload && payload.is_some_and(|payload| look.is_inside(selected, payload))
    };
    is_field && (look.is_inside(part.item, selected) || is_of_payload())
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, look: &Look, state: &mut BytesState) {
    if area.width < WIDTH {
        return listed(area, buf, app, look, state);
    }
    let rows = rows(look);
    // The whole diagram is drawn aside, then as much of it as there is room for is copied.
    let height: u16 = 3 + rows.iter().map(|row| depth(row) + 1).sum::<u16>();
    let canvas = Rect::new(0, 0, WIDTH, height);
    let mut aside = Buffer::empty(canvas);
    aside.set_style(canvas, app.theme.base);
    numbers(&mut aside, app);
    let mut y = 2;
    let mut places = Vec::new();
    let mut selected = 0..0;
    for (at, row) in rows.iter().enumerate() {
        line(&mut aside, y, at.checked_sub(1).and_then(|above| rows.get(above)), Some(row), app);
        let depth = depth(row);
        for cell in row {
            let place = inside(cell, y + 1, depth);
            let is_lit = is_lit(app, look, &cell.part);
            fill(&mut aside, place, app, look, cell, is_lit);
            places.push((place, cell.part.item));
            if is_lit && selected.is_empty() {
                selected = usize::from(y)..usize::from(y + depth + 2);
            }
        }
        sides(&mut aside, row, y + 1, depth, app);
        y += depth + 1;
    }
    line(&mut aside, y, rows.last(), None, app);

    let (total, shown) = (usize::from(y + 1), usize::from(area.height));
    // A lit row is shown from its top line to its bottom line.
    let top = paint::scrolled(state.top, selected.end.saturating_sub(1), shown, total);
    state.top = if selected.is_empty() { top } else { top.min(selected.start) };
    let left = area.x + (area.width - WIDTH) / 2;
    for row in 0..shown.min(total - state.top) {
        for x in 0..WIDTH {
            if let (Some(to), Some(from)) =
                (buf.cell_mut((left + x, area.y + columns(row))), aside.cell((x, columns(state.top + row))))
            {
                *to = from.clone();
            }
        }
    }
    for (place, item) in places {
        let (top, y) = (columns(state.top), place.y);
        let begin = y.max(top) - top;
        let end = (y + place.height).saturating_sub(top).min(area.height);
        if begin < end {
            let seen = Rect { x: left + place.x, y: area.y + begin, width: place.width, height: end - begin };
            state.places.push((seen, Target::Item(item)));
        }
    }
    paint::scroll_mark(area, buf, &app.theme, state.top..(state.top + shown).min(total), total);
}

/// How many lines a row has inside: five where names of single bits stand upright.
fn depth(row: &[Cell]) -> u16 {
    if row.iter().any(|cell| cell.bits.end - cell.bits.start == 1) { 5 } else { 3 }
}

/// The column of the line on the left of a bit.
fn column(bit: u64) -> u16 {
    columns((bit % ROW) as usize * 2)
}

fn inside(cell: &Cell, y: u16, height: u16) -> Rect {
    let x = column(cell.bits.start) + 1;
    Rect { x, y, width: columns((cell.bits.end - cell.bits.start) as usize * 2 - 1), height }
}

/// The numbers of the bits: tens above, ones below.
fn numbers(buf: &mut Buffer, app: &App) {
    for bit in 0..ROW {
        let x = column(bit) + 1;
        if bit % 10 == 0 {
            buf.set_string(x, 0, (bit / 10).to_string(), app.theme.dim);
        }
        buf.set_string(x, 1, (bit % 10).to_string(), app.theme.dim);
    }
}

/// The lines on the left and on the right of each box.
fn sides(buf: &mut Buffer, row: &[Cell], y: u16, height: u16, app: &App) {
    for x in edges(row) {
        (y..y + height).for_each(|y| buf.set_string(x, y, "│", app.theme.border[0].patch(app.theme.dim)));
    }
}

/// The columns in which boxes of a row begin and end.
fn edges(row: &[Cell]) -> Vec<u16> {
    let mut edges: Vec<u16> = row.iter().map(|cell| column(cell.bits.start)).collect();
    edges.extend(row.last().map(|cell| column(cell.bits.end - 1) + 2));
    edges
}

/// The line between two rows of boxes.
fn line(buf: &mut Buffer, y: u16, above: Option<&Vec<Cell>>, below: Option<&Vec<Cell>>, app: &App) {
    let [above, below] = [above, below].map(|row| row.map(|row| edges(row)).unwrap_or_default());
    let end = above.last().max(below.last()).copied().unwrap_or_default();
    for x in 0..=end {
        let (up, down) = (above.contains(&x), below.contains(&x));
        let left = x > 0;
        let right = x < end;
        let sign = match (up, down, left, right) {
            (true, true, false, _) => "├",
            (true, true, _, false) => "┤",
            (true, true, ..) => "┼",
            (true, false, false, _) => "└",
            (true, false, _, false) => "┘",
            (true, false, ..) => "┴",
            (false, true, false, _) => "┌",
            (false, true, _, false) => "┐",
            (false, true, ..) => "┬",
            (false, false, ..) => "─",
        };
        buf.set_string(x, y, sign, app.theme.border[0].patch(app.theme.dim));
    }
}

/// Name, value and bits of a box.
fn fill(buf: &mut Buffer, place: Rect, app: &App, look: &Look, cell: &Cell, is_lit: bool) {
    let theme = &app.theme;
    let style = |plain: Style| match (is_lit, app.focus) {
        (true, Pane::Bytes) => theme.cursor,
        (true, _) => theme.lit,
        _ => plain,
    };
    if is_lit {
        buf.set_style(place, style(theme.text));
    }
    let last = usize::from(place.height) - 1;
    if place.width == 1 {
        for (row, letter) in cell.part.name.chars().enumerate() {
            buf.set_string(place.x, place.y + columns(row), letter.to_string(), style(theme.title[0]));
        }
    } else {
        let goes_on = cell.bits.start > cell.part.bits.start;
        let name = if goes_on { format!("{}, continued", cell.part.name) } else { cell.part.name.to_owned() };
        centred(buf, paint::row(place, 0), &name, style(theme.title[0]));
        let text = value(look, cell);
        // A number, and below it its name, where both have no room side by side.
        let named =
            text.split_once(" (").filter(|_| last == 4 && text.chars().count() > usize::from(place.width));
        match named {
            Some((number, name)) => {
                centred(buf, paint::row(place, 2), number, style(theme.strong));
                centred(buf, paint::row(place, 3), name.trim_end_matches(')'), style(theme.strong));
            }
            None => centred(buf, paint::row(place, last / 2), &text, style(theme.strong)),
        }
    }
    let bits = bits(look, cell, usize::from(place.width).div_ceil(2));
    Pen::new(buf, paint::row(place, last)).put(&bits, style(theme.text));
}

/// What a box says: a number with its meaning, or the bytes of this row.
fn value(look: &Look, cell: &Cell) -> String {
    let Some(item) = look.items.get(cell.part.item) else { return String::new() };
    let bytes = look.bytes(item.span.source);
    let bytes = bytes.get((cell.bits.start / 8) as usize..).unwrap_or_default();
    let here = ((cell.bits.end - cell.bits.start) / 8) as usize;
    if cell.part.is_payload {
        let length = (cell.part.bits.end - cell.part.bits.start) / 8;
        return words::count(length, "byte");
    }
    match item.kind {
        ItemKind::Field(field) if field.kind == FieldKind::Bytes => {
            words::hex(bytes.get(..here).unwrap_or(bytes), here)
        }
        _ if cell.bits.start > cell.part.bits.start => String::new(),
        _ => item.text.clone(),
    }
}

/// The bits of a box, as many as there are on the wire.
fn bits(look: &Look, cell: &Cell, most: usize) -> String {
    let Some(item) = look.items.get(cell.part.item) else { return String::new() };
    let bytes = look.bytes(item.span.source);
    let end = cell.bits.end.min(cell.part.bits.end);
    let bit = |at: u64| {
        let byte = bytes.get((at / 8) as usize)?;
        Some(if byte >> (7 - at % 8) & 1 == 1 { "1" } else { "0" })
    };
    (cell.bits.start..end).take(most).map_while(bit).collect::<Vec<_>>().join(" ")
}

fn centred(buf: &mut Buffer, row: Rect, text: &str, style: Style) {
    let text = paint::cell(text);
    let text = words::cut(&text, usize::from(row.width));
    let width = unicode_width::UnicodeWidthStr::width(text.as_str());
    Pen::new(buf, row)
        .skip((usize::from(row.width) - width.min(usize::from(row.width))) / 2)
        .put(&text, style);
}

/// Where the diagram is too wide: a line for each field, with its bits.
fn listed(area: Rect, buf: &mut Buffer, app: &App, look: &Look, state: &mut BytesState) {
    let parts = parts(look);
    let selected = parts.iter().position(|part| is_lit(app, look, part)).unwrap_or_default();
    let height = usize::from(area.height);
    state.top = paint::scrolled(state.top, selected, height, parts.len());
    for (row, part) in parts.iter().skip(state.top).take(height).enumerate() {
        let place = paint::row(area, row);
        let is_lit = is_lit(app, look, part);
        let style = |plain: Style| if is_lit { app.theme.lit } else { plain };
        buf.set_style(place, style(Style::new()));
        let cell = Cell { part: part.clone(), bits: part.bits.clone() };
        let range = match part.bits.end - part.bits.start {
            1 => format!("bit {}", part.bits.start),
            _ if part.is_payload => format!("bits {}-", part.bits.start),
            _ => format!("bits {}-{}", part.bits.start, part.bits.end - 1),
        };
        let bits = bits(look, &cell, 8).replace(' ', "");
        let is_long = part.bits.end - part.bits.start > 8;
        let mut pen = Pen::new(buf, place);
        pen.skip(1).column(&range, 11, false, style(app.theme.dim));
        pen.column(part.name, 16, false, style(app.theme.title[0])).skip(1);
        pen.column(&format!("{bits}{}", if is_long { "…" } else { "" }), 10, false, style(app.theme.text));
        pen.peer(&value(look, &cell), style(app.theme.strong));
        state.places.push((place, Target::Item(part.item)));
    }
}
