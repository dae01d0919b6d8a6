//! What is wrong with a walkthrough, and where.

use std::fmt;
use std::ops::Range;

/// A mistake in a walkthrough's text, or something in it that is not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character of the line, from 1.
    pub column: usize,
    /// What is wrong and what was expected, without a full stop.
    pub message: String,
    /// Names that may have been meant.
    pub nearest: Vec<String>,
}

impl Fault {
    /// Something is wrong at a byte of a text.
    pub(super) fn at(file: &str, text: &str, at: usize, message: String) -> Fault {
        let (line, column) = place(text, at);
        Fault { file: file.to_owned(), line, column, message, nearest: Vec::new() }
    }
}

/// `file:line:column: message`, as compilers write it, so that editors can go there.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        match self.nearest.as_slice() {
            [] => Ok(()),
            names => write!(f, "; did you mean {}?", names.join(" or ")),
        }
    }
}

/// The text of a file, and the faults found in it.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    pub faults: Vec<Fault>,
}

impl<'a> Findings<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Findings<'a> {
        Findings { file, text, faults: Vec::new() }
    }

    /// Something is wrong at a byte of the text.
    pub fn add(&mut self, at: usize, message: impl Into<String>) {
        self.add_with(at, message, Vec::new());
    }

    /// The same, with names that may have been meant.
    pub fn add_with(&mut self, at: usize, message: impl Into<String>, nearest: Vec<String>) {
        let fault = Fault::at(self.file, self.text, at, message.into());
        self.faults.push(Fault { nearest, ..fault });
    }
}

/// The line and the character, both from 1, of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(at)).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before.get(begin..).unwrap_or_default().chars().count() + 1)
}

/// Something that was written, with where: the byte of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written<T> {
    /// What.
    pub value: T,
    /// Where it begins in the file, in bytes.
    pub at: usize,
}

impl<T> Written<T> {
    /// Takes what TOML read in a block that begins at `begin`. Of a text in quotation marks the place is that of its first character.
    pub(super) fn of(spanned: toml::Spanned<T>, begin: usize, block: &str) -> Written<T> {
        let Range { start, end } = spanned.span();
        let written = block.get(start..end).unwrap_or_default();
        let is_text = written.starts_with(['"', '\'']);
        let quotes = match written.get(..3) {
            Some("\"\"\"" | "'''") => 3,
            _ => usize::from(is_text),
        };
        Written { value: spanned.into_inner(), at: begin + start + quotes }
    }
}

/// Of names the ones that are most like what was written.
pub(super) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    /// A name that is less like it is another one.
    const ALIKE: f64 = 0.7;
    const SUGGESTED: usize = 3;
    let mut found: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(written, name), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    found.dedup_by(|a, b| a.1 == b.1);
    found.into_iter().take(SUGGESTED).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_character() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("äb\nc", 2), (1, 2));
        assert_eq!(place("äb\nc", 4), (2, 1));
        assert_eq!(place("a", 99), (1, 2));
    }
}
