use super::super::head::{Parsed, Role};
use super::*;

/// The key of the cause, and the detail.
fn cause(request: &str, answer: &str, body: &str) -> Option<(&'static str, String)> {
    let request = format!("{request}\r\n");
    let answer = format!("{answer}\r\n");
    let parse = |text: &str, role| match Head::parse(text.as_bytes(), role) {
        Parsed::Complete(head) => head,
        other => panic!("{other:?}: {text}"),
    };
    let asked = parse(&request, Role::Request);
    let answered = parse(&answer, Role::Response);
    let refused = Refused {
        request: (&asked, request.as_bytes()),
        answer: (&answered, answer.as_bytes()),
        body: body.as_bytes(),
    };
    refused.cause().map(|(rule, detail)| (rule.key, detail))
}

const HANDSHAKE: &str = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: http://evil\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// An upgrade of Engine.IO that is answered with `status` and `body`.
fn upgrade(query: &str, status: &str, body: &str) -> (&'static str, String) {
    let request = format!("GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\n{HANDSHAKE}");
    cause(&request, &format!("HTTP/1.1 {status}\r\n"), body).expect("a refusal")
}

fn polling(method: &str, query: &str, status: &str, body: &str) -> Option<(&'static str, String)> {
    let request =
        format!("{method} /x/?transport=polling{query} HTTP/1.1\r\nHost: a\r\nOrigin: http://evil\r\n");
    cause(&request, &format!("HTTP/1.1 {status}\r\n"), body)
}

/// The answers of `server.py` and `base_server.py`.
#[test]
fn python_engineio() {
    let bad = "400 BAD REQUEST";
    let (rule, detail) = upgrade("", bad, "\"Not an accepted origin.\"");
    assert_eq!(
        (rule, detail.as_str()),
        ("http.refused_origin", "400, \"Not an accepted origin.\", Origin: http://evil")
    );
    assert_eq!(upgrade("", bad, "\"http://evil is not an accepted origin.\"").0, "http.refused_origin");
    let version = "\"The client is using an unsupported version of the Socket.IO or Engine.IO protocols\"";
    let (rule, detail) = polling("GET", "&EIO=3", bad, version).expect("a refusal");
    assert_eq!(rule, "http.refused_engineio_version");
    assert!(detail.ends_with(", EIO=3"), "{detail}");
    let (rule, detail) = upgrade("&sid=abc", bad, "\"Invalid session abc\"");
    assert_eq!((rule, detail.as_str()), ("http.refused_sid", "400, \"Invalid session abc\", sid=abc"));
    assert_eq!(upgrade("", bad, "\"Invalid websocket upgrade\"").0, "http.refused_stripped");
    assert_eq!(upgrade("&sid=abc", bad, "\"Invalid transport\"").0, "http.refused_stripped");
    assert_eq!(upgrade("", bad, "\"Invalid transport\"").0, "http.refused_transport");
    assert_eq!(upgrade("", bad, "\"Bad Request\"").0, "http.refused_no_websocket");
    let late = polling("POST", "&EIO=4&sid=abc", bad, "\"Unexpected HTTP request\"");
    assert_eq!(late.expect("a refusal").0, "http.refused_after_upgrade");
    assert_eq!(upgrade("", "401 UNAUTHORIZED", "\"Unauthorized\"").0, "http.refused_authentication");
    let method = polling("PUT", "&EIO=4", "405 METHOD NOT FOUND", "Method Not Found");
    assert_eq!(method.expect("a refusal").1, "405, \"Method Not Found\", method PUT");
}

