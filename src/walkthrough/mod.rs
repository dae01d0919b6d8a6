//! Walkthroughs: an authored, checked sequence of steps over a session.
//!
//! `walkthroughs/README.md` says how one is written. Here its text is read ([`read`]: Markdown, with a block of TOML for
//! each step), laid over a session ([`route`]: which unit or call each step is at), walked ([`walk`]) and checked
//! ([`check`], and [`lock`] for the functions that it names). [`draft`] makes a first text from a session.

mod blocks;
pub mod check;
pub mod draft;
mod fault;
pub mod lock;
pub mod prose;
pub mod question;
mod read;
pub mod route;
pub mod telling;
pub mod walk;

use std::time::Duration;

use semver::VersionReq;

pub use blocks::{Answer, Ask, Focus, Of, Pane};
pub use fault::{Fault, Written};

use crate::session::filter::Filter;

/// Whether a version, as packages have them, is among those of a text.
pub fn fits(versions: &VersionReq, version: &str) -> bool {
    blocks::version(version).is_some_and(|version| versions.matches(&version))
}

/// The format of the text that is read here.
pub const FORMAT: u32 = 1;

/// The name of the text in its folder.
pub const TEXT: &str = "walkthrough.md";

/// The name of the lock file in its folder.
pub const LOCK: &str = "lock.json";

/// A walkthrough, as it was written.
#[derive(Clone, Debug)]
pub struct Walkthrough {
    /// The file that it was read from, as it is named in faults.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Its name in a line.
    pub title: String,
    /// What one learns from it.
    pub summary: String,
    /// For whom it is.
    pub audience: String,
    /// How long it takes.
    pub minutes: Written<u32>,
    /// What it walks through.
    pub over: Over,
    /// The packages that it is true of, each with its versions.
    pub packages: Vec<(Written<String>, VersionReq)>,
    /// What stands before the first step.
    pub intro: String,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

/// What a walkthrough walks through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// A transcript, by its file's name in the folder.
    Transcript(Written<String>),
    /// The demo, live.
    Demo,
}

/// One stop of a walkthrough.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name for ever.
    pub id: Written<String>,
    /// Its heading.
    pub title: String,
    /// What it is about; `None` where that is what the step before was about.
    pub when: Option<Written<Filter>>,
    /// Whether its unit is a later one than that of the step before.
    pub next: bool,
    /// The field that is lit up.
    pub focus: Option<Written<Focus>>,
    /// What is shown large.
    pub pane: Option<Pane>,
    /// Functions that were called for its unit, in this order: each with what it is called in other versions.
    pub calls: Vec<Vec<Written<String>>>,
    /// A question.
    pub ask: Option<Ask>,
    /// How long it is talked about.
    pub time: Duration,
    /// Whether nothing is wrong where the session does not have it.
    pub optional: bool,
    /// Those beside each other with the same one may happen in any order.
    pub any_order: Option<String>,
    /// On live traffic: what to do so that it happens.
    pub todo: Option<String>,
    /// The text that is shown before its question is answered.
    pub before: String,
    /// The text, or the rest of it.
    pub body: String,
    /// What is for the speaker alone.
    pub notes: String,
}

impl Step {
    /// What is shown large: what the author wants, else the calls where there are some.
    pub fn pane(&self) -> Pane {
        let is_call = self.when.as_ref().is_some_and(|when| when.value.is_of_calls());
        match self.pane {
            Some(pane) => pane,
            None if is_call || !self.calls.is_empty() => Pane::Calls,
            None => Pane::Bytes,
        }
    }
}

impl Walkthrough {
    /// Reads a text; `file` is how it is named in faults. Fails with all that is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Walkthrough, Vec<Fault>> {
        read::read(file, text)
    }

    /// Something is wrong with what was written somewhere in the text.
    pub fn fault<T>(&self, written: &Written<T>, message: String) -> Fault {
        Fault::at(&self.file, &self.text, written.at, message)
    }

    /// The place of a step, by its id.
    pub fn step(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.id.value == id)
    }

    /// How long the steps from one on take together.
    pub fn time_from(&self, step: usize) -> Duration {
        self.steps.iter().skip(step).map(|step| step.time).sum()
    }
}
