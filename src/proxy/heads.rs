//! Finds the heads in one direction of a connection, and has them rewritten.
//!
//! At most one head is held back, until it is whole; all else passes at once. After an upgrade, and where the
//! bytes are not HTTP, every byte passes as it is, for good.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes, BytesMut};

use super::rewrite::{self, Rules};
use crate::decode::http1::head::{Head, Role};
use crate::decode::http1::{Exchange, Framing, Next, Step};
use crate::decode::limits::MAX_EARLY_BYTES;
use crate::wire::{Direction, What, Why};

/// What the two directions of a connection share.
#[derive(Debug)]
pub struct Shared {
    exchange: Exchange,
    /// The host and port by which the client knows wirewalk: those of its last request.
    authority: String,
}

impl Shared {
    /// `authority` stands for wirewalk until a request names it.
    pub fn new(authority: String) -> Mutex<Shared> {
        Mutex::new(Shared { exchange: Exchange::default(), authority })
    }
}

/// Rewrites the heads of one direction.
pub struct Heads<'a> {
    rules: &'a Rules,
    shared: &'a Mutex<Shared>,
    dir: Direction,
    framing: Framing,
    state: State,
    /// What the framing has not taken yet. Only a head is held back; of anything else this is a copy.
    untaken: BytesMut,
    /// So many bytes of `untaken` have passed on: `0 <= passed <= untaken.len()`.
    passed: usize,
    /// Where in the stream `untaken` begins.
    offset: u64,
}

/// What the next bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A head.
    Head,
    /// The body of a message.
    Body,
    /// An upgrade was asked for: they may be of the new protocol, whose server may need them to answer.
    Upgrading,
    /// Anything: nothing is looked at any more.
    Verbatim,
}

/// What becomes of bytes that were received.
#[derive(Debug, PartialEq)]
pub struct Passed {
    /// To be recorded before the bytes are.
    pub sent: Vec<What>,
    /// To be written.
    pub bytes: Bytes,
}

impl<'a> Heads<'a> {
    /// At the beginning of a connection.
    pub fn new(rules: &'a Rules, shared: &'a Mutex<Shared>, dir: Direction) -> Heads<'a> {
        let role = if dir == Direction::ToServer { Role::Request } else { Role::Response };
        Heads {
            rules,
            shared,
            dir,
            framing: Framing::new(role),
            state: State::Head,
            untaken: BytesMut::new(),
            passed: 0,
            offset: 0,
        }
    }

    /// Whether every further byte passes as it is.
    pub fn is_verbatim(&self) -> bool {
        self.state == State::Verbatim
    }

    /// The beginning of a head that was held back.
    pub fn into_held(self) -> Bytes {
        let mut untaken = self.untaken.freeze();
        untaken.advance(self.passed.min(untaken.len()));
        untaken
    }

    /// Takes the bytes that were received next.
    pub fn pass(&mut self, received: &Bytes) -> Passed {
        if self.is_verbatim() {
            return Passed { sent: Vec::new(), bytes: received.clone() };
        }
        let input = if self.untaken.is_empty() {
            received.clone()
        } else {
            self.untaken.extend_from_slice(received);
            std::mem::take(&mut self.untaken).freeze()
        };
        let mut output =
            Output { input: &input, done: self.passed, bytes: BytesMut::new(), sent: Vec::new() };
        let taken = self.walk(&input, &mut output);
        let until = if self.state == State::Head && output.done <= taken { taken } else { input.len() };
        let passed = output.finish(until);
        self.offset += taken as u64;
        self.passed = until - taken;
        let mut rest = input;
        rest.advance(taken);
        if self.state == State::Upgrading && rest.len() > MAX_EARLY_BYTES {
            self.state = State::Verbatim;
        }
        if self.is_verbatim() {
            rest.clear();
        }
        // Where nothing else holds the bytes this takes them over without a copy.
        self.untaken = BytesMut::from(rest);
        passed
    }

    /// Steps over `input`, and returns how far it was understood.
    fn walk(&mut self, input: &Bytes, output: &mut Output<'_>) -> usize {
        let mut at = 0;
        loop {
            let ahead = input.get(at..).unwrap_or_default();
            let mut shared = lock(self.shared);
            let shared = &mut *shared;
            match self.framing.step(ahead, false, &mut shared.exchange) {
                Step::Need => {
                    // Behind a refused upgrade the next request has begun.
                    if self.state == State::Upgrading {
                        self.state = State::Head;
                    }
                    return at;
                }
                Step::Head(head) => {
                    let range = at..at + head.len;
                    // Of a head that began behind an upgrade request a part has passed: too late to change it.
                    if output.done <= at
                        && let Some(new) = self.rewritten(ahead, &head, &mut shared.authority)
                    {
                        let replaces = self.offset + range.start as u64..self.offset + range.end as u64;
                        output.replace(range.clone(), replaces, self.dir, new);
                    }
                    at = range.end;
                    self.state = State::Body;
                }
                Step::Body { len } => at += len,
                Step::End { next: Next::Message, .. } => self.state = State::Head,
                Step::Wait => {
                    self.state = State::Upgrading;
                    return at;
                }
                Step::End { next: Next::WebSocket | Next::Tunnel, .. } | Step::Switch(_) | Step::NotHttp => {
                    self.state = State::Verbatim;
                    return at;
                }
            }
        }
    }

    fn rewritten(&self, bytes: &[u8], head: &Head, authority: &mut String) -> Option<Bytes> {
        if self.dir == Direction::ToClient {
            return self.rules.response(bytes, head, authority);
        }
        if let Some(name) = rewrite::authority(bytes, head).filter(|name| name != authority) {
            *authority = name.to_owned();
        }
        self.rules.request(bytes, head)
    }
}

/// The lock is never contended, since both directions run in one task; nor can what it guards be left half
/// changed, so a panic elsewhere does not matter.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The input with its heads replaced.
struct Output<'a> {
    input: &'a Bytes,
    /// So many bytes of the input are dealt with: passed on earlier, copied, or replaced.
    done: usize,
    bytes: BytesMut,
    sent: Vec<What>,
}

impl Output<'_> {
    fn replace(&mut self, range: Range<usize>, replaces: Range<u64>, dir: Direction, new: Bytes) {
        self.bytes.extend_from_slice(self.input.get(self.done..range.start).unwrap_or_default());
        self.bytes.extend_from_slice(&new);
        self.done = range.end;
        self.sent.push(What::Sent { dir, replaces, bytes: new, why: Why::Rewritten });
    }

    /// With the input up to `until`.
    fn finish(mut self, until: usize) -> Passed {
        let rest = self.done..until.max(self.done);
        let bytes = if self.sent.is_empty() {
            self.input.slice(rest)
        } else {
            self.bytes.extend_from_slice(self.input.get(rest).unwrap_or_default());
            self.bytes.freeze()
        };
        Passed { sent: self.sent, bytes }
    }
}

#[cfg(test)]
mod tests;