/// The answers of `server.js`: JSON to what it took for a plain request, plain text to an upgrade.
#[test]
fn engine_io() {
    let bad = "400 Bad Request";
    let version = polling("GET", "&EIO=3", bad, r#"{"code":5,"message":"Unsupported protocol version"}"#);
    assert_eq!(version.expect("a refusal").0, "http.refused_engineio_version");
    let sid = polling("GET", "&EIO=4&sid=abc", bad, r#"{"code":1,"message":"Session ID unknown"}"#);
    assert_eq!(sid.expect("a refusal").1, "400, \"Session ID unknown\", sid=abc");
    assert_eq!(upgrade("&sid=abc", bad, "Session ID unknown").0, "http.refused_sid");
    assert_eq!(upgrade("", bad, "Transport unknown").0, "http.refused_transport");
    assert_eq!(upgrade("", bad, r#"{"code":3,"message":"Bad request"}"#).0, "http.refused_stripped");
    // engineioxide writes the code as text, and also answers upgrades so.
    assert_eq!(upgrade("", bad, r#"{"code":"3","message":"Bad request"}"#).0, "http.refused_bad_request");
    assert_eq!(upgrade("", bad, "Bad request").0, "http.refused_bad_request");
    let handshake = polling("POST", "&EIO=4", bad, r#"{"code":2,"message":"Bad handshake method"}"#);
    assert_eq!(handshake.expect("a refusal").0, "http.refused_method");
    let forbidden = upgrade("", "403 Forbidden", r#"{"code":4,"message":"Forbidden"}"#);
    assert_eq!(forbidden, ("http.refused_forbidden", "403, \"Forbidden\", Origin: http://evil".to_owned()));
}

#[test]
fn websockets_and_ws() {
    let origin = "Failed to open a WebSocket connection: invalid Origin header: http://evil.\n";
    assert_eq!(upgrade("", "403 Forbidden", origin).0, "http.refused_origin");
    let missing = "Failed to open a WebSocket connection: missing Connection header.\n";
    assert_eq!(upgrade("", "426 Upgrade Required", missing).0, "http.refused_stripped");
    let request = format!("GET / HTTP/1.1\r\n{}", HANDSHAKE.replace("13", "12"));
    let versions = "HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13, 8\r\n";
    let (rule, detail) =
        cause(&request, versions, "Missing or invalid Sec-WebSocket-Version header").expect("one");
    assert_eq!(rule, "http.refused_websocket_version");
    assert!(detail.ends_with("sent 12, server speaks 13, 8"), "{detail}");
    let request = format!("GET / HTTP/1.1\r\n{}", HANDSHAKE.replace("dGhl", ""));
    let answer =
        cause(&request, "HTTP/1.1 400 Bad Request\r\n", "Missing or invalid Sec-WebSocket-Key header");
    let (rule, detail) = answer.expect("a refusal");
    assert_eq!(rule, "http.refused_malformed");
    assert!(detail.ends_with("Sec-WebSocket-Key is not 16 bytes in base64"), "{detail}");
}

#[test]
fn status_codes_alone() {
    for (status, rule) in [
        ("200 OK", "http.refused_plain_answer"),
        ("302 Found", "http.refused_redirect"),
        ("400 Bad Request", "http.refused_bad_request"),
        ("401 Unauthorized", "http.refused_authentication"),
        ("403 Forbidden", "http.refused_forbidden"),
        ("404 Not Found", "http.refused_path"),
        ("426 Upgrade Required", "http.refused_stripped"),
        ("429 Too Many Requests", "http.refused_rate"),
        ("418 X", "http.refused_client_error"),
        ("500 Internal Server Error", "http.refused_server_error"),
        ("502 Bad Gateway", "http.refused_gateway"),
    ] {
        assert_eq!(upgrade("", status, "").0, rule, "{status}");
    }
    assert_eq!(upgrade("", "404 Not Found", "<h1>Not Found</h1>").1, "404, path /socket.io/");
    let page = format!("Invalid session {}", "x".repeat(MAX_REASON));
    assert_eq!(upgrade("", "400 X", &page).0, "http.refused_bad_request", "a page is no reason");
    let plain = polling("GET", "&EIO=4", "426 Upgrade Required", "").expect("a refusal");
    assert_eq!(plain.0, "http.refused_upgrade_required");
}

#[test]
fn a_transport_that_there_is_not() {
    let request = "GET /socket.io/?EIO=4&transport=flashsocket HTTP/1.1\r\nHost: a\r\n";
    let answers = ["\"Invalid transport\"", r#"{"code":0,"message":"Transport unknown"}"#];
    for body in answers {
        let (rule, detail) = cause(request, "HTTP/1.1 400 Bad Request\r\n", body).expect("a refusal");
        assert_eq!(rule, "http.refused_transport");
        assert!(detail.ends_with(", transport=flashsocket"), "{detail}");
    }
}

#[test]
fn what_succeeded_or_was_no_upgrade_is_not_refused() {
    assert_eq!(polling("GET", "&EIO=4", "200 OK", "0{}"), None);
    let page = cause("GET / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 404 Not Found\r\n", "");
    assert_eq!(page, None);
    let request = format!("GET / HTTP/1.1\r\n{HANDSHAKE}");
    assert_eq!(cause(&request, "HTTP/1.1 101 Switching Protocols\r\n", ""), None);
}
