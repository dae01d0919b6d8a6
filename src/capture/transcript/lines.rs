//! Reads single lines of a transcript back, wherever they are.

use std::io;

use bytes::Bytes;

use super::line;
use super::storage::Storage;
use crate::session::{Records, StoreError};
use crate::wire::What;

/// How much longer than its bytes a line is at least, by what it says beside them.
const OVERHEAD: usize = 160;

/// The lines of a transcript.
#[derive(Debug)]
pub struct Lines {
    storage: Storage,
}

impl Lines {
    /// The lines of the text in `storage`.
    pub(in crate::capture) fn new(storage: Storage) -> Lines {
        Lines { storage }
    }

    /// The line at `offset`, without its line feed. `guess` is how long it may be.
    fn line(&self, offset: u64, guess: usize) -> io::Result<Vec<u8>> {
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

impl Records for Lines {
    fn bytes_at(&self, offset: u64, len: usize) -> Result<Bytes, StoreError> {
        let line = self.line(offset, OVERHEAD + len.div_ceil(3) * 4)?;
        let record = std::str::from_utf8(&line).ok().and_then(|text| line::read(text).ok()).flatten();
        match record.map(|r| r.what) {
            Some(What::Received { bytes, .. } | What::Sent { bytes, .. } | What::Told { bytes, .. }) => {
                Ok(bytes)
            }
            _ => Err(StoreError::Changed(offset)),
        }
    }
}
