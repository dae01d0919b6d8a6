//! Takes records, writes them to the transcript and feeds the session; reads transcripts back.

mod queue;
mod recorder;
pub mod transcript;

pub use queue::Inbox;
pub use recorder::{Recorder, RecorderError};
