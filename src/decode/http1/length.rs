//! How long the body of a message is (RFC 9112 §6.3).

use super::framing::PendingRequest;
use super::head::{Head, Header, Issue, StartLine};
use super::rules;
use super::text::{crop, list, part, text};

/// What says where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// There is no body.
    None,
    /// It has this many bytes.
    Exact(u64),
    /// The last chunk ends it.
    Chunked,
    /// The end of the direction ends it.
    UntilClose,
}

/// The length of the body that follows `head`, the head of `bytes`, and what is wrong with how it is given.
/// `request` is the request that a response answers; only its method counts.
pub(super) fn of(head: &Head, bytes: &[u8], request: Option<&PendingRequest>) -> (BodyLength, Vec<Issue>) {
    let mut issues = Vec::new();
    let length = match &head.start {
        StartLine::Response { code, .. } => {
            if let Some(never) = without_body(head, bytes, *code, request, &mut issues) {
                never
            } else {
                explicit(head, bytes, &mut issues).unwrap_or(BodyLength::UntilClose)
            }
        }
        StartLine::Request { .. } => explicit(head, bytes, &mut issues).unwrap_or(BodyLength::None),
    };
    (length, issues)
}

/// The answers that never have a body, whatever their head says: points 1 and 2 of the section.
fn without_body(
    head: &Head,
    bytes: &[u8],
    code: u16,
    request: Option<&PendingRequest>,
    issues: &mut Vec<Issue>,
) -> Option<BodyLength> {
    let tunnel = request.is_some_and(|r| r.connect_method) && (200..300).contains(&code);
    // These must not even name a length; an answer to HEAD, and a 304, may say what GET would have given.
    let no_length = (100..200).contains(&code) || code == 204 || tunnel;
    if no_length {
        let named = ["content-length", "transfer-encoding"].map(|n| head.fields(bytes, n).next());
        if let Some(header) = named.into_iter().flatten().next() {
            issues.push((&rules::LENGTH_WITHOUT_BODY, header.line.clone(), code.to_string()));
        }
    }
    (no_length || code == 304 || request.is_some_and(|r| r.head_method)).then_some(BodyLength::None)
}

/// What Transfer-Encoding and Content-Length say, if either is there: points 3 to 6 of the section.
fn explicit(head: &Head, bytes: &[u8], issues: &mut Vec<Issue>) -> Option<BodyLength> {
    let lengths: Vec<&Header> = head.fields(bytes, "content-length").collect();
    let Some(coding) = head.fields(bytes, "transfer-encoding").last() else {
        return (!lengths.is_empty()).then(|| content_length(bytes, &lengths, issues));
    };
    if let Some(length) = lengths.first() {
        issues.push((&rules::BOTH_LENGTHS, length.line.clone(), quote(bytes, length)));
        // It does not count, but what is wrong with it is worth saying.
        content_length(bytes, &lengths, issues);
    }
    if part(bytes, head.start.version()) == b"HTTP/1.0" {
        issues.push((&rules::CHUNKED_IN_1_0, coding.line.clone(), String::new()));
    }
    Some(transfer_encoding(head, bytes, coding, issues))
}

/// Chunked, if the last of all transfer codings is. `last` is the last field with codings.
fn transfer_encoding(head: &Head, bytes: &[u8], last: &Header, issues: &mut Vec<Issue>) -> BodyLength {
    let fields = head.fields(bytes, "transfer-encoding");
    let is_chunked: Vec<bool> = fields
        .flat_map(|h| list(bytes, &h.value))
        .map(|coding| part(bytes, &coding).eq_ignore_ascii_case(b"chunked"))
        .collect();
    if is_chunked.iter().filter(|c| **c).count() > 1 {
        issues.push((&rules::CHUNKED_TWICE, last.line.clone(), quote(bytes, last)));
    }
    if is_chunked.last() == Some(&true) {
        return BodyLength::Chunked;
    }
    issues.push((&rules::NOT_CHUNKED_LAST, last.line.clone(), quote(bytes, last)));
    BodyLength::UntilClose
}

/// The one number that all Content-Length fields and all elements of each agree on.
fn content_length(bytes: &[u8], fields: &[&Header], issues: &mut Vec<Issue>) -> BodyLength {
    let mut agreed = None;
    let mut count = 0;
    for field in fields {
        let mut elements = list(bytes, &field.value).peekable();
        if elements.peek().is_none() {
            issues.push((&rules::BAD_CONTENT_LENGTH, field.line.clone(), String::new()));
            return BodyLength::UntilClose;
        }
        for element in elements {
            let Some(length) = decimal(part(bytes, &element)) else {
                issues.push((&rules::BAD_CONTENT_LENGTH, field.value.clone(), quote(bytes, field)));
                return BodyLength::UntilClose;
            };
            if let Some(other) = agreed.filter(|other| *other != length) {
                let detail = format!("{other} and {length}");
                issues.push((&rules::DIFFERING_LENGTHS, field.line.clone(), detail));
                return BodyLength::UntilClose;
            }
            agreed = Some(length);
            count += 1;
        }
    }
    if let (Some(last), true) = (fields.last(), count > 1) {
        issues.push((&rules::REPEATED_LENGTH, last.line.clone(), format!("{count} times")));
    }
    BodyLength::Exact(agreed.unwrap_or(0))
}

