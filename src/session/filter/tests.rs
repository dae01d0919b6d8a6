//! The language as a whole, on one conversation.

use bytes::Bytes;

use super::*;
use crate::decode::limits::MAX_MESSAGE;
use crate::session::Records;
use crate::session::testing::Kept;
use crate::wire::{ConnId, Direction, Record, Timestamp, What};

/// Records that must not be read.
#[derive(Debug)]
struct Unread;

impl Records for Unread {
    fn bytes_at(&self, offset: u64, _len: usize) -> Result<Bytes, StoreError> {
        Err(StoreError::Changed(offset))
    }
}

const UPGRADE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:5000\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";
const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// An upgrade (1, 2), Engine.IO's opening (3), an event (4), a frame without the mask it needs (5), a Pong (6), on
/// connection 1, a second apart; a 404 on connection 2 (7, 8).
fn session(records: impl FnOnce(Vec<Bytes>) -> Box<dyn Records>) -> Session {
    use Direction::{ToClient, ToServer};
    let frame = |head: &[u8], payload: &str| [head, &[payload.len() as u8], payload.as_bytes()].concat();
    let open = r#"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
    let said: Vec<(u32, Direction, Vec<u8>)> = vec![
        (1, ToServer, UPGRADE.to_vec()),
        (1, ToClient, SWITCH.to_vec()),
        (1, ToClient, frame(&[0x81], open)),
        (1, ToClient, frame(&[0x81], "42[\"message\",\"Hello \\u00e4\",7]")),
        (1, ToServer, frame(&[0x81], "2")),
        (1, ToClient, vec![0x8a, 2, 0xca, 0xfe]),
        (2, ToServer, b"GET /missing HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()),
        (2, ToClient, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()),
    ];
    let kept = said.iter().map(|(_, _, bytes)| Bytes::from(bytes.clone())).collect();
    let mut session = Session::new(records(kept), MAX_MESSAGE).unwrap();
    for (index, (conn, dir, bytes)) in said.into_iter().enumerate() {
        let what = What::Received { dir, bytes: bytes.into() };
        let record = Record { at: Timestamp(index as u64 * 1_000_000_000), conn: ConnId(conn), what };
        session.ingest(&record, index as u64).unwrap();
    }
    session
}

fn matching(session: &Session, filter: &Filter) -> Vec<u32> {
    let matches = |id: &_| filter.matches(session, &session.unit(*id).unwrap()).unwrap();
    session.ids().filter(matches).map(|id| id.0).collect()
}

fn check_all(cases: &[(&str, &[u32])]) {
    let session = session(|kept| Box::new(Kept(kept)));
    assert_eq!(session.len(), 8);
    for (text, expected) in cases {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(filter.to_string(), *text);
        assert_eq!(matching(&session, &filter), *expected, "{text}");
    }
}

#[test]
fn what_the_index_knows_is_asked_without_reading_a_byte() {
    let session = session(|_| Box::new(Unread));
    let cases: &[(&str, &[u32])] = &[
        ("conn == 2", &[7, 8]),
        ("tcp.stream eq 2", &[7, 8]),
        ("dir == c2s", &[1, 5, 7]),
        ("unit in {2, 4..6}", &[2, 4, 5, 6]),
        ("frame.number <= 2", &[1, 2]),
        ("kind == frame", &[3, 4, 5, 6]),
        ("kind == \"http-request\"", &[1, 7]),
        ("time >= 5.5s", &[7, 8]),
        ("time < 1500ms", &[1, 2]),
        ("took > 10ms", &[]),
        ("length == 4", &[6]),
        ("engine == abc", &[3, 4, 5, 6]),
        ("!engine", &[1, 2, 7, 8]),
        ("finding == \"websocket.unmasked_client_frame\"", &[5]),
        ("finding.severity == error && conn == 1", &[5]),
        ("conn == 2 or kind == frame and dir == c2s", &[5, 7, 8]),
    ];
    for (text, expected) in cases {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert!(filter.is_cheap(), "{text}");
        assert_eq!(matching(&session, &filter), *expected, "{text}");
    }
    // What is cheap is asked first, whatever stands first.
    let filter = Filter::parse("websocket.opcode == 1 && conn == 9").unwrap();
    assert!(!filter.is_cheap());
    assert_eq!(matching(&session, &filter), [] as [u32; 0]);
}

#[test]
fn fields_are_compared() {
    check_all(&[
        ("websocket.opcode == 1", &[3, 4, 5]),
        ("websocket.opcode == text", &[3, 4, 5]),
        ("websocket.opcode == \"Text\"", &[3, 4, 5]),
        ("websocket.opcode == 0xa", &[6]),
        ("websocket.opcode in {ping, pong}", &[6]),
        ("websocket.mask == true", &[]),
        ("websocket.fin == yes", &[3, 4, 5, 6]),
        ("http.response.code >= 400", &[8]),
        ("http.response.code == \"Not Found\"", &[8]),
        ("http.response", &[2, 8]),
        ("http.request && conn == 2", &[7]),
        ("socketio.event == \"message\"", &[4]),
        ("socketio.event == message", &[4]),
        ("socketio.argument == \"Hello ä\"", &[4]),
        ("socketio.argument == 7", &[4]),
        ("socketio.argument > 6.5", &[4]),
        ("socketio.argument < 7", &[]),
        ("engineio.sid", &[3]),
        ("engineio.ping_interval == 25s", &[3]),
        ("websocket.opcode == 1 && !engineio.sid", &[4, 5]),
    ]);
}

#[test]
fn of_several_values_one_is_enough_but_all_must_differ() {
    check_all(&[
        ("http.header.name == \"Host\"", &[1, 7]),
        ("http.header.name != \"Host\"", &[2, 8]),
        ("any http.header.name != \"Host\"", &[1, 2, 8]),
        ("all http.header.name == \"Host\"", &[7]),
        ("not http.header.name == \"Host\" and conn == 2", &[8]),
    ]);
}

#[test]
fn text_and_bytes_are_searched() {
    check_all(&[
        ("websocket.payload == ca:fe", &[6]),
        ("websocket.payload[0:1] == ca", &[6]),
        ("websocket.payload[1] == fe", &[6]),
        ("websocket.payload[5:1] != 00", &[3, 4]),
        ("websocket.payload contains \"message\"", &[4]),
        ("websocket.payload contains fe", &[6]),
        ("http.host[0:5] == \"local\"", &[1]),
        ("http.host contains \"LOCAL\"", &[]),
        ("http.host matches \"^LOCAL.*\\d$\"", &[1]),
        ("http.host ~ \"(?-i)LOCAL\"", &[]),
        ("socketio.argument contains \"ä\"", &[4]),
        ("socketio.argument contains \"\\\\u00e4\"", &[4]),
    ]);
}

#[test]
fn what_is_no_field_is_searched_for_in_the_summaries() {
    check_all(&[
        ("hello", &[4]),
        ("\"HELLO \"", &[4]),
        ("\"conn\"", &[]),
        ("missing or pong", &[6, 7]),
        ("summary contains \"404\"", &[8]),
    ]);
}

#[test]
fn protocols_are_asked_for() {
    check_all(&[
        ("socketio", &[4]),
        ("protocol == engineio", &[3, 4, 5]),
        ("http and not protocol == websocket", &[1, 2, 7, 8]),
    ]);
}

#[test]
fn a_wrong_filter_says_what_was_expected() {
    for (text, column, width, message, nearest) in [
        ("websocket.opcod == 1", 0, 15, "there is no field websocket.opcod", "websocket.opcode"),
        ("opcode == 1", 0, 6, "there is no field opcode", "websocket.opcode"),
        ("websocket.opcod", 0, 15, "there is no field websocket.opcod", "websocket.opcode"),
        ("websocket == 1", 0, 9, "websocket is a protocol; name one of its fields", ""),
        ("dir == c2", 7, 2, "expected a whole number or a name such as c2s", "c2s"),
        ("websocket.opcode == txet", 20, 4, "expected a whole number or a name such as continuation", ""),
        (
            "websocket.opcode contains 1",
            17,
            8,
            "websocket.opcode is neither text nor bytes; compare it with == or <",
            "",
        ),
        ("websocket.message == 1", 21, 1, "websocket.message has no value of its own; name it alone", ""),
        (
            "finding == websocket.unmasked_client_fram",
            11,
            30,
            "there is no finding of this name",
            "websocket.unmasked_client_frame",
        ),
        ("http.host ~ \"(\"", 12, 3, "no regular expression: unclosed group", ""),
        ("time > fast", 7, 4, "expected a length of time such as 10ms or 1.5s", ""),
        (
            "websocket.payload == hello",
            21,
            5,
            "expected bytes such as 81:05, or a text in quotation marks",
            "",
        ),
        ("\"a\" == 1", 0, 3, "a text cannot be compared; name a field here", ""),
        ("conn[0:1] == 1", 5, 3, "conn is neither bytes nor text, so it has no parts", ""),
        ("http.host ~ \"a{1000}{1000}\"", 12, 15, "this regular expression is too large", ""),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!((error.column, error.width, error.message.as_str()), (column, width, message), "{text}");
        assert_eq!(error.nearest.first().copied().unwrap_or_default(), nearest, "{text}");
    }
    assert!(Filter::parse(&" ".repeat(MAX_LENGTH + 1)).is_err());
}

#[test]
fn a_filter_can_be_used_elsewhere() {
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    is_shared::<Filter>();
}
