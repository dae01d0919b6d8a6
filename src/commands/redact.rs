//! `wirewalk redact`: a transcript that can be given away.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Size, open, say};
use crate::capture::Recorder;
use crate::config::Config;
use crate::decode::limits::MAX_MESSAGE;
use crate::session::secrets::Names;
use crate::sharing::{self, Omitted};
use crate::words::count;

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
        let names = names()?;
        let (session, _, cut_off) = Recorder::open(&self.file, self.max_message.0)?;
        open::say_cut_off(cut_off);
        let omitted = sharing::write_redacted(&session, &self.file, self.max_message.0, &names, &self.out)?;
        say_omitted(omitted, "");
        let out = self.out.display();
        say(format_args!("{out} can be given away; look through it first: only you know all your secrets"));
        Ok(())
    }
}

/// How secrets are kept where they are left out unless someone wants them.
pub(super) const KEEP: &str = "; --keep-secrets keeps them";

/// What the user calls secret.
pub(super) fn names() -> anyhow::Result<Names> {
    let config = Config::load()?;
    Ok(Names::new(&config.secrets.names, &config.secrets.patterns)?)
}

/// Says what was left out, and `how` to keep it.
pub(super) fn say_omitted(omitted: Omitted, how: &str) {
    match omitted.secrets {
        None => {}
        Some(0) => say("no secrets were found"),
        Some(found) => say(format_args!("{} left out{how}", count(found as u64, "secret"))),
    }
    if omitted.bytes > 0 {
        let bytes = count(omitted.bytes, "byte");
        say(format_args!(
            "{bytes} of messages that never ended left out too: what is secret in them is not known"
        ));
    }
}
