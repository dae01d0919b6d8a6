//! The transcript: what happened, one JSON object a line, appended as it happens. `TRANSCRIPT.md` is its manual.

mod line;
mod lines;
mod reader;
mod writer;

pub use line::{Header, VERSION};
pub use lines::Lines;
pub use reader::{Reader, TranscriptError};
pub use writer::Writer;
