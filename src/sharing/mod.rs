//! A recorded session as it is given away: without its secrets, unless they are to be kept.

pub mod form;
mod redact;

use std::path::{Path, PathBuf};

use crate::capture::transcript::{Header, Reader, TranscriptError, Writer};
use crate::capture::{Recorder, RecorderError, opening};
use crate::export::har::HarError;
use crate::session::secrets::Names;
use crate::session::{Session, StoreError};
use crate::wire::{ConnId, Direction};
use redact::Redaction;

/// A session cannot be given away.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// It cannot be read.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
    /// Its records cannot be read or written.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// Its bytes cannot be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error("cannot write: {0}")]
    Io(#[from] std::io::Error),
    /// The file cannot be made.
    #[error("cannot write {}: {error}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It would be written over what it is made of.
    #[error("{} is what is given away: name another file", .0.display())]
    Itself(PathBuf),
    /// A browser cannot be told when it was.
    #[error(transparent)]
    Har(#[from] HarError),
    /// It was read from a file that has no packets.
    #[error(
        "the session was read from a HAR file, which has messages and no packets: no capture file can be made of it"
    )]
    NoPackets,
    /// Without its secrets it would be read otherwise.
    #[error("unit {0} would be read otherwise without its secrets")]
    Otherwise(usize),
}

/// A session that is given away.
#[derive(Debug)]
pub struct Shared {
    /// The session, whose units have the same numbers as before.
    pub session: Session,
    /// The first line of its transcript.
    pub header: Header,
    /// What was left out.
    pub omitted: Omitted,
    records: Records,
}

/// What was left out of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// How many secrets, each place counted where something says that it is one; `None` where they are kept.
    pub secrets: Option<usize>,
    /// How many bytes of units that are not complete.
    pub bytes: u64,
}

#[derive(Debug)]
enum Records {
    /// In the file that was opened.
    Opened(PathBuf),
    /// In one without a name.
    Redacted(Writer),
}

impl Shared {
    /// Opens a transcript to give away what is in it, without what `names` calls secret. `max_message` is the longest message that is put
    /// together, in bytes.
    pub fn open(path: &Path, max_message: usize, names: Option<&Names>) -> Result<Shared, ShareError> {
        let (session, header, _) = Recorder::open(path, max_message)?;
        Shared::of((session, header), path, max_message, names)
    }

    /// The same for a transcript that is open, with its header.
    pub fn of(
        (session, header): (Session, Header),
        path: &Path,
        max_message: usize,
        names: Option<&Names>,
    ) -> Result<Shared, ShareError> {
        match names {
            Some(names) => Shared::without(&session, path, max_message, names),
            None => {
                let records = Records::Opened(path.to_owned());
                Ok(Shared { session, header, omitted: Omitted::default(), records })
            }
        }
    }

    /// The session of the transcript `path` without its secrets.
    pub fn without(
        session: &Session,
        path: &Path,
        max_message: usize,
        names: &Names,
    ) -> Result<Shared, ShareError> {
        let (writer, omitted) = redact(session, path, names, Writer::unnamed)?;
        let mut reader = writer.reader(Path::new(LEFT))?;
        let shared = Recorder::read(&mut reader, max_message)?;
        compare(session, &shared)?;
        let records = Records::Redacted(writer);
        Ok(Shared { session: shared, header: reader.header().clone(), omitted, records })
    }

    /// Its records, from the first one on.
    pub fn records(&self) -> Result<Reader, TranscriptError> {
        match &self.records {
            Records::Opened(path) => opening::records(path),
            Records::Redacted(writer) => writer.reader(Path::new(LEFT)),
        }
    }
}

/// What errors call it.
const LEFT: &str = "what is left without the secrets";

/// The session of the transcript `path`, without its secrets, in the file `out`, which must not exist yet.
pub fn write_redacted(
    session: &Session,
    path: &Path,
    max_message: usize,
    names: &Names,
    out: &Path,
) -> Result<Omitted, ShareError> {
    let mut is_made = false;
    let create = |header: &Header| Writer::create(out, header).inspect(|_| is_made = true);
    let written = redact(session, path, names, create).and_then(|(mut writer, omitted)| {
        writer.finish()?;
        compare(session, &Recorder::open(out, max_message)?.0)?;
        Ok(omitted)
    });
    if written.is_err() && is_made {
        // Best effort: the error that is told matters more.
        let _ = std::fs::remove_file(out);
    }
    written
}

/// Writes a transcript without its secrets to what `create` makes.
fn redact(
    session: &Session,
    path: &Path,
    names: &Names,
    create: impl FnOnce(&Header) -> Result<Writer, TranscriptError>,
) -> Result<(Writer, Omitted), ShareError> {
    let mut redaction = Redaction::of(session, names)?;
    let mut records = opening::records(path)?;
    let mut header = records.header().clone();
    header.upstream = redaction.upstream(&header.upstream);
    let mut writer = create(&header)?;
    let mut waiting = 0;
    while let Some((_, record)) = records.next_record()? {
        if let Some(record) = redaction.record(record) {
            writer.append(&record);
            waiting += 1;
        }
        if waiting == FLUSH {
            writer.flush()?;
            waiting = 0;
        }
    }
    if let Some(record) = redaction.rest() {
        writer.append(&record);
    }
    writer.flush()?;
    let omitted = Omitted { secrets: Some(redaction.count()), bytes: redaction.left_out() };
    Ok((writer, omitted))
}

/// So many records are written at once.
const FLUSH: usize = 1000;

/// Fails where two sessions do not have units of the same kinds.
fn compare(before: &Session, after: &Session) -> Result<(), ShareError> {
    let kind = |session: &Session, id| {
        session.unit(id).map(|unit| -> (ConnId, Direction, _) { (unit.conn, unit.dir, unit.kind) })
    };
    let more = if before.len() < after.len() { after } else { before };
    match more.ids().position(|id| kind(before, id) != kind(after, id)) {
        Some(at) => Err(ShareError::Otherwise(at + 1)),
        None => Ok(()),
    }
}
