//! What the selected field or unit is, why it is there, and what is wrong with it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Scroll;
use super::layers::sign;
use crate::decode::field::Severity;
use crate::decode::unit::Finding;
use crate::explain::{self, Explanation};
use crate::session::Session;
use crate::tui::app::{App, Pane};
use crate::tui::look::{ItemKind, Look};
use crate::tui::paint::{self, Pen};
use crate::words;

/// A line longer than this is hard to read.
const LONGEST: usize = 76;

/// So many characters of a value are shown.
const MAX_VALUE: usize = 600;

/// A piece of the explanation.
enum Piece {
    /// What it is called, in the colour of its protocol.
    Title(String, &'static str),
    /// Something to read.
    Text(String),
    /// A value of a peer.
    Value(String),
    /// The section of the specification.
    Spec(String),
    /// What is wrong.
    Finding(Severity, String),
    /// Room.
    Gap,
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App, state: &mut Scroll) {
    let inner = paint::frame(area, buf, &app.theme, "Explain", app.has_focus(Pane::Explain));
    let Some(look) = app.looked() else { return };
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let width = usize::from(text.width).min(LONGEST);
    let lines = lines(&pieces(session, app, look), app, width);
    let height = usize::from(text.height);
    state.top = state.top.min(lines.len().saturating_sub(height));
    for (row, (line, style)) in lines.iter().skip(state.top).take(height).enumerate() {
        Pen::new(buf, paint::row(text, row)).put(line, *style);
    }
    paint::scroll_mark(inner, buf, &app.theme, state.top..(state.top + height).min(lines.len()), lines.len());
}

/// The explanation of what is selected, and of the unit's findings.
fn pieces(session: &Session, app: &App, look: &Look) -> Vec<Piece> {
    // What is wrong comes first: it is what one looks for.
    let mut pieces = Vec::new();
    let mut findings: Vec<&Finding> = session.findings(look.unit.id).iter().map(|(_, f)| f).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.rule.severity));
    for finding in findings {
        let told = explain::finding(finding);
        let mask = |text: &str| look.secrets.mask(text);
        let detail = if told.value.is_empty() { String::new() } else { format!(": {}", mask(&told.value)) };
        pieces.push(Piece::Finding(finding.rule.severity, format!("{}{detail}", told.title)));
        pieces.extend([told.what, told.why, told.next].map(|text| Piece::Text(mask(&text))));
        pieces.extend([Piece::Spec(told.spec.to_owned()), Piece::Gap]);
    }
    let item = app.selection.item.unwrap_or_default();
    let key = look.items.get(item).map(|found| found.kind.key());
    let of_field = look.node(item).map(|node| explain::field(session, &look.unit, &look.tree, node));
    let of_layer = || look.layer(item).map(|layer| explain::layer(session, &look.unit, &look.tree, layer));
    pieces.extend(match (of_field, of_layer()) {
        (Some(told), _) | (None, Some(told)) => told_of(told, protocol_of(look, item), look),
        (None, None) => Vec::new(),
    });
    pieces.extend(key.map(|key| Piece::Spec(format!("in filters: {key}"))));
    pieces
}

/// An explanation in pieces: what it is, why it is there, what comes next, where to read on.
fn told_of(told: Explanation, protocol: &'static str, look: &Look) -> Vec<Piece> {
    let mut pieces = vec![Piece::Title(look.secrets.mask(&told.title), protocol)];
    pieces.push(Piece::Value(look.secrets.mask(&told.value)));
    for text in [told.what, told.why, told.next].iter().filter(|text| !text.is_empty()) {
        pieces.extend([Piece::Gap, Piece::Text(look.secrets.mask(text))]);
    }
    pieces.extend([Piece::Gap, Piece::Spec(format!("Read on: {}", told.spec))]);
    pieces
}

/// The key of the protocol that an item is a part of.
fn protocol_of(look: &Look, item: usize) -> &'static str {
    let mut at = Some(item);
    while let Some(found) = at.and_then(|at| look.items.get(at)) {
        if let ItemKind::Layer(protocol) = found.kind {
            return protocol.key;
        }
        at = found.parent;
    }
    ""
}

/// The pieces in lines of at most `width` columns.
fn lines(pieces: &[Piece], app: &App, width: usize) -> Vec<(String, Style)> {
    let theme = &app.theme;
    let mut lines = Vec::new();
    for piece in pieces {
        let (text, style) = match piece {
            Piece::Title(text, protocol) => (
                text.clone(),
                theme.protocol(protocol).patch(Style::new().add_modifier(ratatui::style::Modifier::BOLD)),
            ),
            Piece::Text(text) => (text.clone(), theme.text),
            Piece::Value(text) => (text.chars().take(MAX_VALUE).collect(), theme.strong),
            Piece::Spec(text) => (text.clone(), theme.dim),
            Piece::Finding(severity, text) => {
                (format!("{} {}: {text}", sign(*severity), severity.as_str()), theme.severity(*severity))
            }
            Piece::Gap => (String::new(), theme.text),
        };
        if text.is_empty() && !matches!(piece, Piece::Gap) {
            continue;
        }
        let folded = words::fold(&paint::cell(&text), width.max(1));
        lines.extend(folded.into_iter().flat_map(|line| broken(&line, width)).map(|line| (line, style)));
    }
    lines
}

/// A line in pieces that fit, where a word is longer than it.
fn broken(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for character in line.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(character).unwrap_or_default();
        if used + wide > width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(last) = lines.last_mut() {
            last.push(character);
        }
    }
    lines
}
