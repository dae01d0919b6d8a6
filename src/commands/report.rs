//! `wirewalk report`: the report that a student hands in, of a session that was recorded with its calls.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum, ValueHint};

use super::{Size, say};
use crate::calls::{function_body, permalink, source};
use crate::capture::Recorder;
use crate::config::Config;
use crate::decode::limits::MAX_MESSAGE;
use crate::export::report::{Outside, Report, html, markdown};
use crate::session::Session;
use crate::session::calls::FunctionInfo;
use crate::session::secrets::Names;

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
        let config = Config::load()?;
        let names = Names::new(&config.secrets.names, &config.secrets.patterns)?;
        let (session, header, _) = Recorder::open(&self.file, self.max_message.0)?;
        let title = self.title.clone().unwrap_or_else(|| title(&session, &header.upstream));
        let files = RefCell::new(HashMap::new());
        let outside = Outside {
            link: &|package, function, line| permalink::of(package, &function.file, line),
            source: &|function| own_source(function, &files),
            names: &names,
        };
        let report = Report::of(&session, &title, &outside)?;
        let mut text = Vec::new();
        match self.format() {
            Format::Md => markdown::write(&report, &mut text)?,
            Format::Html => html::write(&report, &mut text)?,
        }
        match &self.out {
            Some(path) => {
                fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
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

/// The lines of a function of the person's own, where its file is still here.
pub(super) fn own_source(function: &FunctionInfo, files: &RefCell<HashMap<String, String>>) -> Vec<String> {
    let mut files = files.borrow_mut();
    let file = files
        .entry(function.file.to_string())
        .or_insert_with(|| source::text(&function.file).unwrap_or_default());
    match function.symbol.ends_with(":<module>") {
        // The whole file is what it calls, below.
        true => Vec::new(),
        false => function_body(file, function.line),
    }
}
