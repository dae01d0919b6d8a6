//! JSON with a value a line. Every token stands as it was written: the order of names, names that come twice and how a
//! number is spelt are kept; white space between tokens alone is another.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{BytesState, Lit, Target};
use crate::decode::field::FieldKind;
use crate::decode::unit::{SourceId, UnitId};
use crate::tui::app::App;
use crate::tui::look::{ItemKind, Look, byte_range};
use crate::tui::paint::{self, Pen, columns};

/// What the names of JSON's fields begin with.
pub const PREFIX: &str = "json.";

/// At most so many bytes of a text are laid out, in at most so many lines.
const MOST_BYTES: usize = 4 << 20;
const MOST_LINES: usize = 50_000;

/// Each level is set in by so many columns, up to so many levels.
const INDENT: usize = 2;
const DEEPEST: usize = 24;

/// A JSON text in lines.
#[derive(Clone, Debug)]
pub struct Laid {
    unit: UnitId,
    /// The source that the text is in.
    pub source: SourceId,
    range: Range<usize>,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line: a value, a member, a bracket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    depth: usize,
    /// Its bytes in the source.
    pub range: Range<usize>,
}

/// The text that an item is in, laid out anew only where it is another one.
pub fn laid(look: &Look, item: usize, before: Option<Laid>) -> Option<Laid> {
    let (source, range) = text(look, item)?;
    let unit = look.unit.id;
    if let Some(before) = before
        && (before.unit, before.source, &before.range) == (unit, source, &range)
    {
        return Some(before);
    }
    let bytes = look.bytes(source).get(range.clone()).unwrap_or_default();
    let mut lines = lines(bytes);
    for line in &mut lines {
        line.range = line.range.start + range.start..line.range.end + range.start;
    }
    Some(Laid { unit, source, range, lines })
}

/// The whole JSON text that an item is a part of; where it is none, the first that is inside it, or else of the unit.
fn text(look: &Look, item: usize) -> Option<(SourceId, Range<usize>)> {
    let is_json = |at: usize| {
        look.items.get(at).is_some_and(|item| match item.kind {
            ItemKind::Layer(protocol) => protocol.key == "json",
            ItemKind::Field(field) => field.kind == FieldKind::Json || field.key.starts_with(PREFIX),
        })
    };
    let inside = || (item..look.items.get(item)?.end).find(|at| is_json(*at));
    let mut at = Some(item)
        .filter(|at| is_json(*at))
        .or_else(inside)
        .or_else(|| (0..look.items.len()).find(|at| is_json(*at)))?;
    while let Some(parent) = look.items.get(at)?.parent.filter(|parent| is_json(*parent)) {
        at = parent;
    }
    let span = &look.items.get(at)?.span;
    Some((span.source, byte_range(span)))
}

/// Breaks a text into lines: behind `{`, `[` and `,`, and before `}` and `]`; empty brackets stay together.
pub fn lines(text: &[u8]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let (mut depth, mut begin, mut end) = (0usize, None, 0);
    let text = text.get(..MOST_BYTES).unwrap_or(text);
    let mut tokens = Tokens { text, at: 0 }.peekable();
    while let Some(token) = tokens.next() {
        let first = text.get(token.start).copied().unwrap_or_default();
        let follows = tokens.peek().and_then(|next| text.get(next.start)).copied();
        let opens = matches!(first, b'{' | b'[');
        let closes = matches!(first, b'}' | b']');
        if closes && begin.is_none() {
            depth = depth.saturating_sub(1);
        }
        let start = *begin.get_or_insert(token.start);
        end = token.end;
        let is_empty = opens && matches!(follows, Some(b'}' | b']'));
        let ends = (opens && !is_empty) || first == b',' || (!opens && matches!(follows, Some(b'}' | b']')));
        if ends {
            lines.push(Line { depth, range: start..end });
            begin = None;
        }
        if opens && !is_empty {
            depth += 1;
        }
        if lines.len() >= MOST_LINES {
            return lines;
        }
    }
    lines.extend(begin.map(|begin| Line { depth, range: begin..end }));
    lines
}

/// The tokens of a text: strings, brackets, colons, commas, and runs of anything else.
struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let first = *self.text.get(start)?;
        let behind = self.text.get(start + 1..).unwrap_or_default();
        let length = match first {
            b'"' => {
                let mut escaped = false;
                let closing = |byte: &u8| {
                    let closes = *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                    closes
                };
                behind.iter().position(closing).map_or(behind.len(), |at| at + 1)
            }
            b'{' | b'}' | b'[' | b']' | b':' | b',' => 0,
            _ => behind
                .iter()
                .position(|b| b.is_ascii_whitespace() || b"{}[]:,\"".contains(b))
                .unwrap_or(behind.len()),
        };
        self.at = start + 1 + length;
        Some(start..self.at)
    }
}

