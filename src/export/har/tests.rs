use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::decode::limits::MAX_MESSAGE;
use crate::session::testing::Kept;
use crate::wire::{Record, What};

const STARTED: &str = "2026-11-25T12:00:00Z";

/// A session in which these bytes came, each a millisecond after the other.
fn session(said: &[(Direction, &[u8])]) -> Session {
    let kept: Vec<Bytes> = said.iter().map(|(_, bytes)| Bytes::copy_from_slice(bytes)).collect();
    let mut session = Session::new(Box::new(Kept(kept.clone())), MAX_MESSAGE).unwrap();
    for (index, ((dir, _), bytes)) in said.iter().zip(kept).enumerate() {
        let what = What::Received { dir: *dir, bytes };
        let record = Record { at: Timestamp(index as u64 * 1_000_000), conn: ConnId(1), what };
        session.ingest(&record, index as u64).unwrap();
    }
    session
}

/// The entries, of the units that are wanted.
fn entries(session: &Session, is_wanted: impl Fn(&UnitRef) -> bool) -> Vec<Value> {
    let mut out = Vec::new();
    let mut units = session.ids().filter_map(|id| session.unit(id)).filter(|unit| is_wanted(unit));
    write(session, &mut units, STARTED, "wirewalk 0.1.0", &mut out).unwrap();
    let har: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(har["log"]["creator"], json!({"name": "wirewalk", "version": "0.1.0"}));
    har["log"]["entries"].as_array().unwrap().clone()
}

const UP: Direction = Direction::ToServer;
const DOWN: Direction = Direction::ToClient;

#[test]
fn a_form_and_its_answer_are_written_in_full() {
    let request =
        b"POST /a?x=1+2&y=%C3%AB&z HTTP/1.1\r\nHost: h:80\r\nCookie: a=b; c=d=e\r\nX: 1\r\nx: 2\r\n\
        Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n\xff\x00";
    let answer = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: s=1; Path=/; HttpOnly; Expires=Wed, 21-Oct-2026 07:28:00 GMT\r\n\
        Content-Encoding: deflate\r\nContent-Length: 12\r\n\r\n";
    // Forty times the letter a.
    let body = b"\x78\xda\x4b\x4c\x24\x0e\x00\x00\x36\xeb\x0f\x29";
    let session = session(&[(UP, request), (DOWN, answer), (DOWN, &body[..4]), (DOWN, &body[4..])]);
    let entry = &entries(&session, |_| true)[0];
    assert_eq!(entry["startedDateTime"], "2026-11-25T12:00:00.000000Z");
    assert_eq!(entry["timings"]["wait"], 1.0);
    assert_eq!(entry["timings"]["receive"], 2.0);
    assert_eq!((&entry["time"], &entry["timings"]["dns"]), (&json!(3.0), &json!(-1.0)));
    let request = &entry["request"];
    assert_eq!(
        (&request["method"], &request["url"]),
        (&json!("POST"), &json!("http://h:80/a?x=1+2&y=%C3%AB&z"))
    );
    let pair = |name: &str, value: &str| json!({"name": name, "value": value});
    assert_eq!(request["queryString"], json!([pair("x", "1 2"), pair("y", "ë"), pair("z", "")]));
    assert_eq!(request["cookies"], json!([pair("a", "b"), pair("c", "d=e")]));
    assert_eq!((&request["headers"][2], &request["headers"][3]), (&pair("X", "1"), &pair("x", "2")));
    assert_eq!(request["postData"], json!({"mimeType": "text/plain", "text": "/wA=", "_encoding": "base64"}));
    assert_eq!(request["bodySize"], 2);
    let response = &entry["response"];
    assert_eq!((&response["status"], &response["statusText"]), (&json!(302), &json!("Found")));
    assert_eq!((&response["redirectURL"], &response["bodySize"]), (&json!("/b"), &json!(12)));
    let content = &response["content"];
    assert_eq!((&content["size"], &content["compression"]), (&json!(40), &json!(28)));
    assert_eq!((&content["text"], &content["mimeType"]), (&json!("a".repeat(40)), &json!("x-unknown")));
    let cookie = json!({"name": "s", "value": "1", "path": "/", "expires": "2026-10-21T07:28:00Z", "httpOnly": true, "secure": false});
    assert_eq!(response["cookies"], json!([cookie]));
}

#[test]
fn a_request_without_an_answer_has_the_status_0() {
    let session = session(&[(UP, b"GET / HTTP/1.0\r\n\r\n")]);
    let entry = &entries(&session, |_| true)[0];
    assert_eq!(entry["request"]["url"], "http://unknown.invalid/");
    assert_eq!((&entry["response"]["status"], &entry["time"]), (&json!(0), &json!(0.0)));
    assert_eq!(entries(&session, |_| false), Vec::<Value>::new());
}

#[test]
fn of_a_websocket_the_messages_are_written_that_are_wanted() {
    let upgrade =
        b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
        dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let frames: [(Direction, &[u8]); 5] = [
        (UP, b"\x81\x82\0\0\0\0hi"),
        (DOWN, b"\x89\x00"),
        (DOWN, b"\x02\x01\xff"),
        (DOWN, b"\x80\x01\x00"),
        (DOWN, b"\x81\x02\xc2\x9b"),
    ];
    let session = session(&[&[(UP, &upgrade[..]), (DOWN, &switch[..])][..], &frames[..]].concat());
    let all = &entries(&session, |_| true)[0];
    assert_eq!((&all["request"]["url"], &all["_resourceType"]), (&json!("ws://h/ws"), &json!("websocket")));
    let message = |kind: &str, milliseconds: u32, opcode: u8, data: &str| {
        let time = 1_795_608_000.0 + f64::from(milliseconds) / 1e3;
        json!({"type": kind, "time": time, "opcode": opcode, "data": data})
    };
    let expected =
        [message("send", 2, 1, "hi"), message("receive", 5, 2, "/wA="), message("receive", 6, 1, "\u{9b}")];
    assert_eq!(all["_webSocketMessages"], json!(expected));
    let one = &entries(&session, |unit| unit.id == UnitId(3))[0];
    assert_eq!(
        (&one["_webSocketMessages"], &one["response"]["status"]),
        (&json!(expected[..1]), &json!(101))
    );
    let none = &entries(&session, |unit| unit.kind == UnitKind::HttpResponse)[0];
    assert_eq!(none["_webSocketMessages"], json!([]));
}

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let session = session(&[(UP, "GET / HTTP/1.1\r\nHost: h\r\nX: \u{9b}31m\r\n\r\n".as_bytes())]);
    let mut out = Vec::new();
    let mut units = session.ids().filter_map(|id| session.unit(id));
    write(&session, &mut units, STARTED, "wirewalk", &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains(r"\u009b31m"));
    let error = write(&session, &mut std::iter::empty(), "once", "wirewalk", &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "the session says that it began at \"once\", which is no time");
}
