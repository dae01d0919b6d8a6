//! The chunked transfer coding (RFC 9112 §7.1), one piece at a time.

use std::ops::Range;

use memchr::memchr;

use super::rules;
use super::text::{crop, trim};
use crate::decode::field::Rule;
use crate::decode::limits::MAX_HEAD;

/// The longest line with a chunk size and its extensions.
const MAX_LINE: usize = 16 << 10;

/// Reads a chunked body piece by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// Up to here the unfinished line holds no line end.
    searched: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum State {
    #[default]
    Size,
    /// So many bytes of the chunk's data are still to come, at least one.
    Data(u64),
    /// The line end behind the data.
    DataEnd,
    /// The trailer section, of which so many bytes may still come.
    Trailer(usize),
    End,
    Broken,
}

/// What the beginning of the input is. `len` bytes, at least one, are taken, if any are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// More bytes are needed. None were taken: give them again with more behind them.
    Need,
    /// The line in front of a chunk.
    Size {
        /// The line's length, its end included.
        len: usize,
        /// How many bytes of data follow; none in the last chunk.
        size: u64,
        /// Where in the line the digits are.
        digits: Range<usize>,
        /// Where in the line the chunk extensions are, without the first `;`; empty where there are none.
        extensions: Range<usize>,
        /// What is odd about the line.
        odd: Option<&'static Rule>,
    },
    /// Data of the chunk.
    Data {
        /// How many bytes.
        len: usize,
    },
    /// The line end behind the data.
    DataEnd {
        /// Its length.
        len: usize,
        /// What is odd about it.
        odd: Option<&'static Rule>,
    },
    /// A trailer field.
    Trailer {
        /// The line's length, its end included.
        len: usize,
    },
    /// The empty line at the end of the body.
    Last {
        /// Its length.
        len: usize,
    },
    /// The body is complete; nothing was taken.
    End,
    /// This is no chunked body any more. Nothing was taken, and nothing ever will be.
    Broken {
        /// What is wrong.
        rule: &'static Rule,
        /// The bytes that are wrong, as a short phrase.
        detail: String,
    },
}

impl Piece {
    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        match self {
            Piece::Size { len, .. }
            | Piece::Data { len }
            | Piece::DataEnd { len, .. }
            | Piece::Trailer { len }
            | Piece::Last { len } => *len,
            Piece::Need | Piece::End | Piece::Broken { .. } => 0,
        }
    }
}

impl Chunked {
    /// Says what the beginning of `input` is. The caller drops what was taken and calls again.
    pub(super) fn next(&mut self, input: &[u8]) -> Piece {
        match self.state {
            State::Size => self.size(input),
            State::Data(left) => {
                let len = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                if len == 0 {
                    return Piece::Need;
                }
                let left = left - len as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                Piece::Data { len }
            }
            State::DataEnd => self.data_end(input),
            State::Trailer(allowed) => self.trailer(input, allowed),
            State::End => Piece::End,
            State::Broken => self.broken(&rules::BAD_CHUNK_SIZE, ""),
        }
    }

    fn size(&mut self, input: &[u8]) -> Piece {
        let Some(len) = self.line(input) else {
            return if input.len() > MAX_LINE {
                self.broken(&rules::LONG_CHUNK_LINE, "")
            } else {
                Piece::Need
            };
        };
        if len > MAX_LINE {
            return self.broken(&rules::LONG_CHUNK_LINE, "");
        }
        let (inside, bare) = without_end(input, len);
        let before_extensions = memchr(b';', inside).unwrap_or(inside.len());
        let digits = trim(inside, 0..before_extensions);
        let text = std::str::from_utf8(inside.get(digits.clone()).unwrap_or_default()).unwrap_or_default();
        let only_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        let size = if only_digits { u64::from_str_radix(text, 16).ok() } else { None };
        let Some(size) = size else {
            return self.broken(&rules::BAD_CHUNK_SIZE, &String::from_utf8_lossy(inside));
        };
        self.state = if size == 0 { State::Trailer(MAX_HEAD) } else { State::Data(size) };
        let odd = if bare {
            Some(&rules::CHUNK_BARE_LF)
        } else {
            (digits != (0..before_extensions)).then_some(&rules::CHUNK_SPACE)
        };
        let extensions = (before_extensions + 1).min(inside.len())..inside.len();
        Piece::Size { len, size, digits, extensions, odd }
    }

    fn data_end(&mut self, input: &[u8]) -> Piece {
        let (len, odd) = match input {
            [] | [b'\r'] => return Piece::Need,
            [b'\r', b'\n', ..] => (2, None),
            [b'\n', ..] => (1, Some(&rules::CHUNK_BARE_LF)),
            _ => {
                let shown = input.get(..16).unwrap_or(input);
                return self.broken(&rules::BAD_CHUNK_END, &String::from_utf8_lossy(shown));
            }
        };
        self.state = State::Size;
        Piece::DataEnd { len, odd }
    }

