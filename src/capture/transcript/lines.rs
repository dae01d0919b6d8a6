//! Reads single lines of a transcript back, wherever they are.

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::line;
use super::storage::Storage;
use crate::session::{Records, StoreError};

/// How much longer than its bytes a line is at least, by what it says beside them.
const OVERHEAD: usize = 160;

/// No record has more bytes: its line would be refused.
const MAX_LENGTH: usize = 64 << 20;

/// So many bytes are read at once, since who asks for one line often asks for the next ones too.
const BLOCK: usize = 64 << 10;

/// So many blocks are kept: several threads may read in several places.
const BLOCKS: usize = 16;

/// The lines of a transcript.
#[derive(Debug)]
pub struct Lines {
    storage: Storage,
    blocks: [Mutex<Block>; BLOCKS],
}

/// A part of the text, from a multiple of [`BLOCK`] on.
#[derive(Debug, Default)]
struct Block {
    begin: u64,
    bytes: Vec<u8>,
    /// How often bytes had been taken back by then.
    taken_back: u64,
}

impl Lines {
    /// The lines of the text in `storage`.
    pub(in crate::capture) fn new(storage: Storage) -> Lines {
        Lines { storage, blocks: Default::default() }
    }

    /// What `take` makes of the line at `offset`, without its line feed. `guess` is how long it may be.
    fn line<T>(&self, offset: u64, guess: usize, take: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        let begin = offset - offset % BLOCK as u64;
        let within = (offset - begin) as usize;
        if within + guess <= BLOCK {
            let place = (begin / BLOCK as u64) as usize % BLOCKS;
            let mut block = self.blocks[place].lock().unwrap_or_else(PoisonError::into_inner);
            // What a block lacks may have been written meanwhile.
            let is_current = block.begin == begin && block.taken_back == self.storage.taken_back();
            if !is_current || end_of_line(&block.bytes, within).is_none() {
                self.fill(&mut block, begin)?;
            }
            if let Some(end) = end_of_line(&block.bytes, within) {
                return Ok(take(block.bytes.get(within..end).unwrap_or_default()));
            }
        }
        Ok(take(&self.long_line(offset, guess)?))
    }

    fn fill(&self, block: &mut Block, begin: u64) -> io::Result<()> {
        (block.begin, block.taken_back) = (begin, self.storage.taken_back());
        block.bytes.resize(BLOCK, 0);
        let mut filled = 0;
        while let Some(room) = block.bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.storage.read_at(room, begin + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        block.bytes.truncate(filled);
        Ok(())
    }

    /// A line that is in no block as a whole.
    fn long_line(&self, offset: u64, guess: usize) -> io::Result<Vec<u8>> {
        let mut line = vec![0; guess];
        let mut filled = 0;
        loop {
            let room = line.get_mut(filled..).unwrap_or_default();
            let read = self.storage.read_at(room, offset + filled as u64)?;
            let fresh = room.get(..read).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', fresh) {
                line.truncate(filled + end);
                return Ok(line);
            }
            filled += read;
            if read == 0 {
                line.truncate(filled);
                return Ok(line);
            }
            if filled == line.len() {
                line.resize(filled * 2, 0);
            }
        }
    }
}

fn end_of_line(bytes: &[u8], begin: usize) -> Option<usize> {
    Some(begin + memchr::memchr(b'\n', bytes.get(begin..)?)?)
}

impl Records for Lines {
    fn bytes_at(&self, offset: u64, len: usize) -> Result<Bytes, StoreError> {
        if len > MAX_LENGTH {
            return Err(StoreError::Changed(offset));
        }
        let bytes = self.line(offset, OVERHEAD + len.div_ceil(3) * 4, line::bytes)?;
        bytes.ok_or(StoreError::Changed(offset))
    }
}
