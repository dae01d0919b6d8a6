//! The source of a function, read from where it is installed.

use std::fs;
use std::path::Path;

use super::highlight::{self, Piece};

/// A longer file is no source that someone wrote.
const MAX_BYTES: u64 = 4 << 20;

/// How files of source end. A transcript is a stranger's, and can name any file.
const ENDINGS: [&str; 11] = ["py", "pyw", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "rs"];

/// A file of source: its lines, in pieces of one kind each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The lines.
    pub lines: Vec<Vec<Piece>>,
}

impl Source {
    /// Reads a file. The error says in a few words why it cannot be shown.
    pub fn read(path: &str) -> Result<Source, String> {
        Ok(Source::of(&text(path)?, path))
    }

    /// The source that a text is; the ending of its path says in which language.
    pub fn of(text: &str, path: &str) -> Source {
        Source { lines: highlight::lines(text, ending(path)) }
    }

    /// Whether a line, from 1, has this word: by this it is known whether the file is the version that was traced.
    pub fn has(&self, line: u32, word: &str) -> bool {
        let line = (line as usize).checked_sub(1).and_then(|at| self.lines.get(at));
        line.is_some_and(|pieces| {
            pieces.iter().map(|piece| piece.text.as_str()).collect::<String>().contains(word)
        })
    }
}

/// The text of a file of source.
pub fn text(path: &str) -> Result<String, String> {
    if !ENDINGS.contains(&ending(path)) {
        return Err("it is no file of source that is known".to_owned());
    }
    match fs::metadata(path) {
        Err(error) => Err(format!("it is not here: {error}")),
        Ok(found) if found.len() > MAX_BYTES => Err("it is too long to be shown".to_owned()),
        Ok(_) => fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}")),
    }
}

fn ending(path: &str) -> &str {
    Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_what_is_none_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.py");
        fs::write(&path, "import a\n\ndef f():\n    return 1\n").unwrap();
        let source = Source::read(path.to_str().unwrap()).unwrap();
        assert_eq!(source.lines.len(), 4);
        assert!(source.has(3, "f") && !source.has(4, "def") && !source.has(0, "") && !source.has(99, ""));
        assert!(Source::read("/etc/passwd").unwrap_err().contains("no file of source"));
        assert!(Source::read("/nowhere/x.py").unwrap_err().contains("not here"));
    }
}