/// Digits alone: no sign, no white space, no more than fit.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let only_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| only_digits)?.parse().ok()
}

fn quote(bytes: &[u8], header: &Header) -> String {
    crop(&text(bytes, &header.value), 60)
}

#[cfg(test)]
mod tests {
    use super::super::head::{Parsed, Role};
    use super::*;

    fn check(role: Role, head: &str, request: Option<&PendingRequest>) -> (BodyLength, Vec<&'static str>) {
        let bytes = head.replace('\n', "\r\n") + "\r\n";
        let Parsed::Complete(head) = Head::parse(bytes.as_bytes(), role) else { panic!("no head: {bytes}") };
        let (length, issues) = of(&head, bytes.as_bytes(), request);
        (length, issues.into_iter().map(|(rule, ..)| rule.key).collect())
    }

    fn request(fields: &str) -> (BodyLength, Vec<&'static str>) {
        check(Role::Request, &format!("POST / HTTP/1.1\nHost: a\n{fields}"), None)
    }

    fn response(status: u16, fields: &str) -> (BodyLength, Vec<&'static str>) {
        check(Role::Response, &format!("HTTP/1.1 {status} X\n{fields}"), None)
    }

    #[test]
    fn the_order_of_the_section() {
        assert_eq!(request(""), (BodyLength::None, vec![]));
        assert_eq!(request("Content-Length: 5\n"), (BodyLength::Exact(5), vec![]));
        assert_eq!(request("Transfer-Encoding: Chunked\n"), (BodyLength::Chunked, vec![]));
        assert_eq!(response(200, ""), (BodyLength::UntilClose, vec![]));
        assert_eq!(response(200, "Content-Length: 0\n"), (BodyLength::Exact(0), vec![]));
        assert_eq!(response(304, "Content-Length: 5\n"), (BodyLength::None, vec![]));
        assert_eq!(response(204, ""), (BodyLength::None, vec![]));
        assert_eq!(response(101, ""), (BodyLength::None, vec![]));
        let head = PendingRequest { head_method: true, ..PendingRequest::default() };
        let answer = check(Role::Response, "HTTP/1.1 200 OK\nContent-Length: 5\n", Some(&head));
        assert_eq!(answer, (BodyLength::None, vec![]));
    }

    #[test]
    fn ambiguous_lengths_have_names() {
        let both = request("Content-Length: 5\nTransfer-Encoding: chunked\n");
        assert_eq!(both, (BodyLength::Chunked, vec!["http.both_lengths"]));
        let all = request("Content-Length: 5\nContent-Length: 6\nTransfer-Encoding: chunked\n");
        assert_eq!(all, (BodyLength::Chunked, vec!["http.both_lengths", "http.differing_lengths"]));
        let differing = (BodyLength::UntilClose, vec!["http.differing_lengths"]);
        assert_eq!(request("Content-Length: 5\nContent-Length: 6\n"), differing);
        assert_eq!(request("Content-Length: 5, 6\n"), differing);
        let same = (BodyLength::Exact(5), vec!["http.repeated_length"]);
        assert_eq!(request("Content-Length: 5\nContent-Length: 5\n"), same);
        assert_eq!(request("Content-Length: 5, 5\n"), same);
        for bad in ["", "+5", "0x5", "5 5", "99999999999999999999", "-1"] {
            let length = request(&format!("Content-Length: {bad}\n"));
            assert_eq!(length, (BodyLength::UntilClose, vec!["http.bad_content_length"]), "{bad}");
        }
        let last = (BodyLength::UntilClose, vec!["http.not_chunked_last"]);
        assert_eq!(request("Transfer-Encoding: chunked, gzip\n"), last);
        assert_eq!(response(200, "Transfer-Encoding: gzip\n"), last);
        let twice = request("Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n");
        assert_eq!(twice, (BodyLength::Chunked, vec!["http.chunked_twice"]));
        assert_eq!(request("Transfer-Encoding: gzip, chunked\n"), (BodyLength::Chunked, vec![]));
        let no_body = response(204, "Content-Length: 0\n");
        assert_eq!(no_body, (BodyLength::None, vec!["http.length_without_body"]));
        let old = check(Role::Response, "HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n", None);
        assert_eq!(old, (BodyLength::Chunked, vec!["http.chunked_in_1_0"]));
    }

    #[test]
    fn a_tunnel_has_no_body() {
        let connect = PendingRequest { connect_method: true, ..PendingRequest::default() };
        let answer = |status| check(Role::Response, &format!("HTTP/1.1 {status} X\n"), Some(&connect)).0;
        assert_eq!(answer(200), BodyLength::None);
        assert_eq!(answer(407), BodyLength::UntilClose);
    }
}
