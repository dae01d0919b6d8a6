//! `wirewalk export`: a walk as a page or a handout.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum, ValueHint};

use super::report::own_source;
use super::{say, walkthroughs};
use crate::calls::permalink;
use crate::config::Config;
use crate::decode::limits::MAX_MESSAGE;
use crate::export::page::Page;
use crate::export::report::Outside;
use crate::session::secrets::Names;

/// Write a walk down: as a page that is stepped through with the keys, or as a handout.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The walkthrough: one that comes with wirewalk, or a folder
    #[arg(value_name = "WALKTHROUGH", value_hint = ValueHint::DirPath)]
    what: PathBuf,

    /// As what
    #[arg(long, value_name = "FORMAT")]
    to: Format,

    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One self-contained page.
    Html,
    /// Markdown.
    Md,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let config = Config::load()?;
        let names = Names::new(&config.secrets.names, &config.secrets.patterns)?;
        let loaded = walkthroughs::load(&self.what)?;
        let (session, _) = loaded.session(MAX_MESSAGE)?;
        let files = RefCell::new(HashMap::new());
        let outside = Outside {
            link: &|package, function, line| permalink::of(package, &function.file, line),
            source: &|function| match loaded.source(&session, function) {
                Some(text) => crate::calls::function_body(&text, function.line),
                None => own_source(function, &files),
            },
            names: &names,
        };
        let page = Page::of(&loaded.text, &session, &outside)?;
        let mut text = Vec::new();
        match self.to {
            Format::Html => page.html(&mut text)?,
            Format::Md => page.handout(&mut text)?,
        }
        match &self.out {
            Some(path) => {
                fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
                say(format_args!("the walk is in {}", path.display()));
            }
            None => match io::stdout().write_all(&text) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                written => written.context("cannot print")?,
            },
        }
        Ok(())
    }
}
