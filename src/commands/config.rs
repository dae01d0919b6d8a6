//! `wirewalk config`: the configuration that holds, with a comment on everything.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Args;

use super::live::say_printed;
use crate::config::Config;

/// Print the configuration that holds, with a comment on everything. What it prints is a configuration file.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print where the file is, or would be
    #[arg(long)]
    path: bool,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let text = match self.path {
            true => format!("{}\n", Config::path().context("there is no home folder")?.display()),
            false => Config::load()?.print(),
        };
        say_printed(std::io::stdout().write_all(text.as_bytes()))
    }
}
