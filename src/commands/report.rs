//! `wirewalk report`: the report that a student hands in, of a session that was recorded with its calls.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum, ValueHint};

use super::{Size, redact, say};
use crate::decode::limits::MAX_MESSAGE;
use crate::export::report::{Outside, Report, html, markdown};
use crate::session::Session;
use crate::sharing::{Shared, form};

/// Write the report that a student hands in: the libraries with their licences, and the walk from start-up to the first answer.
///
/// The session must have been recorded with its calls: wirewalk run --record FILE -- python app.py
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The transcript
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,

    /// As what [default: html where the file's name ends so, else md]
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,

    /// What stands above it [default: the name of the program]
    #[arg(long)]
    title: Option<String>,

    /// Write secrets too, such as cookies and tokens
    #[arg(long)]
    keep_secrets: bool,

    /// The longest WebSocket message that is put together and inflated, such as 64M or 200k
    #[arg(long, value_name = "SIZE", default_value_t = Size(MAX_MESSAGE))]
    max_message: Size,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown.
    Md,
    /// One self-contained page.
    Html,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let names = if self.keep_secrets { None } else { Some(redact::names()?) };
        let Shared { session, header, omitted, .. } =
            Shared::open(&self.file, self.max_message.0, names.as_ref())?;
        redact::say_omitted(omitted, redact::KEEP);
        let title = self.title.clone().unwrap_or_else(|| title(&session, &header.upstream));
        let report = Report::of(&session, &title, &Outside::default())?;
        let mut text = Vec::new();
        match self.format() {
            Format::Md => markdown::write(&report, &mut text)?,
            Format::Html => html::write(&report, &mut text)?,
        }
        match &self.out {
            Some(path) => {
                form::create(path, Some(&self.file))?
                    .write_all(&text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                say(format_args!("the report is in {}", path.display()));
            }
            None => match io::stdout().write_all(&text) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                written => written.context("cannot print")?,
            },
        }
        Ok(())
    }

    fn format(&self) -> Format {
        let ending = self.out.as_ref().and_then(|path| path.extension());
        let is_page = ending.is_some_and(|ending| ending == "html" || ending == "htm");
        self.to.unwrap_or(if is_page { Format::Html } else { Format::Md })
    }
}

fn title(session: &Session, upstream: &str) -> String {
    let program = session.calls().processes().next().map(|process| process.process.program.join(" "));
    format!("How {} answers", program.filter(|program| !program.is_empty()).as_deref().unwrap_or(upstream))
}
