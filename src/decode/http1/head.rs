//! The head of an HTTP/1.1 message: start line and header section (RFC 9112 §2 to §5).

use std::ops::Range;

use memchr::memchr;

use super::rules;
use super::text::{crop, is_tchar, is_token, part, text, trim};
use crate::decode::field::Rule;
use crate::decode::limits::MAX_HEAD;

#[cfg(test)]
mod tests;

/// So many issues of a head are kept; a hostile peer could make one in every line.
const MAX_ISSUES: usize = 32;

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
    /// [`MAX_HEAD`].
    NotHttp,
}

/// A parsed head. All ranges count from its first byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Its length in bytes, the empty line included, and so are empty lines before the start line.
    pub len: usize,
    /// The first line.
    pub start: StartLine,
    /// The header fields, in their order.
    pub headers: Vec<Header>,
    /// What is wrong with it, where, and its own values. At most 32 issues are kept.
    pub issues: Vec<Issue>,
}

/// Something wrong with a head: the rule, the bytes, and this head's own values as a short phrase.
pub type Issue = (&'static Rule, Range<usize>, String);

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
        /// Its number; 0 where it is not three digits.
        code: u16,
        /// The reason phrase; empty where there is none.
        reason: Range<usize>,
    },
}

impl StartLine {
    /// The version, such as `HTTP/1.1`.
    pub fn version(&self) -> &Range<usize> {
        match self {
            StartLine::Request { version, .. } | StartLine::Response { version, .. } => version,
        }
    }
}

/// A header field as it stood on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The whole line, its end included; all of its lines where it is folded.
    pub line: Range<usize>,
    /// The field name; empty where the line has no colon.
    pub name: Range<usize>,
    /// The field value, without the white space around it.
    pub value: Range<usize>,
}

impl Head {
    /// Reads a head from the beginning of `input`. Tolerates what servers tolerate (a bare LF, obs-fold, white
    /// space before the colon) and notes it as an issue. Bytes behind the head change nothing.
    pub fn parse(input: &[u8], role: Role) -> Parsed {
        Search::default().parse(input, role)
    }

