//! Where an HTTP/1.1 message ends (RFC 9112 §6).

use std::collections::VecDeque;

use bytes::Bytes;

use super::chunked::{Chunked, Piece};
use super::head::{Head, Parsed, Role, Search, StartLine};
use super::length::{self, BodyLength};
use super::text::{lists, part};
use crate::decode::limits::MAX_PENDING_REQUESTS;
use crate::decode::unit::{Memory, UnitId};

#[cfg(test)]
mod tests;

/// With more unanswered requests than this the direction is not framed any longer, since nobody honest sends them and
/// each costs memory.
const MAX_UNANSWERED: usize = 64 * MAX_PENDING_REQUESTS;

/// Finds the messages of one direction. Bytes are given to [`Framing::step`] again until they are taken.
#[derive(Debug)]
pub struct Framing {
    role: Role,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between two messages, or in a head that is not complete.
    Head(Search),
    /// Behind a head.
    Body(Body, Ending),
    /// Behind a request that asked for an upgrade.
    Asked,
    /// Behind the last HTTP message.
    Switched(Next),
    NotHttp,
}

#[derive(Debug)]
enum Body {
    /// So many bytes are still to come.
    Exact(u64),
    Chunked(Chunked),
    UntilClose,
}

/// What happens when a message is complete.
#[derive(Clone, Copy, Debug)]
struct Ending {
    next: Next,
    /// A request that asked for an upgrade.
    asks: bool,
    /// A response that no other follows for the same request.
    answers: bool,
}

/// What the beginning of the input is. The caller drops the `len` bytes that a step took and calls again.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing can be said before more bytes come. Nothing was taken.
    Need,
    /// A message begins with this head of `head.len` bytes, which are taken.
    Head(Head),
    /// This many bytes, at least one, belong to the body, its transfer coding included.
    Body {
        /// How many.
        len: usize,
    },
    /// The message is complete; no bytes were taken.
    End {
        /// What follows in this direction. For a request always [`Next::Message`], since only the answer can say
        /// otherwise: see [`Step::Wait`].
        next: Next,
        /// Whether the direction ended before the message did.
        truncated: bool,
        /// For a final response, and for a 101: the request that it answers.
        request: Option<PendingRequest>,
    },
    /// An upgrade was asked for: what follows depends on the answer. Nothing was taken; call again when
    /// [`Exchange::answered`] says that the answer came.
    Wait,
    /// From here on the direction speaks something else, WebSocket or a tunnelled protocol. Nothing was taken, and
    /// every further call says the same. In a response's direction an [`Step::End`] with the same `next` came first.
    Switch(Next),
    /// The bytes are not HTTP; from here on nothing can be framed. Nothing was taken. With `fin`, also: what is left
    /// is no whole head.
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
    /// [`MAX_PENDING_REQUESTS`] of them keep their head. The request's
    /// framing adds one when its head is complete; the response's removes it at the end of the answer, which can be
    /// before the request's own end.
    pub pending: VecDeque<PendingRequest>,
    /// What the answer to an upgrade request made of the connection, once the answer's head came: `Message` for a
    /// refusal. The request's framing takes it. One upgrade at a time is under way, since what is behind its request waits.
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

impl PendingRequest {
    /// What a response must know of the request with this head, which was parsed from `bytes`. `None` for the head of
    /// a response.
    pub fn of(head: &Head, bytes: &[u8]) -> Option<PendingRequest> {
        let StartLine::Request { method, .. } = &head.start else { return None };
        let method = part(bytes, method);
        let names_upgrade = lists(head.values(bytes, "connection"), "upgrade");
        // A client that forgets `Connection: upgrade` may find a server that does not care.
        let upgrade = head.values(bytes, "upgrade").next().is_some()
            && (names_upgrade || lists(head.values(bytes, "upgrade"), "websocket"));
        Some(PendingRequest {
            head_method: method == b"HEAD",
            connect_method: method == b"CONNECT",
            upgrade,
            ..PendingRequest::default()
        })
    }
}

impl Framing {
    /// Framing of one direction, at the beginning of a message.
    pub fn new(role: Role) -> Framing {
        Framing { role, state: State::Head(Search::default()) }
    }

