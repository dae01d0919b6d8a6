//! `wirewalk redact`: a transcript that can be given away.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueHint};

use super::{Size, say, sharing};
use crate::capture::Recorder;
use crate::capture::transcript::{Header, Writer};
use crate::decode::limits::MAX_MESSAGE;
use crate::session::Session;

/// Write a transcript without its secrets, that can be given away and opened like any other.
///
/// Left out are the values of the Authorization and Cookie header fields, what Socket.IO clients authenticate with, and what the
/// configuration calls secret (`wirewalk config`), wherever it stands: as many stars stand in its place. All lengths, checksums and compressed
/// messages fit again.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The transcript
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// The file to write, which must not exist yet; compressed where its name ends in .zst
    #[arg(value_name = "OUT", value_hint = ValueHint::FilePath)]
    out: PathBuf,

    /// The longest WebSocket message that is put together and inflated, such as 64M or 200k
    #[arg(long, value_name = "SIZE", default_value_t = Size(MAX_MESSAGE))]
    max_message: Size,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let (session, _, cut_off) = Recorder::open(&self.file, self.max_message.0)?;
        super::open::say_cut_off(cut_off);
        let mut is_made = false;
        let written = self.write(&session, &mut is_made);
        if written.is_err() && is_made {
            // Best effort: the error that is told matters more.
            let _ = fs::remove_file(&self.out);
        }
        written?;
        let out = self.out.display();
        say(format_args!("{out} can be given away; look through it first: only you know all your secrets"));
        Ok(())
    }

    /// Writes it, and checks that it is read as before.
    fn write(&self, session: &Session, is_made: &mut bool) -> anyhow::Result<()> {
        let create = |header: &Header| Writer::create(&self.out, header).inspect(|_| *is_made = true);
        let mut redacted = sharing::redact(&self.file, session, create)?;
        redacted.writer.finish().with_context(|| format!("cannot write {}", self.out.display()))?;
        let (after, ..) = Recorder::open(&self.out, self.max_message.0)?;
        sharing::compare(session, &after)?;
        sharing::say_count(&redacted, "");
        Ok(())
    }
}