    /// The values of all header fields called `name`, in their order, as they stood in `input`, the bytes that
    /// this head was parsed from. Names are compared without regard to case.
    pub fn values<'a>(&'a self, input: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields(input, name).filter_map(|h| input.get(h.value.clone()))
    }

    /// As [`Head::values`], with their places.
    pub(super) fn fields<'a>(&'a self, input: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a Header> {
        self.headers.iter().filter(move |h| part(input, &h.name).eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// Where the search for the end of a head stands. A head that arrives in many pieces is searched once if the same
/// `Search` sees every prefix of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    /// Where the start line begins, behind the empty lines before it. `start <= line`.
    start: usize,
    /// Where the line begins whose end was not found yet: the start line while it equals `start`.
    line: usize,
    /// Up to here there is no line end behind `line`. `line <= searched`.
    searched: usize,
    /// The space behind the method was seen.
    method_ended: bool,
}

impl Search {
    /// As [`Head::parse`]. After [`Parsed::Need`], `input` must begin with the same bytes again.
    pub(super) fn parse(&mut self, input: &[u8], role: Role) -> Parsed {
        let allowed = input.get(..MAX_HEAD).unwrap_or(input);
        loop {
            let unseen = allowed.get(self.searched..).unwrap_or_default();
            let Some(lf) = memchr(b'\n', unseen) else {
                let plausible = self.line > self.start || self.may_begin(allowed, role);
                self.searched = allowed.len();
                let more = plausible && allowed.len() < MAX_HEAD;
                return if more { Parsed::Need } else { Parsed::NotHttp };
            };
            let end = self.searched + lf + 1;
            let line = content(allowed, self.line..end);
            if self.line > self.start {
                if line.is_empty() {
                    return Parsed::Complete(read(part(allowed, &(0..end)), self.start, role));
                }
            } else if line.is_empty() {
                self.start = end;
            } else if !is_start_line(allowed, line, role) {
                return Parsed::NotHttp;
            }
            self.line = end;
            self.searched = end;
        }
    }

    /// Whether a start line that has not ended yet may still become one. Looks at each byte once.
    fn may_begin(&mut self, input: &[u8], role: Role) -> bool {
        let line = input.get(self.start..).unwrap_or_default();
        match (line, role) {
            ([] | [b'\r'], _) => true,
            (_, Role::Response) => line.iter().zip(b"HTTP/").all(|(a, b)| a.eq_ignore_ascii_case(b)),
            ([first, ..], Role::Request) => {
                let unseen = input.get(self.searched.max(self.start)..).unwrap_or_default();
                let method = unseen.split(|b| *b == b' ').next().unwrap_or_default();
                let plausible = self.method_ended || method.iter().all(u8::is_ascii_graphic);
                self.method_ended |= method.len() < unseen.len();
                is_tchar(*first) && plausible
            }
        }
    }
}

/// `line` without its line end.
fn content(bytes: &[u8], line: Range<usize>) -> Range<usize> {
    let end = match part(bytes, &line) {
        [.., b'\r', b'\n'] => line.end - 2,
        [.., b'\n'] => line.end - 1,
        _ => line.end,
    };
    line.start..end
}

fn is_start_line(bytes: &[u8], line: Range<usize>, role: Role) -> bool {
    match role {
        Role::Request => request_line(bytes, line).is_some(),
        Role::Response => status_line(bytes, line).is_some(),
    }
}

/// The three parts of a request line, or `None` if it is none. More white space than allowed is skipped
/// (RFC 9112 §3).
fn request_line(bytes: &[u8], line: Range<usize>) -> Option<[Range<usize>; 3]> {
    let line = line.start..trim(bytes, line).end;
    let space = part(bytes, &line).iter().position(|b| *b == b' ')?;
    let last_space = part(bytes, &line).iter().rposition(|b| *b == b' ')?;
    let method = line.start..line.start + space;
    let target = trim(bytes, method.end..line.start + last_space);
    let version = line.start + last_space + 1..line.end;
    let first = *part(bytes, &method).first()?;
    let is_request = is_tchar(first)
        && part(bytes, &method).iter().all(u8::is_ascii_graphic)
        && !target.is_empty()
        && is_version(part(bytes, &version))
        // The first line of the preface of HTTP/2 (RFC 9113 §3.4).
        && part(bytes, &line) != b"PRI * HTTP/2.0";
    is_request.then_some([method, target, version])
}

/// Version, status code and reason phrase, or `None` if it is no status line.
fn status_line(bytes: &[u8], line: Range<usize>) -> Option<[Range<usize>; 3]> {
    let space = part(bytes, &line).iter().position(|b| *b == b' ')?;
    let version = line.start..line.start + space;
    let rest = part(bytes, &(version.end..line.end));
    let code = version.end + rest.iter().position(|b| *b != b' ')?;
    let code_len = part(bytes, &(code..line.end)).iter().position(|b| *b == b' ');
    let code_end = code_len.map_or(line.end, |n| code + n);
    let reason = (code_end + 1).min(line.end)..line.end;
    is_version(part(bytes, &version)).then_some([version, code..code_end, reason])
}

fn is_version(bytes: &[u8]) -> bool {
    bytes.get(..5).is_some_and(|b| b.eq_ignore_ascii_case(b"HTTP/"))
}

/// Reads a head whose end and start line were found: `bytes` is all of it, `start` where the start line begins.
fn read(bytes: &[u8], start: usize, role: Role) -> Head {
    let mut reader = Reader { bytes, headers: Vec::new(), issues: Vec::new() };
    let mut at = start;
    let mut bare = 0..0;
    let mut next_line = || {
        let rest = bytes.get(at..).unwrap_or_default();
        let line = at..at + memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        at = line.end;
        let inside = content(bytes, line.clone());
        if bare.is_empty() && line.len() == inside.len() + 1 {
            bare = inside.end..line.end;
        }
        (line, inside)
    };

    let first = next_line().1;
    let start_line = match role {
        Role::Request => reader.request_line(first),
        Role::Response => reader.status_line(first),
    };
    loop {
        let (line, inside) = next_line();
        if inside.is_empty() {
            break;
        }
        reader.field_line(line, inside);
    }
    if role == Role::Request {
        reader.check_host(&start_line);
    }
    if start > 0 {
        reader.issue(&rules::LEADING_EMPTY_LINE, 0..start, String::new());
    }
    if !bare.is_empty() {
        reader.issue(&rules::BARE_LF, bare, String::new());
    }
    Head { len: bytes.len(), start: start_line, headers: reader.headers, issues: reader.issues }
}

struct Reader<'a> {
    bytes: &'a [u8],
    headers: Vec<Header>,
    issues: Vec<Issue>,
}

