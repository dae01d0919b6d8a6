//! `wirewalk` alone: the start page. Whatever is chosen there runs as the command line that says the same.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser as _;

use super::{Cli, live, recent, screen, walkthroughs};
use crate::tui::home::{Choice, Home, Transcript};
use crate::tui::run;
use crate::words::count;

/// Shows the start page, runs what is chosen, and comes back, until the user ends it.
pub(super) fn run() -> anyhow::Result<()> {
    let mut home = Home::new(screen::Settings::load(None)?.theme, transcripts(), walkthroughs::entries());
    loop {
        let choice = live::runtime()?.block_on(async {
            tokio::select! {
                choice = run::home(&mut home) => choice.context("the screen failed"),
                result = live::interrupted() => result.map(|()| None).context("cannot wait for Ctrl-C"),
            }
        })?;
        let Some(choice) = choice else { return Ok(()) };
        let begun = Cli::try_parse_from(command_line(choice)).map_err(|error| first_line(&error.to_string()));
        let done = begun.and_then(|cli| cli.run().map_err(|error| format!("{error:#}")));
        if let Err(why) = done {
            home.fail(why);
        }
    }
}

/// What can be opened.
fn transcripts() -> Vec<Transcript> {
    let hint = |path: &PathBuf| path.metadata().map_or(String::new(), |found| count(found.len(), "byte"));
    recent::all().into_iter().map(|path| Transcript { hint: hint(&path), path }).collect()
}

fn command_line(choice: Choice) -> Vec<OsString> {
    let (command, argument) = match choice {
        Choice::Demo => ("demo", None),
        Choice::Server(upstream) => ("proxy", Some(OsString::from(upstream))),
        Choice::Walk(name) => ("walk", Some(OsString::from(name))),
        Choice::Transcript(path) => ("open", Some(PathBuf::into_os_string(path))),
    };
    let words = ["wirewalk", command].map(OsString::from).into_iter();
    // What was typed is no flag, whatever it begins with.
    words.chain(argument.into_iter().flat_map(|argument| [OsString::from("--"), argument])).collect()
}

/// What is wrong, without the usage that follows on the command line.
fn first_line(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
