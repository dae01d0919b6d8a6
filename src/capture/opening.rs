//! What can be opened as a session: a transcript, or a file of another program, of which a transcript is made.

use std::fs::File;
use std::path::Path;

use super::har;
use super::transcript::{Reader, TranscriptError};

/// A file that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    /// Reads it from its beginning.
    pub reader: Reader,
    /// The transcript, to read lines back: the file itself, or an unnamed one that was made of it.
    pub transcript: File,
    /// Whether the file itself is no transcript.
    pub is_imported: bool,
}

/// Opens a file. Fails where it cannot be read, or is neither a transcript nor a HAR file.
pub(super) fn open(path: &Path) -> Result<Opened, TranscriptError> {
    let unreadable = |error| TranscriptError::Read { path: path.to_owned(), error };
    let mut file = File::open(path).map_err(unreadable)?;
    if har::is_har(&mut file).map_err(unreadable)? {
        let [first, transcript] = har::import(path, &mut file)?;
        return Ok(Opened { reader: Reader::of(path, first)?, transcript, is_imported: true });
    }
    let transcript = File::open(path).map_err(unreadable)?;
    Ok(Opened { reader: Reader::of(path, file)?, transcript, is_imported: false })
}
