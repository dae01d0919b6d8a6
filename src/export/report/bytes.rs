//! The bytes of a unit, as a report shows them.

use crate::decode::unit::{SourceKind, Tree};
use crate::export::hex;

/// So many lines of bytes are shown.
const MAX_LINES: usize = 24;

/// So many characters of a line.
const MAX_LINE: usize = 160;

/// So many bytes in hexadecimal.
const MAX_HEX: usize = 96;

/// The lines of a unit's bytes: as text, where they are text; else in hexadecimal, and what they carry as text below.
pub fn lines(tree: &Tree) -> Vec<String> {
    let Some(wire) = tree.sources.first() else { return Vec::new() };
    let mut lines = match text(&wire.bytes) {
        Some(text) => return cut(text),
        None => dump(&wire.bytes),
    };
    let carried = tree.sources.iter().filter(|source| {
        matches!(
            source.kind,
            SourceKind::Unmasked | SourceKind::Inflated | SourceKind::Reassembled | SourceKind::Decoded
        )
    });
    if let Some(source) = carried.last()
        && let Some(text) = text(&source.bytes)
    {
        lines.push(format!("{}:", source.kind.as_str()));
        lines.extend(cut(text));
    }
    lines
}

fn text(bytes: &[u8]) -> Option<&str> {
    let is_text =
        |text: &&str| text.chars().all(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t' | '\x1e'));
    std::str::from_utf8(bytes).ok().filter(is_text)
}

fn cut(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .split_terminator("\n")
        .take(MAX_LINES)
        .map(|line| crate::words::cut(&crate::escape::line(line.trim_end_matches('\r')), MAX_LINE))
        .collect();
    if text.split_terminator("\n").count() > MAX_LINES {
        lines.push("…".to_owned());
    }
    lines
}

fn dump(bytes: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    let shown = bytes.get(..bytes.len().min(MAX_HEX)).unwrap_or_default();
    // Writing into a Vec cannot fail.
    let _ = hex::dump(shown, "", &mut out);
    let mut lines: Vec<String> = String::from_utf8_lossy(&out).lines().map(str::to_owned).collect();
    if bytes.len() > MAX_HEX {
        lines.push(format!("… {} bytes in all", bytes.len()));
    }
    lines
}
