//! Summaries of bounded length: a line that stops growing, and JSON written without its white space.

/// At most so many characters of a peer's text stand in a summary.
const LONGEST: usize = 400;

/// A line of a summary. Takes texts of any length at the cost of what it shows of them.
#[derive(Debug)]
pub(crate) struct Line {
    text: String,
    room: usize,
    cut: bool,
}

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Line {
        Line { text: String::new(), room: LONGEST, cut: false }
    }

    /// A line that begins with `text`.
    pub(crate) fn from(text: &str) -> Line {
        let mut line = Line::new();
        line.push(text);
        line
    }

    /// Adds as much of `text` as there is room for.
    pub(crate) fn push(&mut self, text: &str) {
        for char in text.chars() {
            if !self.push_char(char) {
                break;
            }
        }
    }

    /// Adds a valid JSON text, without the white space between its tokens.
    pub(crate) fn push_json(&mut self, text: &str) {
        Compact::default().write(text, self);
    }

    /// Whether something was left out, so that more need not be tried.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// The line, with `…` where it was cut, and `tail` behind it in full.
    pub(crate) fn finish(mut self, tail: &str) -> String {
        if self.cut {
            self.text.push('…');
        }
        self.text.push_str(tail);
        self.text
    }

    fn push_char(&mut self, char: char) -> bool {
        match self.room.checked_sub(1) {
            Some(room) if !self.cut => {
                self.room = room;
                self.text.push(char);
                true
            }
            _ => {
                self.cut = true;
                false
            }
        }
    }
}

/// Writes JSON without white space between tokens, except for one space behind a comma that stands outside
/// all brackets, as between arguments. Keeps its place, so that a text can be written in pieces.
#[derive(Debug, Default)]
pub(crate) struct Compact {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Compact {
    /// Adds the next piece of a valid JSON text, or of the inside of an array, to `line`.
    pub(crate) fn write(&mut self, text: &str, line: &mut Line) {
        for char in text.chars() {
            let shown = self.in_string || !char.is_ascii_whitespace();
            self.step(char);
            if shown && !line.push_char(char) {
                break;
            }
            if char == ',' && self.depth == 0 && !self.in_string {
                line.push(" ");
            }
        }
    }

    fn step(&mut self, char: char) {
        match char {
            _ if self.escaped => self.escaped = false,
            '\\' if self.in_string => self.escaped = true,
            '"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            '[' | '{' => self.depth += 1,
            ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_loses_its_white_space_but_not_that_of_its_strings() {
        #[rustfmt::skip]
        let cases = [
            ("{ \"a\" : [ 1 , 2 ] }", "{\"a\":[1,2]}"),
            ("\"a , b\" ,\n 2",        "\"a , b\", 2"),
            (r#""a\" , " , [ 1,2 ]"#,  r#""a\" , ", [1,2]"#),
            (r#""\\" , 1"#,            r#""\\", 1"#),
            ("", ""),
        ];
        for (text, expected) in cases {
            let mut line = Line::new();
            line.push_json(text);
            assert_eq!(line.finish(""), expected, "{text}");
        }
    }

    #[test]
    fn a_line_is_cut_between_characters_and_keeps_its_tail() {
        let mut line = Line::from("é".repeat(LONGEST).as_str());
        assert!(!line.is_cut());
        line.push("x");
        assert!(line.is_cut());
        line.push("y");
        assert_eq!(line.finish(" (ack 1)"), "é".repeat(LONGEST) + "… (ack 1)");
    }

    #[test]
    fn a_cut_line_takes_nothing_more() {
        let mut line = Line::from(&"x".repeat(LONGEST + 1));
        line.push_json("[1]");
        assert_eq!(line.finish(""), "x".repeat(LONGEST) + "…");
    }
}
