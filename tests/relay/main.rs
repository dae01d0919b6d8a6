//! The relay between real sockets, through the library: what passes, how connections end, what is recorded.

mod bytes;
mod endings;
mod kit;
mod load;
mod rewriting;
mod setup;
mod tls;
mod unreachable;
