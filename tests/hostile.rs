//! What a peer or a file of a stranger may try: no crash, no terminal codes, no quadratic time, nothing said twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use wirewalk::decode::field::Severity;
use wirewalk::decode::limits::{MAX_FINDINGS_OF_A_RULE, MAX_MESSAGE};
use wirewalk::decode::sink::Detail;
use wirewalk::decode::unit::UnitKind;
use wirewalk::session::{Records, Session, StoreError};
use wirewalk::wire::{ConnId, Direction, How, Peer, Record, Timestamp, What};

const HEADER: &str = r#"{"wirewalk":"transcript","version":1,"by":"\u001b[2J","started":"\u001b[31mnow","upstream":"\u009bx"}"#;

/// Opens a transcript of these lines; gives what it said on both streams.
fn opened(lines: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.wirewalk");
    fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wirewalk")).arg("open").arg(&path).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    said
}

#[test]
fn numbers_of_a_stranger_neither_overflow_nor_cost_memory() {
    let said = opened(&[HEADER, r#"{"at":0,"conn":4294967295,"type":"closed","by":"server","how":"fin"}"#]);
    assert!(said.contains("1 connection, 1 unit"), "{said}");
    let lost = r#"{"at":0,"conn":1,"type":"lost","dir":"s2c","bytes":18446744073709551615,"why":"x"}"#;
    let more = r#"{"at":1,"conn":1,"type":"received","dir":"s2c","text":"HTTP/1.1 200 OK\r\n\r\n"}"#;
    assert!(opened(&[HEADER, lost, lost, more]).contains("3 units"));
}

#[test]
fn a_header_or_an_error_writes_no_terminal_codes() {
    let newer = HEADER.replace("\"version\":1", "\"version\":9");
    for said in [opened(&[HEADER]), opened(&[&newer])] {
        assert!(said.contains("\\u{1b}"), "{said}");
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
    }
}

#[test]
fn nobody_reading_standard_error_is_no_failure() {
    let transcript = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/v1.wirewalk");
    let mut child = Command::new(env!("CARGO_BIN_EXE_wirewalk"))
        .args(["open", transcript])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// The bytes of records; an offset is an index. Counts how often it was asked.
#[derive(Debug)]
struct Counted(Arc<Vec<Bytes>>, Arc<AtomicUsize>);

impl Records for Counted {
    fn bytes_at(&self, offset: u64, _: usize) -> Result<Bytes, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        usize::try_from(offset).ok().and_then(|i| self.0.get(i)).cloned().ok_or(StoreError::NotCaptured)
    }
}

/// A session of one connection on which these pieces arrived.
fn session(pieces: Vec<(Direction, Bytes)>) -> (Session, Arc<AtomicUsize>) {
    let reads = Arc::new(AtomicUsize::new(0));
    let bytes = Arc::new(pieces.iter().map(|(_, bytes)| bytes.clone()).collect());
    let mut session = Session::new(Box::new(Counted(bytes, Arc::clone(&reads))), MAX_MESSAGE).unwrap();
    for (offset, (dir, bytes)) in (0..).zip(pieces) {
        ingest(&mut session, What::Received { dir, bytes }, offset);
    }
    (session, reads)
}

fn ingest(session: &mut Session, what: What, offset: u64) {
    session.ingest(&Record { at: Timestamp(0), conn: ConnId(1), what }, offset).unwrap();
}

/// A request for Engine.IO over a WebSocket, and its answer.
fn upgraded() -> Vec<(Direction, Bytes)> {
    let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    vec![(Direction::ToServer, request.into()), (Direction::ToClient, answer.into())]
}

#[test]
fn many_attachments_are_not_read_again_for_each_of_them() {
    const COUNT: usize = 500;
    let mut pieces = upgraded();
    let packet = format!("45{COUNT}-[\"x\"]");
    let frame = [&[0x81, u8::try_from(packet.len()).unwrap()], packet.as_bytes()].concat();
    pieces.push((Direction::ToClient, frame.into()));
    pieces.extend((0..COUNT).map(|_| (Direction::ToClient, Bytes::from_static(&[0x82, 1, 7]))));
    let (session, reads) = session(pieces);
    let mut last = String::new();
    for id in session.ids() {
        let tree = session.look(&session.unit(id).unwrap(), Detail::Tree).unwrap();
        last = format!("{:?}", tree.layers);
    }
    assert!(last.contains("event \\\"x\\\""), "{last}");
    assert!(reads.load(Ordering::Relaxed) < 4 * COUNT, "{reads:?} reads");
}

fn findings(session: &Session) -> Vec<&'static str> {
    session.ids().flat_map(|id| session.findings(id)).map(|(_, finding)| finding.rule.key).collect()
}

#[test]
fn a_dropped_websocket_is_said_once() {
    let (mut session, _) = session(upgraded());
    for by in [Peer::Client, Peer::Server] {
        ingest(&mut session, What::Closed { by, how: How::Fin, error: None }, 0);
    }
    assert_eq!(findings(&session), ["websocket.dropped"]);
}

#[test]
fn a_head_that_was_cut_short_is_said_to_be() {
    let (mut session, _) = session(vec![(Direction::ToServer, "GET / HTTP/1.1\r\nHo".into())]);
    ingest(&mut session, What::Closed { by: Peer::Client, how: How::Fin, error: None }, 0);
    assert_eq!(findings(&session), ["http.truncated"]);
}

/// What closing units say, whichever bytes there were.
fn closings(session: &Session) -> Vec<String> {
    let closed = session.ids().filter_map(|id| session.unit(id)).filter(|unit| unit.kind == UnitKind::Closed);
    let trees = closed.map(|unit| session.look(&unit, Detail::Tree).unwrap());
    trees.map(|tree| format!("{:?}", tree.layers[0].nodes)).collect()
}

#[test]
fn what_comes_behind_the_end_of_a_connection_still_belongs_to_it() {
    let hello = || (Direction::ToServer, Bytes::from_static(b"\x01\x02\x03\x04\x05"));
    let (mut session, _) = session(vec![hello(), hello()]);
    ingest(&mut session, What::Closed { by: Peer::Server, how: How::Reset, error: None }, 0);
    ingest(&mut session, What::Received { dir: Direction::ToServer, bytes: hello().1 }, 1);
    ingest(&mut session, What::Closed { by: Peer::Client, how: How::Fin, error: None }, 0);
    let begins: Vec<_> = session.ids().filter_map(|id| session.unit(id)).map(|u| u.begin).collect();
    assert_eq!(begins, [0, 5, 0, 10, 15]);
    let sent = |line: &str| line.contains("tcp.bytes_to_server");
    let closings = closings(&session);
    assert!(closings.iter().all(|line| sent(line)), "{closings:?}");
    assert!(closings[0].contains("Unsigned(10)") && closings[1].contains("Unsigned(15)"), "{closings:?}");
    assert_eq!(findings(&session), ["tcp.reset"]);
}

#[test]
fn what_wirewalk_cuts_short_itself_is_no_error_of_a_peer() {
    let half_a_frame = (Direction::ToServer, Bytes::from_static(b"\x81\x85\x01\x02\x03\x04h"));
    let head = (Direction::ToServer, "GET / HTTP/1.1\r\nHo".into());
    let body = (Direction::ToServer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello".into());
    for pieces in [[upgraded(), vec![half_a_frame]].concat(), vec![head], vec![body]] {
        let (mut session, _) = session(pieces);
        ingest(&mut session, What::Closed { by: Peer::Wirewalk, how: How::Stopped, error: None }, 0);
        assert_eq!(findings(&session), ["tcp.stopped_inside"]);
    }
}

#[test]
fn a_flood_of_findings_costs_bounded_memory_and_is_counted() {
    const COUNT: usize = MAX_FINDINGS_OF_A_RULE + 5;
    let mut pieces = upgraded();
    pieces.push((Direction::ToServer, b"\x81\x00".repeat(COUNT).into()));
    let (session, _) = session(pieces);
    let kept = findings(&session);
    let times = |rule: &str| kept.iter().filter(|key| **key == rule).count();
    assert_eq!(times("websocket.unmasked_client_frame"), MAX_FINDINGS_OF_A_RULE);
    assert_eq!(times("engineio.empty_packet"), MAX_FINDINGS_OF_A_RULE);
    assert_eq!(times("tcp.findings_left_out"), 2);
    assert_eq!(session.finding_count(), 2 * COUNT + 2);
    let last = session.unit(session.ids().next_back().unwrap()).unwrap();
    assert_eq!(last.severity, Some(Severity::Error));
}

#[test]
fn names_that_nobody_would_make_are_not_remembered() {
    let sid = "x".repeat(300);
    let polled = format!("GET /?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\n\r\n");
    let (session, _) = session(vec![(Direction::ToServer, polled.into())]);
    assert!(session.engine_sessions().is_empty());
}

#[test]
fn intervals_of_a_stranger_do_not_overflow() {
    let open = format!("0{{\"sid\":\"a\",\"pingInterval\":{0},\"pingTimeout\":{0}}}", u64::MAX);
    let frame =
        |text: &str| Bytes::from([&[0x81, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat());
    let mut pieces = upgraded();
    pieces.extend([open.as_str(), "2", "2"].map(|text| (Direction::ToClient, frame(text))));
    assert_eq!(findings(&session(pieces).0), Vec::<&str>::new());
}

#[test]
fn tls_inside_a_tunnel_is_no_mistake_of_the_client() {
    let hello = || (Direction::ToServer, Bytes::from_static(b"\x16\x03\x01\x00\x05hello"));
    assert_eq!(findings(&session(vec![hello()]).0), ["tcp.tls_to_plain"]);
    let connect = (Direction::ToServer, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n".into());
    let answer = (Direction::ToClient, "HTTP/1.1 200 OK\r\n\r\n".into());
    assert_eq!(findings(&session(vec![connect, answer, hello()]).0), Vec::<&str>::new());
}
