//! What can be opened as a session: a transcript, or a file of another program, of which a transcript is made.

use std::fs::File;
use std::path::Path;

use super::har;
use super::transcript::{Reader, TranscriptError};

/// Opens a file to read its records; of a file of another program they are in an unnamed transcript that is made of it, and it is said that it
/// was imported. Fails where the file cannot be read, or is neither a transcript nor a HAR file.
pub(super) fn open(path: &Path) -> Result<(Reader, bool), TranscriptError> {
    let unreadable = |error| TranscriptError::Read { path: path.to_owned(), error };
    let mut file = File::open(path).map_err(unreadable)?;
    match har::is_har(&mut file).map_err(unreadable)? {
        true => Ok((har::import(path, &mut file)?, true)),
        false => Ok((Reader::open(path)?, false)),
    }
}

/// Opens a file to read its records.
pub fn records(path: &Path) -> Result<Reader, TranscriptError> {
    Ok(open(path)?.0)
}