/// The line that a byte is in.
pub fn line_at(laid: &Laid, byte: Option<(SourceId, usize)>) -> usize {
    match byte {
        Some((source, byte)) if source == laid.source => {
            laid.lines.partition_point(|line| line.range.end <= byte).min(laid.lines.len().saturating_sub(1))
        }
        _ => 0,
    }
}

/// The field that a line is for: the outermost that begins where it does.
pub fn item_of(look: &Look, laid: &Laid, line: usize) -> Option<usize> {
    let begin = laid.lines.get(line)?.range.start as u64 * 8;
    look.items.iter().position(|item| {
        item.kind.key().starts_with(PREFIX)
            && item.span.source == laid.source
            && item.span.bits.start == begin
    })
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, look: &Look, state: &mut BytesState) {
    let item = app.selection.item.unwrap_or_default();
    state.json = laid(look, item, state.json.take());
    let BytesState { top, places, json, .. } = state;
    let Some(laid) = json else { return };
    let height = usize::from(area.height);
    let at = line_at(laid, app.selection.byte);
    *top = paint::scrolled(*top, at, height, laid.lines.len());
    let lit = Lit::new(app, look, laid.source);
    let bytes = look.bytes(laid.source);
    for (row, line) in laid.lines.iter().skip(*top).take(height).enumerate() {
        let place = paint::row(area, row);
        if *top + row == at {
            buf.set_style(place, app.theme.selected[usize::from(app.focus == crate::tui::app::Pane::Bytes)]);
        }
        let mut pen = Pen::new(buf, place);
        pen.skip(1 + line.depth.min(DEEPEST) * INDENT);
        let text = bytes.get(line.range.clone()).unwrap_or_default();
        let mut tokens = Tokens { text, at: 0 }.peekable();
        while let Some(token) = tokens.next() {
            let next = tokens.peek().and_then(|next| text.get(next.start)).copied();
            let part = text.get(token.clone()).unwrap_or_default();
            let plain = style(app, part, next == Some(b':'));
            // No more of a long text is looked at than there is room for.
            let most = pen.room() * 4 + 4;
            let shown = String::from_utf8_lossy(part.get(..most).unwrap_or(part));
            let begin = line.range.start + token.start;
            let is_lit = lit.exact.start < (begin as u64 + 1) * 8 && (begin as u64) * 8 < lit.exact.end;
            let is_whole =
                lit.exact.start <= laid.range.start as u64 * 8 && lit.exact.end >= laid.range.end as u64 * 8;
            let x = place.right() - columns(pen.room());
            pen.peer(&shown, if is_lit && !is_whole { app.theme.lit } else { plain });
            let end = place.right() - columns(pen.room());
            places.push((Rect { x, width: end - x, ..place }, Target::Byte(laid.source, begin)));
            if part == b":" || (part == b"," && next.is_some()) {
                pen.skip(1);
            }
            if pen.room() == 0 {
                break;
            }
        }
        places.push((place, Target::Byte(laid.source, line.range.start)));
    }
    paint::scroll_mark(area, buf, &app.theme, *top..(*top + height).min(laid.lines.len()), laid.lines.len());
}

fn style(app: &App, token: &[u8], is_name: bool) -> Style {
    match token.first() {
        Some(b'"') if is_name => app.theme.protocol("json"),
        Some(b'"') => app.theme.text,
        Some(b'{' | b'}' | b'[' | b']' | b':' | b',') => app.theme.dim,
        _ => app.theme.strong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(text: &str) -> Vec<String> {
        let shown = |line: &Line| {
            format!("{}{}", " ".repeat(line.depth), text.get(line.range.clone()).unwrap().replace('\n', ""))
        };
        lines(text.as_bytes()).iter().map(shown).collect()
    }

    #[test]
    fn a_value_a_line_and_every_token_as_it_was_written() {
        assert_eq!(
            laid_out("{\"b\":1.0e+2,\"a\":[true,\n{}],\"b\":\"x,{\\\"}\"}"),
            ["{", " \"b\":1.0e+2,", " \"a\":[", "  true,", "  {}", " ],", " \"b\":\"x,{\\\"}\"", "}"]
        );
        assert_eq!(laid_out("[]"), ["[]"]);
        assert_eq!(laid_out("[[],1]"), ["[", " [],", " 1", "]"]);
        assert_eq!(laid_out("1"), ["1"]);
        assert_eq!(laid_out("\"a\",{\"b\":2}"), ["\"a\",", "{", " \"b\":2", "}"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_lines_inside_it(text in r#"[\[\]{}",:\\ truefalsn0-9é]{0,64}"#) {
            let mut end = 0;
            for line in lines(text.as_bytes()) {
                assert!(end <= line.range.start && line.range.start < line.range.end);
                end = line.range.end;
            }
            assert!(end <= text.len());
        }
    }
}
