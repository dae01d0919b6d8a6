//! Sessions given away: in every form, and without their secrets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

#[path = "../support/browser.rs"]
mod browser;
#[path = "../support/command.rs"]
mod command;
#[allow(dead_code, reason = "only what is installed is wanted here")]
#[path = "../support/peers.rs"]
mod peers;
#[allow(dead_code, reason = "see above")]
#[path = "../support/process.rs"]
mod process;
#[allow(dead_code, reason = "see above")]
#[path = "../support/terminal.rs"]
mod terminal;

mod forms;
mod kit;
mod page;
mod redacting;
