//! Where the text of a transcript is: in a file as it is, or compressed in one. Offsets are those of the text.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::frames::{self, Frames, Unusable};
use super::reader::TranscriptError;
use crate::capture::control::cannot_write;
use crate::session::positioned;

/// A file that holds the text of a transcript. All clones are of one file.
#[derive(Clone, Debug)]
pub(in crate::capture) enum Storage {
    /// As it is.
    Plain(Arc<Plain>),
    /// In zstd frames.
    Frames(Frames),
    /// Inflated from a file that another program compressed in one go; nothing can be added to that.
    Inflated(Arc<File>),
}

/// A file with the text as it is.
#[derive(Debug)]
pub(in crate::capture) struct Plain {
    file: File,
    /// How often bytes were written in part and taken back.
    taken_back: AtomicU64,
}

impl Storage {
    /// Makes the file `path`, which must not exist yet, readable and writable by its owner alone. Where its name ends in `.zst` the
    /// text is compressed.
    pub fn create(path: &Path) -> Result<Storage, TranscriptError> {
        let file =
            owned(OpenOptions::new().create_new(true), path).map_err(|error| cannot_write(path, error))?;
        Ok(match path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zst")) {
            true => Storage::Frames(Frames::new(file)),
            false => Storage::plain(file),
        })
    }

    /// A file without a name, which is gone when wirewalk ends, however it ends.
    pub fn unnamed() -> Result<Storage, TranscriptError> {
        let file = tempfile::tempfile().map_err(|error| cannot_write(&std::env::temp_dir(), error))?;
        Ok(Storage::plain(file))
    }

    /// Opens a file to read it, compressed or not, as its first bytes say.
    pub fn open(path: &Path) -> io::Result<Storage> {
        Storage::of(File::open(path)?)
    }

    /// Opens a file to add to it.
    pub fn open_to_append(path: &Path) -> io::Result<Storage> {
        Storage::of(OpenOptions::new().read(true).write(true).open(path)?)
    }

    fn of(file: File) -> io::Result<Storage> {
        let mut begin = [0; 4];
        let read = positioned::read_at(&file, &mut begin, 0)?;
        if !frames::is_begun_by(begin.get(..read).unwrap_or_default()) {
            return Ok(Storage::plain(file));
        }
        match Frames::open(file.try_clone()?) {
            Ok(frames) => Ok(Storage::Frames(frames)),
            Err(Unusable::Io(error)) => Err(error),
            Err(Unusable::Foreign) => {
                let mut text = tempfile::tempfile()?;
                zstd::stream::copy_decode(file, &mut text)?;
                Ok(Storage::Inflated(Arc::new(text)))
            }
        }
    }

    pub(super) fn plain(file: File) -> Storage {
        Storage::Plain(Arc::new(Plain { file, taken_back: AtomicU64::new(0) }))
    }

    /// How many bytes of text there are.
    pub fn len(&self) -> io::Result<u64> {
        match self {
            Storage::Plain(plain) => Ok(plain.file.metadata()?.len()),
            Storage::Inflated(file) => Ok(file.metadata()?.len()),
            Storage::Frames(frames) => Ok(frames.len()),
        }
    }

    /// How many bytes at the end of the file cannot be inflated, because they are not complete.
    pub fn cut_off(&self) -> u64 {
        match self {
            Storage::Frames(frames) => frames.cut_off(),
            Storage::Plain(_) | Storage::Inflated(_) => 0,
        }
    }

    /// Reads at most `buffer.len()` bytes from `offset` on; 0 at the end.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Storage::Plain(plain) => positioned::read_at(&plain.file, buffer, offset),
            Storage::Inflated(file) => positioned::read_at(file, buffer, offset),
            Storage::Frames(frames) => frames.read_at(buffer, offset),
        }
    }

    /// Fills `buffer` from `offset` on; an error where the text ends before.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        positioned::fill(buffer, offset, |room, at| self.read_at(room, at))
    }

    /// Appends `bytes` to the text, which has `end` bytes. Where that fails the text is as it was.
    pub fn append(&self, bytes: &[u8], end: u64) -> io::Result<()> {
        match self {
            Storage::Plain(plain) => positioned::write_all_at(&plain.file, bytes, end).inspect_err(|_| {
                // Best effort: a reader passes over a last line that is cut off.
                let _ = plain.file.set_len(end);
                plain.taken_back.fetch_add(1, Ordering::Release);
            }),
            Storage::Frames(frames) => frames.append(bytes),
            Storage::Inflated(_) => {
                Err(io::Error::other("another program compressed it in one go, so nothing can be added"))
            }
        }
    }

    /// How often bytes that someone may have read were taken back.
    pub fn taken_back(&self) -> u64 {
        match self {
            Storage::Plain(plain) => plain.taken_back.load(Ordering::Acquire),
            Storage::Frames(_) | Storage::Inflated(_) => 0,
        }
    }

    /// Nothing more is appended: writes down what makes reading quick.
    pub fn finish(&self) -> io::Result<()> {
        match self {
            Storage::Frames(frames) => frames.finish(),
            Storage::Plain(_) | Storage::Inflated(_) => Ok(()),
        }
    }
}

/// Opens a file to read and write it, which only its owner may where it is made.
fn owned(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// Reads a text from its beginning on.
#[derive(Debug)]
pub(super) struct Sequential {
    storage: Storage,
    at: u64,
}

impl Sequential {
    pub fn new(storage: Storage) -> Sequential {
        Sequential { storage, at: 0 }
    }

    pub fn storage(&self) -> &Storage {
        &self.storage
    }
}

impl io::Read for Sequential {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.storage.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl io::Seek for Sequential {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.at = match to {
            io::SeekFrom::Start(at) => at,
            io::SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            io::SeekFrom::End(by) => self.storage.len()?.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}
