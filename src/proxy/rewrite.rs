//! The rewriting of one head, as a pure function: only the values that must change do, all other bytes stay.
//!
//! A server that is not on this machine chooses the site by Host, refuses pages of other origins by Origin,
//! and says in Location and in the Domain of cookies where it believes to be. In front of it stands wirewalk
//! under another name, so each of these is translated, and nothing else.

use std::ops::Range;

use bytes::Bytes;

use super::{HostPolicy, OriginPolicy, Upstream};
use crate::decode::http1::head::{Head, Header};

/// What is rewritten on the connections to one upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What Host becomes; `None` leaves Host, Location and cookies as they are.
    host: Option<String>,
    origin: NewOrigin,
    /// The origins that the server may believe to be its own.
    server_origins: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NewOrigin {
    /// Origin is left as it is.
    Keep,
    /// An Origin that is wirewalk's own becomes this, the upstream's.
    IfOwn(String),
    /// Every Origin becomes this.
    Always(String),
}

/// A piece of a head, and what stands there instead.
type Edit = (Range<usize>, String);

impl Rules {
    /// What the flags mean for this upstream; `None` where nothing is to be rewritten.
    pub fn new(host: &HostPolicy, origin: &OriginPolicy, upstream: &Upstream) -> Option<Rules> {
        let host = match host {
            HostPolicy::Auto if upstream.is_loopback() => None,
            HostPolicy::Keep => None,
            HostPolicy::Auto | HostPolicy::Upstream => Some(upstream.authority()),
            HostPolicy::Name(name) => Some(name.clone()),
        };
        let origin = match origin {
            OriginPolicy::Auto if upstream.is_loopback() => NewOrigin::Keep,
            OriginPolicy::Keep => NewOrigin::Keep,
            OriginPolicy::Auto => NewOrigin::IfOwn(upstream.origin()),
            OriginPolicy::Upstream => NewOrigin::Always(upstream.origin()),
            OriginPolicy::Url(url) => NewOrigin::Always(url.clone()),
        };
        if host.is_none() && origin == NewOrigin::Keep {
            return None;
        }
        let scheme = if upstream.tls() { "https" } else { "http" };
        let server_origins = [host.clone(), Some(upstream.authority())]
            .into_iter()
            .flatten()
            .map(|a| canonical(scheme, &a))
            .collect();
        Some(Rules { host, origin, server_origins })
    }