    fn trailer(&mut self, input: &[u8], allowed: usize) -> Piece {
        let Some(len) = self.line(input) else {
            return if input.len() > allowed {
                self.broken(&rules::LONG_CHUNK_LINE, "")
            } else {
                Piece::Need
            };
        };
        if len > allowed {
            return self.broken(&rules::LONG_CHUNK_LINE, "");
        }
        if without_end(input, len).0.is_empty() {
            self.state = State::End;
            return Piece::Last { len };
        }
        self.state = State::Trailer(allowed - len);
        Piece::Trailer { len }
    }

    /// The length of the line at the beginning of `input`, its end included, if it is complete.
    fn line(&mut self, input: &[u8]) -> Option<usize> {
        let found = memchr(b'\n', input.get(self.searched..).unwrap_or_default());
        let len = found.map(|n| self.searched + n + 1);
        self.searched = if len.is_some() { 0 } else { input.len() };
        len
    }

    fn broken(&mut self, rule: &'static Rule, detail: &str) -> Piece {
        self.state = State::Broken;
        Piece::Broken { rule, detail: crop(detail, 40) }
    }
}

/// The first `len` bytes, a line, without its end, and whether that end is a bare LF.
fn without_end(input: &[u8], len: usize) -> (&[u8], bool) {
    let line = input.get(..len).unwrap_or(input);
    match line {
        [inside @ .., b'\r', b'\n'] => (inside, false),
        [inside @ .., b'\n'] => (inside, true),
        _ => (line, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All pieces of `input`, given at once, up to the first that takes nothing.
    fn pieces(input: &[u8]) -> Vec<Piece> {
        let mut chunked = Chunked::default();
        let mut at = 0;
        let mut all = Vec::new();
        loop {
            let piece = chunked.next(&input[at..]);
            at += piece.len();
            let last = piece.len() == 0;
            all.push(piece);
            if last {
                return all;
            }
        }
    }

    fn data(input: &[u8]) -> Vec<u8> {
        let mut at = 0;
        let mut data = Vec::new();
        for piece in pieces(input) {
            if let Piece::Data { len } = piece {
                data.extend_from_slice(&input[at..at + len]);
            }
            at += piece.len();
        }
        data
    }

    fn breaks(input: &[u8]) -> &'static str {
        match pieces(input).pop() {
            Some(Piece::Broken { rule, .. }) => rule.key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn chunks_extensions_and_trailers() {
        let body = b"4;a=1\r\nWiki\r\n5\r\npedia\r\n0\r\nX: y\r\n\r\nrest";
        assert_eq!(data(body), b"Wikipedia");
        let all = pieces(body);
        let first = Piece::Size { len: 7, size: 4, digits: 0..1, extensions: 2..5, odd: None };
        assert_eq!(all[0], first);
        assert_eq!(all[all.len() - 3..], [Piece::Trailer { len: 6 }, Piece::Last { len: 2 }, Piece::End]);
    }

    #[test]
    fn broken_sizes_and_ends() {
        assert_eq!(breaks(b"xyz\r\n"), "http.bad_chunk_size");
        assert_eq!(breaks(b"\r\n"), "http.bad_chunk_size");
        assert_eq!(breaks(b"+4\r\n"), "http.bad_chunk_size");
        assert_eq!(breaks(b"11111111111111111\r\n"), "http.bad_chunk_size");
        assert_eq!(breaks(b"1\r\nab\r\n"), "http.bad_chunk_end");
        assert_eq!(breaks(&[b'1'; MAX_LINE + 1]), "http.long_chunk_line");
        let mut trailers = b"0\r\n".to_vec();
        trailers.extend(b"X: y\r\n".repeat(MAX_HEAD / 6 + 1));
        assert_eq!(breaks(&trailers), "http.long_chunk_line");
    }

    #[test]
    fn odd_lines_are_read_and_said() {
        let odd = |input: &[u8]| match pieces(input).remove(0) {
            Piece::Size { size, odd, .. } => (size, odd.map(|r| r.key)),
            other => panic!("{other:?}"),
        };
        assert_eq!(odd(b"a \r\n"), (10, Some("http.chunk_space")));
        assert_eq!(odd(b"A\n"), (10, Some("http.chunk_bare_lf")));
        assert_eq!(odd(b"00F\r\n"), (15, None));
    }

    #[test]
    fn an_unfinished_piece_needs_more() {
        for input in [&b""[..], b"4", b"4\r", b"4\r\n", b"1\r\na", b"1\r\na\r", b"0\r\n", b"0\r\nX: y\r\n\r"]
        {
            assert_eq!(pieces(input).pop(), Some(Piece::Need), "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_chunked_comes_out(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8)) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend(format!("{:x}\r\n", chunk.len()).bytes());
                body.extend(chunk);
                body.extend(b"\r\n");
            }
            body.extend(b"0\r\n\r\n");
            prop_assert_eq!(data(&body), chunks.concat());
            prop_assert_eq!(pieces(&body).pop(), Some(Piece::End));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(input in "[0-9a-f;\r\n]{0,40}") {
            pieces(input.as_bytes());
        }
    }
}
