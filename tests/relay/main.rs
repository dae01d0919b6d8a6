//! The relay between real sockets, through the library: what passes, how connections end, what is recorded.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bytes;
mod endings;
mod kit;
mod load;
mod rewriting;
mod setup;
mod tls;
mod unreachable;
