//! The units of a session as text and as JSON. Views of one model: none decodes anything itself.

pub mod headline;
mod hex;
pub mod json;
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
    /// The tree with each field's bytes beside it, then all bytes in hexadecimal.
    Bytes,
    /// One JSON object a line, for other programs.
    Json,
}

/// Prints one unit.
pub fn unit(session: &Session, unit: &UnitRef, print: Print, out: &mut dyn Write) -> io::Result<()> {
    match print {
        Print::Summary => text::summary(session, unit, out),
        Print::Layers => text::layers(session, unit, false, out),
        Print::Bytes => text::layers(session, unit, true, out),
        Print::Json => json::unit(session, unit, out),
    }
}