impl Reader<'_> {
    fn issue(&mut self, rule: &'static Rule, at: Range<usize>, detail: String) {
        if self.issues.len() < MAX_ISSUES {
            self.issues.push((rule, at, detail));
        }
    }

    fn quote(&self, range: &Range<usize>) -> String {
        crop(&text(self.bytes, range), 60)
    }

    fn request_line(&mut self, line: Range<usize>) -> StartLine {
        let nowhere = line.start..line.start;
        let parts = request_line(self.bytes, line.clone());
        let [method, target, version] = parts.unwrap_or([nowhere.clone(), nowhere.clone(), nowhere]);
        if method.end + 1 != target.start || target.end + 1 != version.start || version.end != line.end {
            self.issue(&rules::START_LINE_SPACE, line, String::new());
        }
        if !is_token(part(self.bytes, &method)) {
            self.issue(&rules::BAD_METHOD, method.clone(), self.quote(&method));
        }
        let odd = part(self.bytes, &target).iter().position(|b| !b.is_ascii_graphic());
        if let Some(at) = odd {
            self.issue(&rules::BAD_TARGET, target.start + at..target.start + at + 1, String::new());
        }
        self.check_version(&version);
        StartLine::Request { method, target, version }
    }

    fn status_line(&mut self, line: Range<usize>) -> StartLine {
        let nowhere = line.start..line.start;
        let parts = status_line(self.bytes, line.clone());
        let [version, status, reason] = parts.unwrap_or([nowhere.clone(), nowhere.clone(), nowhere]);
        if version.end + 1 != status.start {
            self.issue(&rules::START_LINE_SPACE, line.clone(), String::new());
        }
        let code = status_code(part(self.bytes, &status));
        if !(100..600).contains(&code) {
            self.issue(&rules::BAD_STATUS, status.clone(), self.quote(&status));
        }
        if reason.is_empty() {
            self.issue(&rules::MISSING_REASON, line.end..line.end, String::new());
        }
        self.control_characters(&reason);
        self.check_version(&version);
        StartLine::Response { version, status, code, reason }
    }

    fn check_version(&mut self, version: &Range<usize>) {
        match part(self.bytes, version) {
            b"HTTP/1.1" => {}
            b"HTTP/1.0" => self.issue(&rules::HTTP_1_0, version.clone(), String::new()),
            _ => self.issue(&rules::BAD_VERSION, version.clone(), self.quote(version)),
        }
    }

    fn field_line(&mut self, line: Range<usize>, inside: Range<usize>) {
        let folded = matches!(self.bytes.get(inside.start), Some(b' ' | b'\t'));
        if folded && !self.headers.is_empty() {
            return self.fold(line, inside);
        }
        if folded {
            self.issue(&rules::SPACE_BEFORE_FIRST_FIELD, inside.clone(), String::new());
        }
        let name = match memchr(b':', part(self.bytes, &inside)) {
            Some(colon) => inside.start..inside.start + colon,
            None => {
                self.issue(&rules::NO_COLON, inside.clone(), self.quote(&inside));
                let value = trim(self.bytes, inside.clone());
                return self.headers.push(Header { line, name: inside.start..inside.start, value });
            }
        };
        let value = trim(self.bytes, name.end + 1..inside.end);
        let name = self.name(name);
        self.control_characters(&value);
        self.headers.push(Header { line, name, value });
    }

    /// Checks what stands before the colon; returns it without the white space around it.
    fn name(&mut self, name: Range<usize>) -> Range<usize> {
        let trimmed = trim(self.bytes, name.clone());
        if trimmed.is_empty() {
            self.issue(&rules::EMPTY_NAME, name.start..name.end + 1, String::new());
            return trimmed;
        }
        if trimmed.end < name.end {
            self.issue(&rules::SPACE_BEFORE_COLON, trimmed.end..name.end, self.quote(&trimmed));
        }
        if !is_token(part(self.bytes, &trimmed)) {
            self.issue(&rules::BAD_NAME, trimmed.clone(), self.quote(&trimmed));
        }
        trimmed
    }

    /// Adds a line that begins with white space to the field before it.
    fn fold(&mut self, line: Range<usize>, inside: Range<usize>) {
        self.issue(&rules::OBS_FOLD, inside.clone(), String::new());
        self.control_characters(&inside);
        if let Some(header) = self.headers.last_mut() {
            header.line.end = line.end;
            let more = trim(self.bytes, inside);
            if header.value.is_empty() {
                header.value = more;
            } else if !more.is_empty() {
                header.value.end = more.end;
            }
        }
    }

    fn control_characters(&mut self, range: &Range<usize>) {
        let is_control = |b: &u8| b.is_ascii_control() && *b != b'\t';
        let bytes = part(self.bytes, range);
        if let Some(at) = bytes.iter().position(is_control) {
            let byte = bytes.get(at).copied().unwrap_or_default();
            let at = range.start + at;
            self.issue(&rules::CONTROL_CHARACTER, at..at + 1, format!("byte 0x{byte:02x}"));
        }
    }

    fn check_host(&mut self, start: &StartLine) {
        let version = start.version().clone();
        if part(self.bytes, &version) != b"HTTP/1.1" {
            return;
        }
        let is_host = |h: &&Header| part(self.bytes, &h.name).eq_ignore_ascii_case(b"host");
        let hosts: Vec<_> = self.headers.iter().filter(is_host).map(|h| h.line.clone()).take(2).collect();
        match hosts.as_slice() {
            [] => self.issue(&rules::MISSING_HOST, version, String::new()),
            [_] => {}
            [_, second, ..] => self.issue(&rules::DUPLICATE_HOST, second.clone(), String::new()),
        }
    }
}

/// The number that three digits make; 0 for anything else.
fn status_code(digits: &[u8]) -> u16 {
    match digits {
        [a, b, c] if digits.iter().all(u8::is_ascii_digit) => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => 0,
    }
}
