//! Heads of HTTP messages, put together from the members of a HAR entry as HTTP/1.1 text (RFC 9112 §2.1). Fields whose names
//! begin with a colon are left out: they stand for the first line in HTTP/2 (RFC 9113 §8.3).

use url::{Position, Url};

use super::file::WrittenHeader;

/// The head of a request. Where the URL tells a scheme or a host that no field tells, the target has them (RFC 9112 §3.2.2).
pub(super) fn request(
    method: &str,
    written: &str,
    url: &Url,
    version: &str,
    headers: &[WrittenHeader],
) -> Result<Vec<u8>, String> {
    if !is_token(method) {
        return Err(format!("{:?} is no method of HTTP", shortened(method)));
    }
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let is_host =
        |header: &WrittenHeader| header.name.eq_ignore_ascii_case("host") && header.value == authority;
    let target = match (method, url.scheme()) {
        ("CONNECT", _) => authority.to_owned(),
        (_, "http" | "ws") if headers.iter().any(is_host) => target(written, url),
        _ => origin(url) + &target(written, url),
    };
    lines(format!("{method} {target} {}", self::version(version)), headers)
}

/// The head of a response.
pub(super) fn response(
    status: i64,
    text: &str,
    version: &str,
    headers: &[WrittenHeader],
) -> Result<Vec<u8>, String> {
    lines(format!("{} {status:03} {}", self::version(version), on_one_line(text)), headers)
}

/// Scheme and authority of a URL, such as `wss://chat.example`.
pub(super) fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), &url[Position::BeforeHost..Position::AfterPort])
}

/// Path and query as they were written, where that fits into a request line.
fn target(written: &str, url: &Url) -> String {
    let normal = &url[Position::BeforePath..Position::AfterQuery];
    let behind = written.split_once("://").map_or("", |(_, behind)| behind);
    let path = behind.find(['/', '?', '#']).and_then(|at| behind.get(at..)).unwrap_or_default();
    let path = path.split('#').next().unwrap_or_default();
    let fits = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { path } else { normal }.to_owned()
}

/// The version as a first line has it. Browsers also write `h2`, or nothing where nothing was sent.
fn version(written: &str) -> String {
    let number = match written.to_ascii_lowercase().as_str() {
        "h2" => "2".to_owned(),
        "h3" => "3".to_owned(),
        other => other.strip_prefix("http/").unwrap_or("?").to_owned(),
    };
    let fits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    format!("HTTP/{}", if fits { &number } else { "?" })
}

/// A whole head. A value of several lines is how some programs write several fields of one name.
fn lines(first: String, headers: &[WrittenHeader]) -> Result<Vec<u8>, String> {
    let mut text = first + "\r\n";
    for WrittenHeader { name, value } in headers.iter().filter(|header| !header.name.starts_with(':')) {
        if !is_token(name) {
            return Err(format!("{:?} is no name of a header field", shortened(name)));
        }
        for value in value.split('\n') {
            text += &format!("{name}: {}\r\n", on_one_line(value).trim());
        }
    }
    text += "\r\n";
    Ok(text.into_bytes())
}

/// What a receiver would make of characters that would end a line (RFC 9110 §5.5).
fn on_one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, url: &str, version: &str, headers: &[(&str, &str)], expected: &str) {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| WrittenHeader { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect();
        let head = request(method, url, &url.parse().unwrap(), version, &headers);
        let shown = head.map_or_else(|error| error, |head| String::from_utf8(head).unwrap());
        assert_eq!(shown, expected.replace('\n', "\r\n"));
    }

    #[test]
    fn what_the_fields_tell_is_not_told_by_the_target_again() {
        let host = [("Host", "h:5000"), ("Cookie", "a=b")];
        check(
            "GET",
            "ws://h:5000/x?y=%20#z",
            "http/1.1",
            &host,
            "GET /x?y=%20 HTTP/1.1\nHost: h:5000\nCookie: a=b\n\n",
        );
        check("GET", "http://h", "", &[("host", "h")], "GET / HTTP/?\nhost: h\n\n");
        check("GET", "http://h/a b", "", &[("host", "h")], "GET /a%20b HTTP/?\nhost: h\n\n");
    }

    #[test]
    fn a_request_of_http_2_is_readable() {
        let headers = [(":method", "GET"), (":authority", "h"), ("accept", "*/*")];
        check("GET", "https://h/x", "h2", &headers, "GET https://h/x HTTP/2\naccept: */*\n\n");
        check("GET", "https://h/x", "http/2.0", &[], "GET https://h/x HTTP/2.0\n\n");
        check("CONNECT", "https://h:443/", "HTTP/1.1", &[], "CONNECT h HTTP/1.1\n\n");
    }

    #[test]
    fn no_text_adds_a_line_of_its_own() {
        check("GET", "http://h/", "1\r\nx: y", &[("a", "b\nc\r")], "GET http://h/ HTTP/?\na: b\na: c\n\n");
        check("GET /", "http://h/", "", &[], "\"GET /\" is no method of HTTP");
        check("GET", "http://h/", "", &[("a:b\n", "")], "\"a:b\\n\" is no name of a header field");
        let head = response(7, "O\nK", "", &[]).unwrap();
        assert_eq!(head, b"HTTP/? 007 O K\r\n\r\n");
    }
}
