//! Appends to a transcript: a named file that someone keeps, or an unnamed one for as long as wirewalk runs.

use std::io;
use std::path::Path;

use super::line::{self, Header};
use super::lines::Lines;
use super::reader::{Reader, TranscriptError};
use super::storage::Storage;
use crate::capture::control::cannot_write;
use crate::wire::Record;

/// Appends records. What is appended is on disk after the next [`Writer::flush`].
#[derive(Debug)]
pub struct Writer {
    storage: Storage,
    buffer: Vec<u8>,
    /// How many bytes of complete lines are stored.
    flushed: u64,
}

impl Writer {
    /// Makes the file `path`, which must not exist yet, readable and writable by its owner alone, and writes the
    /// header. Where its name ends in `.zst` it is compressed.
    pub fn create(path: &Path, header: &Header) -> Result<Writer, TranscriptError> {
        let mut writer = Writer::new(Storage::create(path)?, header);
        writer.flush().map_err(|error| cannot_write(path, error))?;
        Ok(writer)
    }

    /// Makes a transcript without a name, which is gone when wirewalk ends, however it ends.
    pub fn unnamed(header: &Header) -> Result<Writer, TranscriptError> {
        let mut writer = Writer::new(Storage::unnamed()?, header);
        writer.flush().map_err(|error| cannot_write(&std::env::temp_dir(), error))?;
        Ok(writer)
    }

    /// Appends to an empty storage.
    pub(in crate::capture) fn new(storage: Storage, header: &Header) -> Writer {
        let mut buffer = Vec::new();
        // Writing into a Vec cannot fail, and a header always serializes.
        let _ = serde_json::to_writer(&mut buffer, header);
        buffer.push(b'\n');
        Writer { storage, buffer, flushed: 0 }
    }

    /// Where it is written, and how many bytes of it are and never change.
    pub(in crate::capture) fn written(&self) -> (Storage, u64) {
        (self.storage.clone(), self.flushed)
    }

    /// How many bytes are written.
    pub fn bytes_written(&self) -> u64 {
        self.flushed
    }

    /// Goes on in `storage`, which holds the same bytes. Nothing waits to be flushed.
    pub(in crate::capture) fn go_on_in(&mut self, storage: Storage) {
        self.storage = storage;
    }

    /// The lines that were flushed, to read them back.
    pub fn lines(&self) -> Lines {
        Lines::new(self.storage.clone())
    }

    /// Reads what was flushed, from its beginning. `path` is what errors call it.
    pub fn reader(&self, path: &Path) -> Result<Reader, TranscriptError> {
        Reader::of(self.storage.clone(), path)
    }

    /// Appends a record, and gives the offset of its line in the file.
    pub fn append(&mut self, record: &Record) -> u64 {
        let offset = self.flushed + self.buffer.len() as u64;
        line::write(record, &mut self.buffer);
        offset
    }

    /// Forgets what was appended and could not be flushed.
    pub fn discard(&mut self) {
        self.buffer.clear();
    }

    /// Hands what was appended to the operating system. Where that fails, for instance because the disk is full,
    /// the file ends with its last complete line, and the same call can be tried again.
    pub fn flush(&mut self) -> io::Result<()> {
        self.storage.append(&self.buffer, self.flushed)?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Nothing more is appended: writes down what makes reading quick. The transcript is complete without it too.
    pub fn finish(&mut self) -> io::Result<()> {
        self.storage.finish()
    }
}