    /// The head of a request as it is to be sent, where that differs from `bytes`, which `head` was parsed from.
    pub fn request(&self, bytes: &[u8], head: &Head) -> Option<Bytes> {
        let mut edits = Vec::new();
        let own = authority(bytes, head).map(|authority| format!("http://{authority}"));
        for header in &head.headers {
            if is(bytes, header, "host") {
                edits.extend(self.host.clone().map(|host| (header.value.clone(), host)));
            } else if is(bytes, header, "origin") {
                let value = bytes.get(header.value.clone()).unwrap_or_default();
                let is_own = own.as_ref().is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(value));
                match &self.origin {
                    NewOrigin::IfOwn(origin) if is_own => edits.push((header.value.clone(), origin.clone())),
                    NewOrigin::Always(origin) => edits.push((header.value.clone(), origin.clone())),
                    NewOrigin::Keep | NewOrigin::IfOwn(_) => {}
                }
            }
        }
        apply(bytes, head, edits)
    }

    /// The head of a response as it is to be sent to a client that knows wirewalk as `authority`, where that
    /// differs from `bytes`, which `head` was parsed from.
    pub fn response(&self, bytes: &[u8], head: &Head, authority: &str) -> Option<Bytes> {
        self.host.as_ref()?;
        let mut edits = Vec::new();
        for header in &head.headers {
            // What is not UTF-8 names no host, and is left alone.
            let value = bytes.get(header.value.clone()).and_then(|value| str::from_utf8(value).ok());
            let Some(value) = value else { continue };
            let from = header.value.start;
            if is(bytes, header, "location") {
                let edit = self.location(value, authority);
                edits.extend(edit.map(|(range, new)| (from + range.start..from + range.end, new)));
            } else if is(bytes, header, "set-cookie") {
                let ranges = self.cookie_domains(value).into_iter();
                edits.extend(ranges.map(|r| (from + r.start..from + r.end, host_of(authority).to_owned())));
            }
        }
        apply(bytes, head, edits)
    }

    /// A Location on the server itself (RFC 9110 §10.2.2) leads to wirewalk instead. One that changes the
    /// scheme does not: where `http` leads to `https`, wirewalk would send the client round in a circle.
    fn location(&self, value: &str, client_authority: &str) -> Option<Edit> {
        let (scheme, rest) = value.split_once("//")?;
        let server_scheme = self.server_origins.first()?.split(':').next()?;
        let (scheme, new) = match scheme.strip_suffix(':') {
            Some(scheme) => (scheme, format!("http://{client_authority}")),
            // A reference without a scheme (RFC 3986 §4.2) has the scheme of the page it is on.
            None if scheme.is_empty() => (server_scheme, format!("//{client_authority}")),
            None => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let origin = canonical(scheme, authority);
        let length = value.len() - rest.len() + authority.len();
        self.server_origins.contains(&origin).then_some((0..length, new))
    }

    /// Where in a Set-Cookie value (RFC 6265 §4.1) a Domain stands that the server is in.
    fn cookie_domains(&self, value: &str) -> Vec<Range<usize>> {
        let mut at = 0;
        let mut found = Vec::new();
        for (nth, part) in value.split(';').enumerate() {
            let start = at;
            at += part.len() + 1;
            // The first part is the cookie itself, and may well be called "domain".
            let Some((name, domain)) = part.split_once('=').filter(|_| nth > 0) else { continue };
            if !name.trim().eq_ignore_ascii_case("domain") {
                continue;
            }
            let from = start + name.len() + 1 + (domain.len() - domain.trim_start().len());
            let domain = domain.trim();
            if self.server_origins.iter().any(|origin| domain_matches(origin, domain)) {
                found.push(from..from + domain.len());
            }
        }
        found
    }
}

/// The host and port by which the client knows wirewalk: the Host of its request, if it is one.
pub fn authority<'a>(bytes: &'a [u8], head: &Head) -> Option<&'a str> {
    let host = head.headers.iter().find(|header| is(bytes, header, "host"))?;
    let value = str::from_utf8(bytes.get(host.value.clone())?).ok()?;
    // It goes into heads that we make, so it must hold nothing that could end a value or a URL's authority.
    let is_plain =
        !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    is_plain.then_some(value)
}

fn is(bytes: &[u8], header: &Header, name: &str) -> bool {
    bytes.get(header.name.clone()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
}

/// An origin in lower case, without the port where it is the scheme's own, so that equal ones compare equal.
fn canonical(scheme: &str, authority: &str) -> String {
    let scheme = scheme.to_ascii_lowercase();
    let port = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase())
}

/// The host of an authority, without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // What follows the last colon inside of brackets is a part of an IPv6 address.
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    }
}