    /// Says what the beginning of `input` is. `fin` says that no more bytes will come. After a step that took
    /// nothing, `input` must begin with the same bytes again.
    pub fn step(&mut self, input: &[u8], fin: bool, exchange: &mut Exchange) -> Step {
        match &mut self.state {
            State::Head(_) => self.head(input, fin, exchange),
            State::Body(..) => self.body(input, fin, exchange),
            State::Asked => match exchange.answered.take() {
                None => Step::Wait,
                Some(Next::Message) => {
                    self.state = State::Head(Search::default());
                    self.head(input, fin, exchange)
                }
                Some(next) => {
                    self.state = State::Switched(next);
                    Step::Switch(next)
                }
            },
            State::Switched(next) => Step::Switch(*next),
            State::NotHttp => Step::NotHttp,
        }
    }

    fn head(&mut self, input: &[u8], fin: bool, exchange: &mut Exchange) -> Step {
        let State::Head(search) = &mut self.state else { return Step::NotHttp };
        let too_many = self.role == Role::Request && exchange.pending.len() >= MAX_UNANSWERED;
        let head = match search.parse(input, self.role) {
            Parsed::Need if !fin || input.is_empty() => return Step::Need,
            Parsed::Complete(head) if !too_many => head,
            Parsed::Need | Parsed::NotHttp | Parsed::Complete(_) => {
                self.state = State::NotHttp;
                return Step::NotHttp;
            }
        };
        let bytes = part(input, &(0..head.len));
        let (length, ending) = match PendingRequest::of(&head, bytes) {
            Some(request) => {
                let (length, _) = length::of(&head, bytes, None);
                let asks = request.upgrade || request.connect_method;
                exchange.pending.push_back(request);
                (length, Ending { next: Next::Message, asks, answers: false })
            }
            None => {
                let (length, _) = length::of(&head, bytes, exchange.pending.front());
                (length, answer(&head, bytes, exchange))
            }
        };
        let body = match length {
            BodyLength::None => Body::Exact(0),
            BodyLength::Exact(n) => Body::Exact(n),
            BodyLength::Chunked => Body::Chunked(Chunked::default()),
            BodyLength::UntilClose => Body::UntilClose,
        };
        self.state = State::Body(body, ending);
        Step::Head(head)
    }

    fn body(&mut self, input: &[u8], fin: bool, exchange: &mut Exchange) -> Step {
        let State::Body(body, ending) = &mut self.state else { return Step::NotHttp };
        let ending = *ending;
        let (len, complete) = match body {
            Body::Exact(left) => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= len as u64;
                (len, *left == 0)
            }
            Body::Chunked(chunked) => match chunks(chunked, input) {
                (len, Piece::End) => (len, true),
                (_, Piece::Broken { .. }) => {
                    *body = Body::UntilClose;
                    (input.len(), false)
                }
                (0, _) if fin => (input.len(), false),
                (len, _) => (len, false),
            },
            Body::UntilClose => (input.len(), false),
        };
        if len > 0 {
            return Step::Body { len };
        }
        let truncated = !complete && !matches!(body, Body::UntilClose);
        if complete || fin { self.end(ending, truncated, exchange) } else { Step::Need }
    }

    fn end(&mut self, ending: Ending, truncated: bool, exchange: &mut Exchange) -> Step {
        self.state = match ending.next {
            Next::Message if ending.asks => State::Asked,
            Next::Message => State::Head(Search::default()),
            next => State::Switched(next),
        };
        let request = if ending.answers { exchange.pending.pop_front() } else { None };
        Step::End { next: ending.next, truncated, request }
    }
}

/// What comes of a response with this head; tells the request's direction where that waits for it.
fn answer(head: &Head, bytes: &[u8], exchange: &mut Exchange) -> Ending {
    let StartLine::Response { code, .. } = head.start else {
        return Ending { next: Next::Message, asks: false, answers: false };
    };
    let request = exchange.pending.front();
    let asked = request.is_some_and(|r| r.upgrade || r.connect_method);
    let connected = request.is_some_and(|r| r.connect_method) && (200..300).contains(&code);
    let next = match code {
        101 if lists(head.values(bytes, "upgrade"), "websocket") => Next::WebSocket,
        101 => Next::Tunnel,
        _ if connected => Next::Tunnel,
        _ => Next::Message,
    };
    let answers = code == 101 || !(100..200).contains(&code);
    if asked && answers {
        exchange.answered = Some(next);
    }
    Ending { next, asks: false, answers }
}

/// How many bytes of `input` whole pieces of a chunked body take, and the piece behind them, which takes none.
fn chunks(chunked: &mut Chunked, input: &[u8]) -> (usize, Piece) {
    let mut len = 0;
    loop {
        let piece = chunked.next(input.get(len..).unwrap_or_default());
        if piece.len() == 0 {
            return (len, piece);
        }
        len += piece.len();
    }
}
