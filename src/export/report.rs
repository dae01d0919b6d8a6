//! The report that a student hands in: for each library its repository and licence, then the walk from the start of the
//! server to the answer of the first message, each call linked to its line of source, beside the bytes.
//!
//! [`Report::of`] collects it from a session; [`markdown`] and [`html`] write it down. Its texts are plain: whoever writes them
//! down escapes them.

mod bytes;
pub mod html;
pub(super) mod libraries;
pub mod markdown;
mod outside;
mod phases;
mod steps;

pub use self::outside::Outside;
use crate::session::{Session, StoreError};

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What it is about.
    pub title: String,
    /// What was recorded, each as a name and a value.
    pub about: Vec<(&'static str, String)>,
    /// The libraries, in the order in which they were first called.
    pub libraries: Vec<Library>,
    /// The walk.
    pub phases: Vec<Phase>,
    /// What whoever reads it should know of how complete it is.
    pub remarks: Vec<String>,
}

/// A library that was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    /// Its name and version, such as `python-engineio 4.15.1`.
    pub name: String,
    /// What it is for, as it says itself.
    pub summary: String,
    /// Where its source is.
    pub repository: Option<String>,
    /// The licence: its short name, and where its text is.
    pub licence: Option<(String, Option<String>)>,
    /// What sets the licence apart.
    pub description: Vec<&'static str>,
    /// What one can not do, or not expect.
    pub restrictions: Vec<&'static str>,
    /// How many of its calls were seen.
    pub calls: usize,
}

/// A part of the walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    /// What happens.
    pub title: &'static str,
    /// What to know before reading on.
    pub intro: &'static str,
    /// What was on the wire.
    pub passages: Vec<Passage>,
    /// What was called, in order.
    pub steps: Vec<Step>,
    /// How sure it is that the calls belong to the bytes, as a sentence.
    pub certainty: &'static str,
}

/// What was on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Who says it, and its number.
    pub heading: String,
    /// What it says, in a line.
    pub headline: String,
    /// Its bytes: text where they are text, else hexadecimal, cut where they are many.
    pub bytes: Vec<String>,
    /// What it means.
    pub meaning: String,
}

/// A call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// How many calls of this phase are around it.
    pub depth: usize,
    /// `Class.function`.
    pub function: String,
    /// The library; empty for the person's own code.
    pub package: String,
    /// Where the function is defined.
    pub defined: Place,
    /// Where it was called from, where that is known.
    pub called: Option<Place>,
    /// What the function is for, where that is known.
    pub purpose: Option<&'static str>,
    /// The thread or task that it runs on.
    pub strand: String,
    /// Whether it is the person's own code.
    pub is_own: bool,
    /// Whether it wrote what is beside it.
    pub wrote: bool,
    /// The exception that it ended with.
    pub raised: Option<String>,
    /// How long it took.
    pub took: String,
    /// How many times it was called one after the other.
    pub times: usize,
    /// The lines of the person's own function.
    pub source: Vec<String>,
}

impl Step {
    /// Whether it is told in words: it is known what it is for, or it is the person's own.
    pub fn is_told(&self) -> bool {
        self.purpose.is_some() || self.is_own || self.wrote
    }
}

/// A line of source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Such as `engineio/server.py:188`.
    pub text: String,
    /// The line at the installed version's tag, where that can be known.
    pub link: Option<String>,
}

impl Report {
    /// Collects the report of a session. Fails where its bytes cannot be read back.
    pub fn of(session: &Session, title: &str, outside: &Outside<'_>) -> Result<Report, StoreError> {
        let phases = phases::all(session, outside)?;
        Ok(Report {
            title: title.to_owned(),
            about: about(session),
            libraries: libraries::all(session),
            remarks: remarks(session, &phases),
            phases,
        })
    }
}

fn about(session: &Session) -> Vec<(&'static str, String)> {
    let calls = session.calls();
    let mut about = Vec::new();
    for process in calls.processes() {
        let of = &process.process;
        about.push(("Program", format!("{} ({} {})", of.program.join(" "), of.runtime, of.version)));
    }
    about.push(("Connections", session.connection_count().to_string()));
    about.push(("Units on the wire", session.len().to_string()));
    about.push(("Calls recorded", calls.len().to_string()));
    about
}

fn remarks(session: &Session, phases: &[Phase]) -> Vec<String> {
    let calls = session.calls();
    let mut remarks = Vec::new();
    if calls.is_empty() {
        remarks.push(
            "No calls were recorded, so only the bytes are here. Record with: wirewalk run --record FILE -- python app.py"
                .to_owned(),
        );
    }
    for process in calls.processes() {
        remarks
            .extend(process.problems.iter().map(|problem| format!("{}: {problem}", process.process.runtime)));
        if process.lost > 0 {
            remarks.push(format!("The tracer left out {} events: some calls are missing.", process.lost));
        }
    }
    let missing = phases::TITLES.iter().filter(|title| !phases.iter().any(|phase| phase.title == **title));
    remarks.extend(missing.map(|title| format!("The recording has nothing for “{title}”.")));
    remarks
}
