//! The screen as a person uses it, in a pseudo-terminal.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

#[path = "../support/terminal.rs"]
mod terminal;

mod endings;
mod hostile;
mod using;
