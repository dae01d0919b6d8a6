//! Where a transcript ends: after a whole line, or in the middle of one.

use std::io;

use super::line;
use super::storage::Storage;

/// So many bytes are searched for a line feed at once.
const BLOCK: u64 = 64 << 10;

/// How a transcript ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) struct Ending {
    /// Where its last whole record ends.
    pub end: u64,
    /// Whether that one lacks nothing but its line feed.
    pub lacks_line_feed: bool,
    /// How many bytes of a line that is cut off are behind it.
    pub cut_off: u64,
}

impl Ending {
    /// How the text in `storage` ends.
    pub fn of(storage: &Storage) -> io::Result<Ending> {
        let len = storage.len()?;
        let (mut begin, mut tail) = (len, Vec::new());
        while begin > 0 {
            let mut block = vec![0; begin.min(BLOCK) as usize];
            begin -= block.len() as u64;
            storage.read_exact_at(&mut block, begin)?;
            let last = memchr::memrchr(b'\n', &block);
            let rest = last.map_or(0, |at| at + 1);
            begin += rest as u64;
            block.drain(..rest);
            block.append(&mut tail);
            tail = block;
            if last.is_some() {
                break;
            }
        }
        let is_record = std::str::from_utf8(&tail).is_ok_and(|text| line::read(text).is_ok());
        Ok(match (tail.is_empty(), is_record) {
            (true, _) => Ending { end: len, lacks_line_feed: false, cut_off: 0 },
            (false, true) => Ending { end: len, lacks_line_feed: true, cut_off: 0 },
            (false, false) => Ending { end: begin, lacks_line_feed: false, cut_off: tail.len() as u64 },
        })
    }
}
