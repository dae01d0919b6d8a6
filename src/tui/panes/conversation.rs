//! One connection's bytes as a conversation: who said what, in order, in text or in hexadecimal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::decode::sink::Detail;
use crate::decode::unit::{Source, SourceId, SourceKind, Span, Tree, UnitKind};
use crate::escape;
use crate::session::secrets::{DOTS, Names, Secrets};
use crate::session::{Session, UnitRef};
use crate::tui::app::{App, BytesForm};
use crate::tui::paint::{self, Pen};
use crate::wire::{Direction, Peer};
use crate::words;

/// So many bytes of a unit are shown; the flow's panes show the rest.
const MAX_SHOWN: usize = 16 << 10;

/// Where the conversation is scrolled to: a unit, by its place among the connection's, and a line of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The unit's place.
    pub unit: usize,
    /// The first line of it that is in sight.
    pub line: usize,
}

/// Draws it, from a place on.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App, place: Place) {
    let Some(conversation) = &app.conversation else {
        let inner = paint::frame(area, buf, &app.theme, "Conversation", true);
        Pen::new(buf, inner).put("select a unit in the flow first", app.theme.dim);
        return;
    };
    let title = format!("Conversation of connection {} · client ▶ ◀ server", conversation.conn);
    let inner = paint::frame(area, buf, &app.theme, &title, true);
    let rows = &conversation.rows;
    let place = Place { unit: place.unit.min(rows.len().saturating_sub(1)), ..place };
    let mut row = 0;
    let height = usize::from(inner.height);
    let mut skipped = place.line;
    for at in place.unit..rows.len() {
        let Some(unit) = rows.get(at).and_then(|id| session.unit(id)) else { break };
        let columns = usize::from(inner.width).saturating_sub(4);
        let lines = lines(session, &unit, app.bytes_form, columns, app.hidden());
        let head = head(&unit);
        let style = app.theme.sender(unit.dir);
        for (number, line) in std::iter::once(&head).chain(&lines).enumerate().skip(skipped) {
            if row == height {
                return;
            }
            let mut pen = Pen::new(buf, paint::row(inner, row));
            pen.put("▏ ", style);
            match number {
                0 => pen.put(line, app.theme.strong.patch(style)),
                _ => pen.put(line, app.theme.text),
            };
            row += 1;
        }
        skipped = 0;
    }
}

/// How many lines a unit takes.
pub fn height(
    session: &Session,
    unit: &UnitRef,
    form: BytesForm,
    columns: usize,
    hidden: Option<&Names>,
) -> usize {
    lines(session, unit, form, columns, hidden).len() + 1
}

fn head(unit: &UnitRef) -> String {
    let (arrow, sender) = match unit.dir.sender() {
        Peer::Client => ("▶", "client"),
        _ => ("◀", "server"),
    };
    debug_assert_eq!(unit.dir == Direction::ToServer, arrow == "▶");
    let size = words::count(unit.length, "byte");
    format!("{arrow} {sender}  #{}  {:.3} s  {size}", unit.id.0, unit.at.0 as f64 / 1e9)
}

fn lines(
    session: &Session,
    unit: &UnitRef,
    form: BytesForm,
    columns: usize,
    hidden: Option<&Names>,
) -> Vec<String> {
    match unit.kind {
        UnitKind::Opened => return vec!["opened".to_owned()],
        UnitKind::Closed => return vec!["ended".to_owned()],
        _ => {}
    }
    let tree = match session.look(unit, Detail::Tree) {
        Ok(tree) => tree,
        Err(error) => return vec![error.to_string()],
    };
    let secrets = hidden.map(|names| Secrets::of(&tree, names)).unwrap_or_default();
    let span = said(&tree, unit);
    let bytes = tree.bytes(&span);
    let begin = (span.bits.start / 8) as usize;
    let is_hidden = |at: usize| secrets.covers(span.source, begin + at);
    let shown = bytes.get(..MAX_SHOWN).unwrap_or(bytes);
    let mut lines = match form {
        BytesForm::Hex => {
            let lines = shown.chunks(16).zip((0..).step_by(16));
            lines.map(|(line, first)| hex(line, |at| is_hidden(first + at))).collect()
        }
        _ if secrets.has_any() => text(&dotted(shown, is_hidden), columns.max(1)),
        _ => text(shown, columns.max(1)),
    };
    if bytes.len() > MAX_SHOWN {
        lines.push(format!("… and {}", words::count((bytes.len() - MAX_SHOWN) as u64, "more byte")));
    }
    lines
}

/// Where what its sender said stands: a message without header, mask and compression, else the bytes on the wire.
fn said(tree: &Tree, unit: &UnitRef) -> Span {
    let sources = || (0..).map(SourceId).zip(&tree.sources);
    let whole = |(id, source): (SourceId, &Source)| Span::bytes(id, 0..source.bytes.len());
    let wire = || sources().next().map(whole).unwrap_or_default();
    if unit.kind != UnitKind::Frame {
        return wire();
    }
    let derived = [SourceKind::Inflated, SourceKind::Reassembled, SourceKind::Unmasked];
    let message = derived.iter().find_map(|kind| sources().find(|(_, source)| source.kind == *kind));
    let fields = tree.layers.first().map(|layer| &layer.nodes[..]).unwrap_or_default();
    let payload = fields.iter().find(|node| node.def.key == "websocket.payload");
    message.map(whole).or_else(|| payload.map(|node| node.span.clone())).unwrap_or_else(wire)
}

fn hex(line: &[u8], is_hidden: impl Fn(usize) -> bool) -> String {
    let bytes = || line.iter().copied().enumerate();
    let digits = bytes().map(|(at, byte)| match is_hidden(at) {
        true => "••".to_owned(),
        false => format!("{byte:02x}"),
    });
    let text: String =
        bytes().map(|(at, byte)| if is_hidden(at) { '•' } else { escape::byte(byte) }).collect();
    format!("{:<47}  {text}", digits.collect::<Vec<_>>().join(" "))
}

/// Bytes with dots in place of each secret.
fn dotted(bytes: &[u8], is_hidden: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut dotted = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        match is_hidden(at) {
            false => dotted.push(*byte),
            true if at > 0 && is_hidden(at - 1) => {}
            true => dotted.extend(DOTS.bytes()),
        }
    }
    dotted
}

/// Bytes as lines of text: broken where they break and where the pane ends, each byte that is no text as a dot.
fn text(bytes: &[u8], columns: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = paint::cell(line).replace('\u{fffd}', "·");
        let mut rest = line.as_str();
        loop {
            let fitting = words::fitting(rest, columns);
            lines.push(fitting.to_owned());
            rest = rest.get(fitting.len()..).unwrap_or_default();
            if rest.is_empty() || fitting.is_empty() {
                break;
            }
        }
    }
    lines
}
