//! Small sessions, made of text, beside each other.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::decode::limits::MAX_MESSAGE;
use crate::session::testing::Kept;
use crate::wire::Direction::{self, ToClient, ToServer};
use crate::wire::{ConnId, Record, What};

/// What a connection says.
type Said = (u32, Direction, Vec<u8>);

fn session(said: &[Said]) -> Session {
    let kept = said.iter().map(|(_, _, bytes)| Bytes::from(bytes.clone())).collect();
    let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
    for (index, (conn, dir, bytes)) in said.iter().enumerate() {
        let what = What::Received { dir: *dir, bytes: Bytes::from(bytes.clone()) };
        let record = Record { at: Timestamp(index as u64), conn: ConnId(*conn), what };
        session.ingest(&record, index as u64).unwrap();
    }
    session
}

/// What differs between two sessions: `-` and `+` with what a part says that one alone has, and `~` with the fields that changed.
fn diff_without(a: &[Said], b: &[Said], ignore: &[&str]) -> Vec<String> {
    let (a, b) = (session(a), session(b));
    let ignore: Vec<String> = ignore.iter().map(ToString::to_string).collect();
    let comparison = Comparison::of(&a, &b, &ignore, None).unwrap();
    let line = |row: &Row| match (row.a, row.b) {
        (Some(item), None) => format!("- {}", comparison.look(0, item).unwrap().text),
        (None, Some(item)) => format!("+ {}", comparison.look(1, item).unwrap().text),
        (Some(a), Some(b)) => {
            let differences = comparison.look(0, a).unwrap().differences(&comparison.look(1, b).unwrap());
            format!("~ {}", differences.iter().map(words).collect::<Vec<_>>().join(", "))
        }
        (None, None) => unreachable!(),
    };
    comparison.pairs.iter().flat_map(|pair| &pair.rows).filter(|row| !row.is_same()).map(line).collect()
}

fn diff(a: &[Said], b: &[Said]) -> Vec<String> {
    diff_without(a, b, &[])
}

fn words(difference: &Difference) -> String {
    let side = |said: &Option<said::Said>| said.as_ref().map_or("—".to_owned(), |said| said.shown.clone());
    let said = difference.a.as_ref().or(difference.b.as_ref()).unwrap();
    let which = if said.which.is_empty() { String::new() } else { format!(" {}", said.which) };
    format!("{}{which}: {}|{}", said.key, side(&difference.a), side(&difference.b))
}

