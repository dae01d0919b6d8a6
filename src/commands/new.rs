//! `wirewalk new`: a first text for a walkthrough, from a transcript.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueHint};

use super::say;
use crate::capture::Recorder;
use crate::decode::limits::MAX_MESSAGE;
use crate::walkthrough::{TEXT, draft};

/// The name of the transcript in the folder.
const TRANSCRIPT: &str = "session.wirewalk";

/// Draft a walkthrough from a transcript: a folder with a text in which each thing that happened is a step.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder to make
    #[arg(value_name = "NAME", value_hint = ValueHint::DirPath)]
    folder: PathBuf,

    /// The transcript, as made by --record
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        if self.folder.join(TEXT).exists() {
            bail!("{} is there already; choose another name", self.folder.join(TEXT).display());
        }
        let (session, ..) = Recorder::open(&self.file, MAX_MESSAGE)?;
        if session.is_empty() {
            bail!("{} has no units, so there is nothing to walk through", self.file.display());
        }
        let text = draft::text(&session, &title(&self.folder), TRANSCRIPT)?;
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let transcript = self.folder.join(TRANSCRIPT);
        fs::copy(&self.file, &transcript)
            .with_context(|| format!("cannot write {}", transcript.display()))?;
        let path = self.folder.join(TEXT);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        let folder = self.folder.display();
        say(format_args!("drafted {}; throw away what you do not need, and write the rest", path.display()));
        say(format_args!("then: wirewalk check {folder}; wirewalk lock {folder}; wirewalk walk {folder}"));
        Ok(())
    }
}

/// A title from the folder's name: `my-walk` becomes `My walk`.
fn title(folder: &Path) -> String {
    let name =
        folder.file_name().map(|name| name.to_string_lossy().replace(['-', '_'], " ")).unwrap_or_default();
    let mut characters = name.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
