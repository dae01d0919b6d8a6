//! Takes records, writes them to the transcript and feeds the session; reads transcripts back.

pub mod control;
mod copying;
mod har;
mod indexing;
pub mod opening;
mod orders;
mod pacer;
pub mod player;
mod queue;
mod recorder;
pub mod transcript;

pub use control::{Control, ControlError, State};
pub use player::Player;
pub use queue::Inbox;
pub use recorder::{Recorder, RecorderError};
