//! Reads a transcript from its beginning, record by record.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::line::{self, Header, VERSION};
use super::lines::Lines;
use super::storage::{Sequential, Storage};
use crate::wire::Record;

/// A longer line is not one of wirewalk's: one record holds at most what one read from a socket gave.
const MAX_LINE: u64 = 64 << 20;

/// A transcript cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file cannot be made or written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Recording would overwrite a file.
    #[error("{} exists already: name another file, or remove this one first", .0.display())]
    Exists(PathBuf),
    /// The first line is no header.
    #[error("{} is not a wirewalk transcript: {reason}", path.display())]
    NotATranscript {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// Written by a wirewalk that came later.
    #[error(
        "{} has transcript format {version}, and this wirewalk reads up to {VERSION}: it was written by {by}, so open it with that version or a newer one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format version.
        version: u32,
        /// The program that wrote it.
        by: String,
    },
    /// A line is no record.
    #[error("{}, line {line}, byte {byte}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The byte of the file, counted from 0, where what is wrong was found.
        byte: u64,
        /// What is wrong.
        message: String,
    },
}

/// Reads the records of a transcript one after the other.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: BufReader<Sequential>,
    header: Header,
    /// Where the next line begins.
    offset: u64,
    lines: u64,
    buffer: Vec<u8>,
    cut_off: u64,
}

impl Reader {
    /// Opens a transcript and reads its header. Fails where the file cannot be read, is no transcript, or has
    /// a newer major version than [`VERSION`].
    pub fn open(path: &Path) -> Result<Reader, TranscriptError> {
        let storage =
            Storage::open(path).map_err(|error| TranscriptError::Read { path: path.to_owned(), error })?;
        Reader::of(storage, path)
    }

    /// Reads what is stored; `path` is its name.
    pub(in crate::capture) fn of(storage: Storage, path: &Path) -> Result<Reader, TranscriptError> {
        let header = Header {
            wirewalk: String::new(),
            version: 0,
            by: String::new(),
            started: String::new(),
            upstream: String::new(),
        };
        let file = BufReader::with_capacity(1 << 18, Sequential::new(storage));
        let mut reader = Reader {
            path: path.to_owned(),
            file,
            header,
            offset: 0,
            lines: 0,
            buffer: Vec::new(),
            cut_off: 0,
        };
        reader.read_header()?;
        Ok(reader)
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many bytes at the end were left out because the last line or frame is cut off: known once the end was reached.
    pub fn cut_off(&self) -> u64 {
        self.cut_off + self.storage().cut_off()
    }

    /// How many bytes of text there are.
    pub fn length(&self) -> io::Result<u64> {
        self.storage().len()
    }

    /// The same lines, to read single ones back.
    pub fn lines(&self) -> Lines {
        Lines::new(self.storage().clone())
    }

    pub(in crate::capture) fn storage(&self) -> &Storage {
        self.file.get_ref().storage()
    }

    /// How many bytes were read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// As [`Reader::next_record`], for a file that is still being written: a line that is not complete is read again
    /// the next time. Fails where the file became shorter.
    pub fn next_whole(&mut self) -> Result<Option<(u64, Record)>, TranscriptError> {
        let failed = |path: &Path, error| TranscriptError::Read { path: path.to_owned(), error };
        let (begin, lines) = (self.offset, self.lines);
        let record = self.next_record()?;
        if record.is_some() && self.buffer.last() == Some(&b'\n') {
            return Ok(record);
        }
        let length = self.length().map_err(|error| failed(&self.path, error))?;
        if length < self.offset {
            return Err(failed(&self.path, io::Error::other("it became shorter while it was read")));
        }
        let cut_off = self.buffer.len() as u64;
        // Lines of an unknown type may stand between; only the last one is not complete.
        self.offset = (self.offset - cut_off).max(begin);
        self.lines = (self.lines - u64::from(cut_off > 0)).max(lines);
        self.cut_off = 0;
        self.file.seek(SeekFrom::Start(self.offset)).map_err(|error| failed(&self.path, error))?;
        Ok(None)
    }

    /// The next record, and the offset of its line in the file; `None` at the end. A last line that is cut off
    /// counts as the end. Lines of a type that a later revision added are passed over.
    pub fn next_record(&mut self) -> Result<Option<(u64, Record)>, TranscriptError> {
        loop {
            let begin = self.offset;
            let Some(complete) = self.read_line()? else { return Ok(None) };
            let text = match std::str::from_utf8(&self.buffer) {
                Ok(text) => text.trim_end_matches(['\n', '\r']),
                Err(_) if !complete => "",
                Err(error) => {
                    return Err(self.line_error(begin, error.valid_up_to(), "not UTF-8".to_owned()));
                }
            };
            match line::read(text) {
                Ok(Some(record)) => return Ok(Some((begin, record))),
                Ok(None) if !complete => return Ok(None),
                Ok(None) => {}
                Err(_) if !complete => {
                    self.cut_off = self.buffer.len() as u64;
                    return Ok(None);
                }
                Err(error) => {
                    let column = error.column.map_or(0, |c| c.saturating_sub(1));
                    return Err(self.line_error(begin, column, error.message));
                }
            }
        }
    }

    fn line_error(&self, begin: u64, column: usize, message: String) -> TranscriptError {
        TranscriptError::Line {
            path: self.path.clone(),
            line: self.lines,
            byte: begin + column as u64,
            message,
        }
    }

    /// Reads the next line into the buffer. Says whether it was complete, or `None` at the end.
    fn read_line(&mut self) -> Result<Option<bool>, TranscriptError> {
        self.buffer.clear();
        let read = self.file.by_ref().take(MAX_LINE).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|error| TranscriptError::Read { path: self.path.clone(), error })? as u64;
        let begin = self.offset;
        self.offset += read;
        self.lines += u64::from(read > 0);
        match read {
            0 => Ok(None),
            MAX_LINE if self.buffer.last() != Some(&b'\n') => {
                Err(self.line_error(begin, 0, format!("the line is longer than {MAX_LINE} bytes")))
            }
            _ => Ok(Some(self.buffer.last() == Some(&b'\n'))),
        }
    }

    fn read_header(&mut self) -> Result<(), TranscriptError> {
        let complete = self.read_line()?;
        let not = |reason: String| TranscriptError::NotATranscript { path: self.path.clone(), reason };
        if complete.is_none() {
            return Err(not("it is empty".to_owned()));
        }
        let value: serde_json::Value = serde_json::from_slice(&self.buffer)
            .map_err(|_| not("its first line is not a JSON object (line 1, byte 0)".to_owned()))?;
        if value.get("wirewalk").and_then(|v| v.as_str()) != Some("transcript") {
            return Err(not(
                "its first line does not say \"wirewalk\": \"transcript\" (line 1, byte 0)".to_owned()
            ));
        }
        let version = value.get("version").and_then(serde_json::Value::as_u64);
        let version =
            version.ok_or_else(|| not("its header has no \"version\" (line 1, byte 0)".to_owned()))?;
        if version > u64::from(VERSION) {
            let by = value.get("by").and_then(|v| v.as_str()).unwrap_or("a newer wirewalk");
            let version = u32::try_from(version).unwrap_or(u32::MAX);
            return Err(TranscriptError::Newer { path: self.path.clone(), version, by: by.to_owned() });
        }
        self.header = serde_json::from_value(value)
            .map_err(|error| not(format!("its header is not complete: {error} (line 1, byte 0)")))?;
        Ok(())
    }
}
