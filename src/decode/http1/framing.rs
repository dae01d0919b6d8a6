//! Where an HTTP/1.1 message ends (RFC 9112 §6).

use std::collections::VecDeque;

use bytes::Bytes;

use super::head::{Head, Role};
use crate::decode::unit::{Memory, UnitId};

/// Finds the messages of one direction. Bytes are given to [`Framing::step`] again until they are taken.
#[derive(Debug)]
pub struct Framing {
    role: Role,
}

/// What the beginning of the input is. The caller drops the `len` bytes that a step took and calls again.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing can be said before more bytes come. Nothing was taken.
    Need,
    /// A message begins with this head of `head.len` bytes.
    Head(Head),
    /// This many bytes, at least one, belong to the body, its transfer coding included.
    Body {
        /// How many.
        len: usize,
    },
    /// The message is complete; no bytes were taken.
    End {
        /// What follows in this direction.
        next: Next,
        /// Whether the direction ended before the message did.
        truncated: bool,
        /// For a final response, and for a 101: the request that it answers.
        request: Option<PendingRequest>,
    },
    /// An upgrade was asked for: what follows depends on the answer. Nothing was taken; call again when
    /// [`Exchange::answered`] says that the answer came.
    Wait,
    /// The bytes are not HTTP; from here on nothing can be framed. Nothing was taken.
    NotHttp,
}

/// What follows a message in its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another message, or the end.
    Message,
    /// WebSocket frames (RFC 6455 §4.2.2).
    WebSocket,
    /// Bytes of another protocol (CONNECT, or an upgrade to something else).
    Tunnel,
}

/// What the two directions of a connection must tell each other.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Requests whose final response has not come, oldest first. At most
    /// [`MAX_PENDING_REQUESTS`](crate::decode::limits::MAX_PENDING_REQUESTS) of them keep their head.
    pub pending: VecDeque<PendingRequest>,
    /// What the answer to an upgrade request made of the connection, once it came.
    pub answered: Option<Next>,
}

/// A request whose final response has not come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PendingRequest {
    /// The method is HEAD, so its response has no body.
    pub head_method: bool,
    /// The method is CONNECT.
    pub connect_method: bool,
    /// It asks for an upgrade (RFC 9110 §7.8).
    pub upgrade: bool,
    /// Its unit; set by the caller when the request is complete.
    pub unit: Option<UnitId>,
    /// Its head as on the wire; set by the caller.
    pub head: Option<Bytes>,
    /// What was learnt from it; set by the caller.
    pub memory: Memory,
}

impl Framing {
    /// Framing of one direction, at the beginning of a message.
    pub fn new(role: Role) -> Framing {
        Framing { role }
    }

    /// Says what the beginning of `input` is. `fin` says that no more bytes will come.
    pub fn step(&mut self, input: &[u8], fin: bool, exchange: &mut Exchange) -> Step {
        let _ = (input, fin, exchange, self.role);
        Step::NotHttp
    }
}
