//! Walkthroughs: checked, walked through in a terminal, walked live, and as a page.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

#[path = "../support/browser.rs"]
mod browser;
#[allow(dead_code, reason = "what it prints is wanted with what it says")]
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

mod checking;
mod kit;
mod live;
mod page;
mod walking;
