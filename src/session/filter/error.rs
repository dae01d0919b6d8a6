//! What is wrong with a filter, and where.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::escape;

/// A text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// What was expected, as a sentence without its full stop.
    pub message: String,
    /// Where in the text the mistake is, in bytes.
    pub column: usize,
    /// How many bytes of the text are the mistake; 0 where something is missing at its end.
    pub width: usize,
    /// The known names that are most like what was written.
    pub nearest: Vec<&'static str>,
    text: String,
}

impl FilterError {
    pub(super) fn new(text: &str, at: Range<usize>, message: impl Into<String>) -> FilterError {
        FilterError {
            message: message.into(),
            column: at.start,
            width: at.end.saturating_sub(at.start),
            nearest: Vec::new(),
            text: text.to_owned(),
        }
    }

    /// Adds those of `names` that are most like `written`.
    pub(super) fn suggest(mut self, written: &str, names: impl Iterator<Item = &'static str>) -> FilterError {
        self.nearest = nearest(written, names);
        self
    }

    fn part(&self, range: Range<usize>) -> std::borrow::Cow<'_, str> {
        escape::line(self.text.get(range).unwrap_or_default())
    }
}

/// The sentence, the text, and below it carets where the mistake is.
impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escape::line(&self.message))?;
        if !self.nearest.is_empty() {
            write!(f, "; did you mean {}?", self.nearest.join(" or "))?;
        }
        let end = self.column + self.width;
        let before = self.part(0..self.column);
        let mistake = self.part(self.column..end);
        write!(f, "\n  {before}{mistake}{}", self.part(end..self.text.len()))?;
        write!(f, "\n  {}{}", " ".repeat(before.width()), "^".repeat(mistake.width().max(1)))
    }
}

impl std::error::Error for FilterError {}

/// At most so many names are suggested.
const SUGGESTED: usize = 3;

/// Longer words are like no name.
const MAX_WORD: usize = 64;

/// A name that differs by more characters is another one.
const MAX_DISTANCE: usize = 3;

/// The names that are most like what was written.
pub(super) fn nearest(written: &str, names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    if written.len() > MAX_WORD {
        return Vec::new();
    }
    let written = written.to_lowercase();
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let distance = |name: &'static str| {
        // Whoever leaves the protocol out means the field: `opcode` for `websocket.opcode`.
        let is_last = !written.contains('.') && name.contains('.') && last(name) == written;
        let distance = if is_last { 1 } else { distance(&written, &name.to_lowercase()) };
        (distance, name.matches('.').count(), name)
    };
    let limit = (written.chars().count() / 3).clamp(1, MAX_DISTANCE);
    let mut found: Vec<_> = names.map(distance).filter(|(distance, ..)| *distance <= limit).collect();
    found.sort();
    found.into_iter().map(|(_, _, name)| name).take(SUGGESTED).collect()
}

/// How many characters must be put in, left out or changed to make `b` of `a` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.chars().enumerate() {
            let changed = before + usize::from(from != to);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_below_the_mistake() {
        let error = FilterError::new("你 \u{1b} == x", 4..5, "no \u{1b}");
        assert_eq!(error.to_string(), "no \\u{1b}\n  你 \\u{1b} == x\n     ^^^^^^");
        let error = FilterError::new("a ==", 4..4, "expected a value");
        assert_eq!(error.to_string(), "expected a value\n  a ==\n      ^");
    }

    #[test]
    fn the_nearest_names_are_found() {
        let names = ["websocket.opcode", "websocket.fin", "http.host"];
        for (written, expected) in [
            ("websocket.opcod", vec!["websocket.opcode"]),
            ("opcode", vec!["websocket.opcode"]),
            ("http.hots", vec!["http.host"]),
            ("nothing", vec![]),
        ] {
            assert_eq!(nearest(written, names.into_iter()), expected, "{written}");
        }
    }

    #[test]
    fn a_distance_counts_changes() {
        for (a, b, expected) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("äb", "b", 1)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
