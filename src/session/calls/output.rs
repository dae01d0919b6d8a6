//! What the server that wirewalk runs wrote to its terminal, as lines.

use std::collections::VecDeque;

use super::limits::MAX_OUTPUT;
use crate::wire::Timestamp;

/// So many bytes of one line are kept together.
const MAX_LINE: usize = 4 << 10;

/// The server's output, its last lines.
#[derive(Debug, Default)]
pub struct Output {
    lines: VecDeque<(Timestamp, String)>,
    /// The bytes of a line that is not complete.
    rest: Vec<u8>,
    kept: usize,
    /// How many lines were there before those that are kept.
    before: usize,
    exited: Option<(Timestamp, String)>,
}

impl Output {
    /// Takes what was written next.
    pub(in crate::session) fn take(&mut self, at: Timestamp, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' || self.rest.len() >= MAX_LINE {
                self.end_line(at);
            }
            if byte != b'\n' {
                self.rest.push(byte);
            }
        }
        while self.kept > MAX_OUTPUT {
            let Some((_, line)) = self.lines.pop_front() else { break };
            self.kept -= line.len() + 1;
            self.before += 1;
        }
    }

    fn end_line(&mut self, at: Timestamp) {
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned();
        let line = without_controls(text.trim_end_matches('\r'));
        self.kept += line.len() + 1;
        self.lines.push_back((at, line));
    }

    /// Takes how it ended.
    pub(in crate::session) fn exit(&mut self, at: Timestamp, how: &str) {
        if !self.rest.is_empty() {
            self.end_line(at);
        }
        self.exited = Some((at, how.to_owned()));
    }

    /// Whether nothing was written, and the server has not ended.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.rest.is_empty() && self.exited.is_none()
    }

    /// The lines that are kept, oldest first, each with the time at which it was complete. Colours are taken out; what else is no text
    /// is still in them.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = (Timestamp, &str)> + ExactSizeIterator {
        self.lines.iter().map(|(at, line)| (*at, line.as_str()))
    }

    /// How many lines there were before those that are kept.
    pub fn before(&self) -> usize {
        self.before
    }

    /// When and how the server ended, such as `exit code 1`.
    pub fn exited(&self) -> Option<(Timestamp, &str)> {
        self.exited.as_ref().map(|(at, how)| (*at, how.as_str()))
    }
}

/// A line without the control sequences (ECMA-48) by which programs colour their output. A carriage return that is followed by
/// something begins the line again, as on a terminal.
fn without_controls(line: &str) -> String {
    let line = line.rsplit('\r').next().unwrap_or_default();
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            text.push(character);
            continue;
        }
        if characters.next_if_eq(&'[').is_some() {
            // Parameters, up to the final byte.
            for parameter in characters.by_ref() {
                if ('@'..='~').contains(&parameter) {
                    break;
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_without_colours() {
        let mut output = Output::default();
        output.take(Timestamp(1), b"\x1b[31mWARN");
        output.take(Timestamp(2), b"ING\x1b[0m: this is\r\n 10%\r 90%\nrest");
        let lines: Vec<_> = output.lines().collect();
        assert_eq!(lines, [(Timestamp(2), "WARNING: this is"), (Timestamp(2), " 90%")]);
        output.exit(Timestamp(3), "exit code 1");
        assert_eq!(output.lines().last(), Some((Timestamp(3), "rest")));
        assert_eq!(output.exited(), Some((Timestamp(3), "exit code 1")));
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut output = Output::default();
        for _ in 0..20 {
            output.take(Timestamp(1), &vec![b'x'; MAX_OUTPUT / 10]);
        }
        output.take(Timestamp(2), b"\nlast\n");
        assert_eq!(output.lines().last(), Some((Timestamp(2), "last")));
        assert!(output.before() > 0 && output.kept <= MAX_OUTPUT);
        assert!(output.lines().all(|(_, line)| line.len() <= MAX_LINE));
    }
}
