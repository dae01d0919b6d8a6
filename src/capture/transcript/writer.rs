//! Appends to a transcript: a named file that someone keeps, or an unnamed one for as long as wirewalk runs.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::line::{self, Header};
use super::lines::Lines;
use super::reader::TranscriptError;
use crate::capture::control::cannot_write;
use crate::session::positioned;
use crate::wire::Record;

/// Makes the file `path`, which must not exist yet, readable and writable by its owner alone.
pub(in crate::capture) fn create(path: &Path) -> Result<File, TranscriptError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| cannot_write(path, error))
}

/// Appends records. What is appended is on disk after the next [`Writer::flush`].
#[derive(Debug)]
pub struct Writer {
    file: File,
    buffer: Vec<u8>,
    /// How many bytes of complete lines the file holds.
    flushed: u64,
}

impl Writer {
    /// Makes the file `path`, which must not exist yet, readable and writable by its owner alone, and writes the
    /// header.
    pub fn create(path: &Path, header: &Header) -> Result<Writer, TranscriptError> {
        let mut writer = Writer::new(create(path)?, header);
        writer.flush().map_err(|error| TranscriptError::Write { path: path.to_owned(), error })?;
        Ok(writer)
    }

    /// Makes a transcript without a name, which is gone when wirewalk ends, however it ends.
    pub fn unnamed(header: &Header) -> Result<Writer, TranscriptError> {
        let failed = |error| TranscriptError::Write { path: std::env::temp_dir(), error };
        let mut writer = Writer::new(tempfile::tempfile().map_err(failed)?, header);
        writer.flush().map_err(failed)?;
        Ok(writer)
    }

    /// Appends to `file` from its beginning on.
    pub(in crate::capture) fn new(file: File, header: &Header) -> Writer {
        let mut buffer = Vec::new();
        // Writing into a Vec cannot fail, and a header always serializes.
        let _ = serde_json::to_writer(&mut buffer, header);
        buffer.push(b'\n');
        Writer { file, buffer, flushed: 0 }
    }

    /// The same file, and how many bytes of it are written and never change.
    pub(in crate::capture) fn written(&self) -> io::Result<(File, u64)> {
        Ok((self.file.try_clone()?, self.flushed))
    }

    /// How many bytes are written.
    pub fn bytes_written(&self) -> u64 {
        self.flushed
    }

    /// Goes on in `file`, which holds the same bytes. Nothing waits to be flushed.
    pub(in crate::capture) fn go_on_in(&mut self, file: File) {
        self.file = file;
    }

    /// The lines of the same file, to read back what was flushed.
    pub fn lines(&self) -> io::Result<Lines> {
        Ok(Lines::new(self.file.try_clone()?))
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
        if let Err(error) = positioned::write_all_at(&self.file, &self.buffer, self.flushed) {
            // Best effort: a reader passes over a last line that is cut off.
            let _ = self.file.set_len(self.flushed);
            return Err(error);
        }
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
