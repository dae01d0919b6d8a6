//! Copies of a transcript, made on the side while its only writer goes on: what was written once never changes.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::control::cannot_write;
use super::transcript::{Storage, TranscriptError};

/// So many bytes are copied at once.
const CHUNK: u64 = 1 << 20;

/// A copy of a transcript as far as it goes: a named file, or one that is gone at the end.
#[derive(Debug)]
pub(super) struct Copy {
    /// Its name, where it has one.
    pub path: Option<PathBuf>,
    /// Where it is.
    pub storage: Storage,
    /// How many bytes were copied.
    pub copied: u64,
}

impl Copy {
    /// Makes the file `path`, which must not exist yet, or one without a name; nothing is copied yet.
    pub fn create(path: Option<PathBuf>) -> Result<Copy, TranscriptError> {
        let storage = match &path {
            Some(path) => Storage::create(path)?,
            None => Storage::unnamed()?,
        };
        Ok(Copy { path, storage, copied: 0 })
    }

    /// Copies what `from` has up to `end`. Where that fails, the copy is removed.
    pub fn up_to(mut self, from: &Storage, end: u64) -> Result<Copy, TranscriptError> {
        match bytes(from, self.copied..end, &self.storage) {
            Ok(()) => {
                self.copied = end;
                Ok(self)
            }
            Err(error) => Err(self.given_up(error)),
        }
    }

    /// Appends `bytes`. Where that fails, the copy is removed.
    pub fn and(mut self, bytes: &[u8]) -> Result<Copy, TranscriptError> {
        match self.storage.append(bytes, self.copied) {
            Ok(()) => {
                self.copied += bytes.len() as u64;
                Ok(self)
            }
            Err(error) => Err(self.given_up(error)),
        }
    }

    /// The copy is complete. Where that cannot be written down, it is removed.
    pub fn finish(self) -> Result<(), TranscriptError> {
        self.storage.finish().map_err(|error| self.given_up(error))
    }

    /// Removes a copy that is not complete: nobody should take it for one.
    fn given_up(&self, error: io::Error) -> TranscriptError {
        let Some(path) = &self.path else { return cannot_write(&std::env::temp_dir(), error) };
        // Best effort: the error that is told matters more.
        let _ = fs::remove_file(path);
        cannot_write(path, error)
    }
}

/// Copies a range.
fn bytes(from: &Storage, mut range: Range<u64>, to: &Storage) -> io::Result<()> {
    let mut buffer = Vec::new();
    while !range.is_empty() {
        buffer.resize((range.end - range.start).min(CHUNK) as usize, 0);
        from.read_exact_at(&mut buffer, range.start)?;
        to.append(&buffer, range.start)?;
        range.start += buffer.len() as u64;
    }
    Ok(())
}

/// Whether both names are of one file.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