/// Whether the host of `origin` is `domain` or below it (RFC 6265 §5.1.3; a leading dot means nothing).
fn domain_matches(origin: &str, domain: &str) -> bool {
    let host = host_of(origin.split_once("//").map_or(origin, |(_, authority)| authority));
    let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
    !domain.is_empty()
        && host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The head with its edits, which are in order; `None` where they change nothing.
fn apply(bytes: &[u8], head: &Head, edits: Vec<Edit>) -> Option<Bytes> {
    let mut out = Vec::with_capacity(head.len + 64);
    let mut copied = 0;
    for (range, new) in edits {
        out.extend_from_slice(bytes.get(copied..range.start)?);
        out.extend_from_slice(new.as_bytes());
        copied = range.end;
    }
    let old = bytes.get(..head.len)?;
    out.extend_from_slice(old.get(copied..)?);
    (out != old).then(|| Bytes::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::http1::head::{Parsed, Role};

    fn rules(host: &str, origin: &str, upstream: &str) -> Option<Rules> {
        Rules::new(&host.parse().unwrap(), &origin.parse().unwrap(), &Upstream::parse(upstream).unwrap())
    }

    fn head(text: &str, role: Role) -> Head {
        match Head::parse(text.as_bytes(), role) {
            Parsed::Complete(head) => head,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    /// What becomes of the field lines of a request; they stand among others, which must stay.
    fn request(rules: &Rules, lines: &str) -> String {
        let head_of = |lines: &str| format!("GET /?a=b HTTP/1.1\r\nX-Odd :  1\r\n{lines}\r\nLast: 2\r\n\r\n");
        let bytes = head_of(lines);
        let sent = rules.request(bytes.as_bytes(), &head(&bytes, Role::Request));
        let sent = sent.map_or(bytes, |sent| String::from_utf8(sent.to_vec()).unwrap());
        lines_in(&sent, &head_of("\0"))
    }

    fn response(rules: &Rules, lines: &str, authority: &str) -> String {
        let head_of = |lines: &str| format!("HTTP/1.1 302 Found\r\n{lines}\r\nserver: X\r\n\r\n");
        let bytes = head_of(lines);
        let sent = rules.response(bytes.as_bytes(), &head(&bytes, Role::Response), authority);
        let sent = sent.map_or(bytes, |sent| String::from_utf8(sent.to_vec()).unwrap());
        lines_in(&sent, &head_of("\0"))
    }

    fn lines_in(sent: &str, frame: &str) -> String {
        let (before, after) = frame.split_once('\0').unwrap();
        sent.strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .expect("the other lines stay")
            .to_owned()
    }

    #[test]
    fn nothing_is_rewritten_for_a_loopback_upstream_unless_asked_for() {
        assert_eq!(rules("auto", "auto", "http://127.0.0.1:5000"), None);
        assert_eq!(rules("auto", "auto", "http://[::1]:5000"), None);
        assert_eq!(rules("keep", "keep", "http://example.com"), None);
        let asked = rules("upstream", "upstream", "http://127.0.0.1:5000").unwrap();
        assert_eq!(request(&asked, "Host: localhost:8080"), "Host: 127.0.0.1:5000");
    }

    #[test]
    fn host() {
        let auto = rules("auto", "auto", "https://example.com").unwrap();
        assert_eq!(request(&auto, "hOST:127.0.0.1:8080 "), "hOST:example.com ", "spacing and case stay");
        assert_eq!(request(&auto, "Host: a\r\nHost: b"), "Host: example.com\r\nHost: example.com");
        assert_eq!(request(&auto, "X-Host: a"), "X-Host: a");
        let with_port = rules("auto", "auto", "http://example.com:8000").unwrap();
        assert_eq!(request(&with_port, "Host: a"), "Host: example.com:8000");
        let named = rules("site.example", "auto", "http://127.0.0.1:5000").unwrap();
        assert_eq!(request(&named, "Host: a"), "Host: site.example");
        let kept = rules("keep", "auto", "https://example.com").unwrap();
        assert_eq!(
            request(&kept, "Host: a:1\r\nOrigin: http://a:1"),
            "Host: a:1\r\nOrigin: https://example.com"
        );
    }

    #[test]
    fn a_head_that_needs_no_change_is_left_alone() {
        let auto = rules("auto", "auto", "http://example.com").unwrap();
        let text = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
        assert_eq!(auto.request(text.as_bytes(), &head(text, Role::Request)), None);
    }

    #[test]
    fn origin_of_wirewalk_itself_becomes_the_upstreams() {
        let auto = rules("auto", "auto", "https://example.com:8443").unwrap();
        for (sent, expected) in [
            ("http://127.0.0.1:8080", "https://example.com:8443"),
            ("HTTP://127.0.0.1:8080", "https://example.com:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://127.0.0.1:8080", "https://127.0.0.1:8080"),
            ("null", "null"),
        ] {
            let got = request(&auto, &format!("Origin: {sent}\r\nHost: 127.0.0.1:8080"));
            assert_eq!(got, format!("Origin: {expected}\r\nHost: example.com:8443"));
        }
    }

    #[test]
    fn origin_as_asked_for() {
        let upstream = rules("keep", "upstream", "http://127.0.0.1:5000").unwrap();
        assert_eq!(request(&upstream, "Origin: http://other"), "Origin: http://127.0.0.1:5000");
        let url = rules("auto", "https://Site.example", "http://127.0.0.1:5000").unwrap();
        assert_eq!(request(&url, "Origin: null\r\nHost: a"), "Origin: https://site.example\r\nHost: a");
        assert_eq!(
            response(&url, "Location: http://127.0.0.1:5000/", "a"),
            "Location: http://127.0.0.1:5000/"
        );
        let kept = rules("auto", "keep", "https://example.com").unwrap();
        assert_eq!(request(&kept, "Origin: http://a\r\nHost: a"), "Origin: http://a\r\nHost: example.com");
    }

    #[test]
    fn location() {
        let auto = rules("auto", "auto", "https://example.com").unwrap();
        for (sent, expected) in [
            (
                "https://example.com/login?next=https://example.com/",
                "http://me:8080/login?next=https://example.com/",
            ),
            ("https://EXAMPLE.com:443", "http://me:8080"),
            ("HTTPS://example.com?q", "http://me:8080?q"),
            ("//example.com/x", "//me:8080/x"),
            ("/x", "/x"),
            ("/x//example.com", "/x//example.com"),
            ("http://example.com/x", "http://example.com/x"),
            ("https://example.com:8443/x", "https://example.com:8443/x"),
            ("https://example.com.evil/x", "https://example.com.evil/x"),
            ("https://user@example.com/x", "https://user@example.com/x"),
            ("", ""),
        ] {
            let got = response(&auto, &format!("location: {sent}"), "me:8080");
            assert_eq!(got, format!("location: {expected}"));
        }
        // From http to https on the same host: sent to wirewalk again, it would never end.
        let plain = rules("auto", "auto", "http://example.com").unwrap();
        assert_eq!(
            response(&plain, "Location: https://example.com/", "me"),
            "Location: https://example.com/"
        );
        let named = rules("site.example", "auto", "http://127.0.0.1:5000").unwrap();
        assert_eq!(response(&named, "Location: http://site.example/a", "me:1"), "Location: http://me:1/a");
        assert_eq!(response(&named, "Location: http://127.0.0.1:5000/a", "me:1"), "Location: http://me:1/a");
    }

    #[test]
    fn cookie_domain() {
        let auto = rules("auto", "auto", "https://chat.example.com").unwrap();
        for (sent, expected) in [
            ("a=b; Domain=chat.example.com; Path=/", "a=b; Domain=localhost; Path=/"),
            ("a=b;domain = .Example.com ;Secure", "a=b;domain = localhost ;Secure"),
            ("a=b; Domain=example.com; Domain=com", "a=b; Domain=localhost; Domain=localhost"),
            ("domain=chat.example.com; Path=/", "domain=chat.example.com; Path=/"),
            ("a=b; Domain=other.com", "a=b; Domain=other.com"),
            ("a=b; Domain=at.example.com", "a=b; Domain=at.example.com"),
            ("a=b; Domain=hat.example.com", "a=b; Domain=hat.example.com"),
            ("a=b; Domain=; Domain", "a=b; Domain=; Domain"),
        ] {
            let lines = response(&auto, &format!("Set-Cookie: {sent}\r\nset-cookie:x=y"), "localhost:8080");
            assert_eq!(lines, format!("Set-Cookie: {expected}\r\nset-cookie:x=y"));
        }
        let six = response(&auto, "Set-Cookie: a=b; Domain=example.com", "[::1]:8080");
        assert_eq!(six, "Set-Cookie: a=b; Domain=[::1]");
    }

    #[test]
    fn a_host_that_could_end_a_value_is_not_taken_for_a_name() {
        for (value, is_name) in
            [("127.0.0.1:8080", true), ("[::1]:8080", true), ("a b", false), ("a/b", false), ("", false)]
        {
            let text = format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n");
            assert_eq!(
                authority(text.as_bytes(), &head(&text, Role::Request)).is_some(),
                is_name,
                "{value:?}"
            );
        }
    }
}
