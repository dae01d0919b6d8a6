//! A recorded session as it may be given away: without its secrets, unless they are asked for.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::say;
use crate::capture::Recorder;
use crate::capture::transcript::{Header, Reader, Writer};
use crate::config::Config;
use crate::export::redact::Redaction;
use crate::session::Session;
use crate::session::secrets::Names;
use crate::words::count;

/// A session, and where its records are.
pub(super) struct Shared {
    pub session: Session,
    pub header: Header,
    transcript: Transcript,
}

enum Transcript {
    /// In the file that was opened.
    Opened(PathBuf),
    /// In one without a name, which has no secrets.
    Redacted(Writer),
}

impl Shared {
    /// The records, from the first one on.
    pub fn records(&self) -> anyhow::Result<Reader> {
        Ok(match &self.transcript {
            Transcript::Opened(path) => Reader::open(path)?,
            Transcript::Redacted(writer) => reader(writer)?,
        })
    }
}

fn reader(writer: &Writer) -> anyhow::Result<Reader> {
    Ok(writer.reader(Path::new("what is left without the secrets"))?)
}

/// Opens a transcript to give away what is in it, and says how many secrets are left out.
pub(super) fn open(path: &Path, max_message: usize, keep_secrets: bool) -> anyhow::Result<Shared> {
    let (session, header, cut_off) = Recorder::open(path, max_message)?;
    super::open::say_cut_off(cut_off);
    if keep_secrets {
        return Ok(Shared { session, header, transcript: Transcript::Opened(path.to_owned()) });
    }
    let mut redacted = redact(path, &session, Writer::unnamed)?;
    say_count(&redacted, "; --keep-secrets keeps them");
    let mut records = reader(&redacted.writer)?;
    let session = Recorder::read(&mut records, max_message)?;
    redacted.writer.finish()?;
    Ok(Shared {
        session,
        header: records.header().clone(),
        transcript: Transcript::Redacted(redacted.writer),
    })
}

/// A transcript without its secrets.
pub(super) struct Redacted {
    pub writer: Writer,
    count: usize,
    left_out: u64,
}

/// Writes the transcript of a session without its secrets to what `create` makes.
pub(super) fn redact<E: Into<anyhow::Error>>(
    path: &Path,
    session: &Session,
    create: impl FnOnce(&Header) -> Result<Writer, E>,
) -> anyhow::Result<Redacted> {
    let config = Config::load()?;
    let names = Names::new(&config.secrets.names, &config.secrets.patterns)?;
    let mut redaction = Redaction::of(session, &names)?;
    let mut records = Reader::open(path)?;
    let mut header = records.header().clone();
    header.upstream = redaction.upstream(&header.upstream);
    let mut writer = create(&header).map_err(Into::into)?;
    let mut written = 0;
    while let Some((_, record)) = records.next_record()? {
        written += redaction.record(record).map_or(0, |record| {
            writer.append(&record);
            1
        });
        if written % 1000 == 0 {
            writer.flush()?;
        }
    }
    writer.flush()?;
    Ok(Redacted { writer, count: redaction.count(), left_out: redaction.left_out() })
}

/// Says how many secrets are left out.
pub(super) fn say_count(redacted: &Redacted, how: &str) {
    match redacted.count {
        0 => say("no secrets were found in it"),
        found => say(format_args!("{} left out{how}", count(found as u64, "secret"))),
    }
    if redacted.left_out > 0 {
        let bytes = count(redacted.left_out, "byte");
        say(format_args!(
            "{bytes} of messages that are not complete left out too: what is secret in them is not known"
        ));
    }
}

/// Fails where two sessions do not have units of the same kinds.
pub(super) fn compare(before: &Session, after: &Session) -> anyhow::Result<()> {
    let kinds = |session: &Session| {
        session
            .ids()
            .filter_map(|id| session.unit(id))
            .map(|unit| (unit.conn, unit.dir, unit.kind))
            .collect::<Vec<_>>()
    };
    let (before, after) = (kinds(before), kinds(after));
    let differs = before.iter().zip(&after).position(|(before, after)| before != after);
    match differs.or((before.len() != after.len()).then_some(before.len().min(after.len()))) {
        Some(at) => bail!("unit {} would be read otherwise without its secrets", at + 1),
        None => Ok(()),
    }
}
