//! `wirewalk open`: a session that was recorded, as if it were live.

use std::io;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueHint};

use super::{Output, closing, printer, say};
use crate::capture::Recorder;

/// Show a session that was recorded.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The transcript, as made by --record
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,

    #[command(flatten)]
    output: Output,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let (session, header, cut_off) = Recorder::open(&self.file, self.output.max_message.0)?;
        say(format_args!(
            "{}, recorded {} in front of {}",
            self.file.display(),
            header.started,
            header.upstream
        ));
        if cut_off > 0 {
            say(format_args!("the last line is cut off; its {cut_off} bytes are left out"));
        }
        match printer::all(&session, &self.output) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            printed => printed.context("cannot print")?,
        }
        closing::words(&session).into_iter().for_each(say);
        Ok(())
    }
}
