//! The transcript: what happened, one JSON object a line, appended as it happens. `TRANSCRIPT.md` is its manual.

mod ending;
mod frames;
mod line;
mod lines;
mod reader;
mod storage;
mod writer;

pub(in crate::capture) use ending::Ending;
pub(in crate::capture) use line::write;
pub use line::{Header, VERSION};
pub use lines::Lines;
pub use reader::{Reader, TranscriptError};
pub(in crate::capture) use storage::Storage;
pub use writer::Writer;
