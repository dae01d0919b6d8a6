//! The units of a session as text, as JSON and as pages, and its records as packets. Views of one model: none decodes anything itself.

pub mod calls;
pub mod copy;
pub mod diff;
pub mod har;
mod hex;
pub mod json;
pub mod page;
pub mod pcapng;
pub mod report;
pub mod svg;
pub mod text;

use std::io::{self, Write};

use crate::session::{Session, UnitRef};

/// How much is printed of each unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Print {
    /// One line.
    Summary,
    /// The line, and below it the tree of layers and fields.
    Layers,
    /// The line, and below it the calls that it caused and that wrote it.
    Calls,
    /// The tree with each field's bytes beside it, then all bytes in hexadecimal.
    Bytes,
    /// One JSON object a line, for other programs.
    Json,
}

impl Print {
    /// Whether calls are printed too, which come later than the unit that they belong to.
    pub fn has_calls(self) -> bool {
        matches!(self, Print::Calls | Print::Json)
    }
}

/// How units are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// How much of each.
    pub print: Print,
    /// The columns of the terminal. The line of a unit is cut there, and explanations are folded; `None` into a pipe or
    /// a file, where nothing is.
    pub columns: Option<usize>,
}

/// Prints one unit.
pub fn unit(session: &Session, unit: &UnitRef, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format.print {
        Print::Summary => text::summary(session, unit, format.columns, out),
        Print::Layers => text::layers(session, unit, format.columns, false, out),
        Print::Calls => {
            text::summary(session, unit, format.columns, out)?;
            calls::text(session, unit, out)
        }
        Print::Bytes => text::layers(session, unit, format.columns, true, out),
        Print::Json => json::unit(session, unit, out),
    }
}