fn get(conn: u32, target: &str, fields: &str) -> Said {
    (conn, ToServer, format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:5000\r\n{fields}\r\n").into())
}

fn post(conn: u32, target: &str, body: &str) -> Said {
    let length = body.len();
    (
        conn,
        ToServer,
        format!("POST {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}").into(),
    )
}

fn ok(conn: u32, body: &str) -> Said {
    let length = body.len();
    (conn, ToClient, format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into())
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";

/// The answer to an upgrade.
fn switch(conn: u32) -> Said {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    (conn, ToClient, head.into())
}

/// A text frame; what a client sends is masked with zeros.
fn text(conn: u32, dir: Direction, text: &str) -> Said {
    frame(conn, dir, 0x81, text)
}

fn frame(conn: u32, dir: Direction, first: u8, text: &str) -> Said {
    let length = text.len() as u8;
    let head = match dir {
        ToServer => vec![first, 0x80 | length, 0, 0, 0, 0],
        ToClient => vec![first, length],
    };
    (conn, dir, [head, text.into()].concat())
}

/// A client polls, says who it is, moves to a WebSocket and says hello.
fn chat(sid: &str, cache: &str) -> Vec<Said> {
    let poll = format!("/socket.io/?EIO=4&transport=polling&t={cache}");
    let with_sid = format!("{poll}&sid={sid}");
    vec![
        get(1, &poll, ""),
        ok(
            1,
            &format!(
                "0{{\"sid\":\"{sid}\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000}}"
            ),
        ),
        post(1, &with_sid, "40"),
        ok(1, "ok"),
        get(1, &with_sid, ""),
        ok(1, &format!("40{{\"sid\":\"{sid}-own\"}}")),
        get(2, &format!("/socket.io/?EIO=4&transport=websocket&sid={sid}"), UPGRADE),
        switch(2),
        text(2, ToServer, "2probe"),
        text(2, ToClient, "3probe"),
        text(2, ToServer, "5"),
        text(2, ToServer, &format!("42[\"hello\",{{\"from\":\"{sid}-own\"}}]")),
        text(2, ToClient, "42[\"welcome\"]"),
    ]
}

#[test]
fn what_is_made_up_for_each_session_does_not_count() {
    assert_eq!(diff(&chat("aaaaaaaaaa", "x1"), &chat("bbbbbbbbbb", "y2")), [""; 0]);
}

#[test]
fn a_message_is_the_same_by_polling_and_over_a_websocket() {
    let (a, mut b) = (chat("aaaaaaaaaa", ""), chat("bbbbbbbbbb", ""));
    let hello = b.remove(11);
    let body = String::from_utf8(hello.2[6..].to_vec()).unwrap();
    b.splice(6..6, [post(3, "/socket.io/?EIO=4&transport=polling&sid=bbbbbbbbbb", &body), ok(3, "ok")]);
    assert_eq!(diff(&a, &b), [""; 0]);
}

#[test]
fn an_upgrade_that_is_refused_shows_the_request_the_answer_and_what_is_missing_behind() {
    let (a, mut b) = (chat("aaaaaaaaaa", ""), chat("bbbbbbbbbb", ""));
    let refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let fields = UPGRADE.replace("Connection: Upgrade\r\n", "");
    b.truncate(6);
    b.push(get(2, "/socket.io/?EIO=4&transport=websocket&sid=bbbbbbbbbb", &fields));
    b.push((2, ToClient, refusal.into()));
    let found = diff(&a, &b);
    assert!(found[0].contains("http.connection: Upgrade|—"), "{}", found[0]);
    assert!(
        found[1].contains("http.response.code: 101 (Switching Protocols)|400 (Bad Request)"),
        "{}",
        found[1]
    );
    assert_eq!(
        found[2..],
        [
            "- ping \"probe\"",
            "- pong \"probe\"",
            "- upgrade",
            "- event \"hello\" {\"from\":\"aaaaaaaaaa-own\"}",
            "- event \"welcome\""
        ]
    );
    let (a, b) = (session(&a), session(&b));
    let comparison = Comparison::of(&a, &b, &[], None).unwrap();
    let (row, side, finding) = comparison.first_that_matters().unwrap();
    assert_eq!(
        (row.b.map(|item| item.unit.0), side, finding.rule.key),
        (Some(7), 1, "http.upgrade_no_connection")
    );
}

#[test]
fn heartbeats_and_polls_are_counted() {
    let (a, mut b) = (chat("aaaaaaaaaa", ""), chat("bbbbbbbbbb", ""));
    b.push(text(2, ToClient, "2"));
    b.push(text(2, ToServer, "3"));
    b.push(frame(2, ToClient, 0x89, "1"));
    assert_eq!(diff(&a, &b), [""; 0]);
    let (a, b) = (session(&a), session(&b));
    let counts = Comparison::of(&a, &b, &[], None).unwrap().counts();
    let named = counts.map(|(what, [a, b])| format!("{a} {b} {}", what.name()));
    assert_eq!(named, ["0 2 ping", "0 1 pong", "4 4 poll", "0 0 compressed message"]);
}

#[test]
fn what_changed_is_said_by_field_and_path() {
    let (a, mut b) = (chat("aaaaaaaaaa", ""), chat("bbbbbbbbbb", ""));
    b[11] = text(2, ToServer, "42[\"hello\",{\"from\":\"me\",\"to\":[1,2]}]");
    let expected = "~ json.value.string [0].from: aaaaaaaaaa-own|me, json.value.number [0].to[0]: —|1, \
        json.value.number [0].to[1]: —|2";
    assert_eq!(diff(&a, &b), [expected]);
}

#[test]
fn neither_the_order_of_header_fields_nor_their_case_counts_but_their_number_does() {
    let page = |fields: &str| vec![get(1, "/", fields), ok(1, "x")];
    let a = page("X-A: 1\r\nX-B: 2\r\n");
    assert_eq!(diff(&a, &page("x-b: 2\r\nx-a: 1\r\n")), [""; 0]);
    assert_eq!(diff(&a, &page("X-A: 1\r\nX-B: 2\r\nX-B: 2\r\n")), ["~ http.header.value x-b: —|2"]);
    assert_eq!(diff(&a, &page("X-A: 1\r\nX-B: 3\r\n")), ["~ http.header.value x-b: 2|3"]);
    assert_eq!(diff_without(&a, &page("X-A: 1\r\nX-B: 3\r\n"), &["http.header"]), [""; 0]);
}

#[test]
fn what_is_not_to_be_heard_of_still_says_what_belongs_together() {
    let (a, b) = (chat("aaaaaaaaaa", ""), chat("bbbbbbbbbb", ""));
    assert_eq!(diff_without(&a, &b, &["http", "websocket", "engineio"]), [""; 0]);
    assert_eq!(diff_without(&a, &b[..12], &["http", "websocket", "engineio"]), ["- event \"welcome\""]);
    let mut louder = b.clone();
    louder[12] = text(2, ToClient, "42[\"welcome\",1]");
    assert_eq!(diff(&a, &louder), ["~ json.value.number [0]: —|1"]);
    assert_eq!(diff_without(&a, &louder, &["socketio.argument"]), [""; 0]);
}

#[test]
fn pages_are_found_in_any_order_on_any_connection() {
    let a = [get(1, "/a", ""), ok(1, "a"), get(1, "/b", ""), ok(1, "b")];
    let b = [get(1, "/b", ""), get(2, "/a", ""), ok(2, "a"), ok(1, "b"), get(3, "/c", ""), ok(3, "c")];
    assert_eq!(diff(&a, &b), ["+ GET /c", "+ 200 OK, 1 byte · \"c\""]);
}

#[test]
fn a_websocket_that_was_looked_for_at_another_path_is_the_same_one() {
    let socket = |path: &str| vec![get(1, path, UPGRADE), switch(1), text(1, ToServer, "hi")];
    assert_eq!(
        diff(&socket("/a"), &socket("/b")),
        ["- GET /a, asks to upgrade to websocket", "+ GET /b, asks to upgrade to websocket"]
    );
}

#[test]
fn fragmentation_counts() {
    let socket = |frames: &[Said]| [vec![get(1, "/", UPGRADE), switch(1)], frames.to_vec()].concat();
    let whole = socket(&[text(1, ToServer, "hello")]);
    let torn = socket(&[frame(1, ToServer, 0x01, "hel"), frame(1, ToServer, 0x80, "lo")]);
    let found = diff(&whole, &torn);
    assert!(found.iter().any(|line| line.contains("fragment")), "{found:?}");
}

#[test]
fn the_directions_are_not_compared_in_time() {
    let socket = |frames: [Said; 2]| [vec![get(1, "/", UPGRADE), switch(1)], frames.to_vec()].concat();
    let (up, down) = (text(1, ToServer, "a"), text(1, ToClient, "b"));
    assert_eq!(diff(&socket([up.clone(), down.clone()]), &socket([down, up])), [""; 0]);
}

proptest! {
    #[test]
    fn what_one_session_has_more_is_all_that_differs(
        words in prop::collection::vec("[a-c]{1,3}", 1..30),
        keep in prop::collection::vec(any::<bool>(), 30),
    ) {
        let socket = |words: &[&String]| {
            let frames = words.iter().enumerate().map(|(at, word)| text(1, [ToServer, ToClient][at % 2], word));
            [get(1, "/", UPGRADE), switch(1)].into_iter().chain(frames).collect::<Vec<_>>()
        };
        let all: Vec<&String> = words.iter().collect();
        prop_assert_eq!(diff(&socket(&all), &socket(&all)), [""; 0]);
        let (a, b) = (session(&socket(&all)), {
            let kept: Vec<&String> = words.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(word, _)| word).collect();
            session(&socket(&kept))
        });
        let comparison = Comparison::of(&a, &b, &[], None).unwrap();
        let rows = || comparison.pairs.iter().flat_map(|pair| &pair.rows);
        let units = |side: fn(&Row) -> Option<Item>| rows().filter_map(side).map(|item| item.unit.0).collect::<Vec<_>>();
        let (mut of_a, mut of_b) = (units(|row| row.a), units(|row| row.b));
        of_a.sort_unstable();
        of_b.sort_unstable();
        prop_assert_eq!(of_a, (1..=a.len() as u32).collect::<Vec<_>>());
        prop_assert_eq!(of_b, (1..=b.len() as u32).collect::<Vec<_>>());
    }
}
