//! The head of an HTTP/1.1 message: start line and header section (RFC 9112 §2 to §5).

use std::ops::Range;

use crate::decode::field::Rule;

/// Whether a message asks or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A request, from the client.
    Request,
    /// A response, from the server.
    Response,
}

/// What the bytes so far are.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// The beginning of a head; more bytes are needed.
    Need,
    /// A whole head.
    Complete(Head),
    /// No HTTP/1.x message begins like this, or its head is longer than
    /// [`MAX_HEAD`](crate::decode::limits::MAX_HEAD).
    NotHttp,
}

/// A parsed head. All ranges count from its first byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Its length in bytes, the empty line included.
    pub len: usize,
    /// The first line.
    pub start: StartLine,
    /// The header fields, in their order.
    pub headers: Vec<Header>,
    /// What is wrong with it.
    pub issues: Vec<(&'static Rule, Range<usize>, String)>,
}

/// The first line of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum StartLine {
    /// RFC 9112 §3.
    Request {
        /// The method.
        method: Range<usize>,
        /// The request target.
        target: Range<usize>,
        /// The version, such as `HTTP/1.1`.
        version: Range<usize>,
    },
    /// RFC 9112 §4.
    Response {
        /// The version.
        version: Range<usize>,
        /// Where the status code stands.
        status: Range<usize>,
        /// Its number.
        code: u16,
        /// The reason phrase; empty where there is none.
        reason: Range<usize>,
    },
}

/// A header field as it stood on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The whole line, its end included.
    pub line: Range<usize>,
    /// The field name.
    pub name: Range<usize>,
    /// The field value, without the white space around it.
    pub value: Range<usize>,
}

impl Head {
    /// Reads a head from the beginning of `input`. Tolerates what servers tolerate (a bare LF, obs-fold, white
    /// space before the colon) and notes it as an issue.
    pub fn parse(input: &[u8], role: Role) -> Parsed {
        let _ = (input, role);
        Parsed::NotHttp
    }

    /// The values of all header fields called `name`, in their order, as they stood in `input`, the bytes that
    /// this head was parsed from. Names are compared without regard to case.
    pub fn values<'a>(&'a self, input: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |h| {
                input.get(h.name.clone()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
            })
            .filter_map(|h| input.get(h.value.clone()))
    }
}
