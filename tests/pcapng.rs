//! Real recordings as capture files, read by tshark: it finds the same requests, answers, frames and messages as wirewalk,
//! and nothing wrong with the packets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/tshark.rs"]
mod tshark;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::TempDir;

use wirewalk::capture::Recorder;
use wirewalk::capture::transcript::Reader;
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::decode::sink::Detail;
use wirewalk::decode::unit::{Layer, Node, Tree, UnitKind, Value};
use wirewalk::export::pcapng::Capture;
use wirewalk::session::Session;
use wirewalk::wire::{ConnId, Connected, Direction, Opened, Record, Timestamp, What};

/// What passed in one direction of a connection.
#[derive(Debug, Default, PartialEq)]
struct Said {
    /// A line for each request, response and frame.
    lines: Vec<String>,
    /// The data messages.
    messages: Vec<Message>,
}

/// By connection, in the order of their openings, and direction.
type Conversations = BTreeMap<(usize, usize), Said>;

#[derive(Debug, PartialEq)]
struct Message {
    /// Its bytes in hexadecimal, put together and inflated.
    bytes: String,
    is_compressed: bool,
    is_fragmented: bool,
}

/// All recordings in the repository.
fn recordings() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walks = fs::read_dir(root.join("walkthroughs")).unwrap().map(|entry| entry.unwrap().path());
    let folders = walks.filter(|path| path.is_dir()).chain([root.join("tests/formats")]);
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let mut recordings: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "wirewalk")).collect();
    recordings.sort();
    assert!(recordings.len() >= 6, "{recordings:?}");
    recordings
}

/// Writes records to a capture file in the folder.
fn write(folder: &TempDir, records: impl IntoIterator<Item = Record>) -> PathBuf {
    let path = folder.path().join("it.pcapng");
    let mut capture =
        Capture::begin(File::create(&path).unwrap(), 1_790_000_000_123_456_789, "wirewalk").unwrap();
    records.into_iter().for_each(|record| capture.record(&record, None).unwrap());
    capture.finish().unwrap();
    path
}

fn records(recording: &Path) -> Vec<Record> {
    let mut reader = Reader::open(recording).unwrap();
    std::iter::from_fn(|| reader.next_record().unwrap()).map(|(_, record)| record).collect()
}

/// What wirewalk says.
fn by_wirewalk(session: &Session) -> Conversations {
    let places: BTreeMap<ConnId, usize> =
        session.connections().iter().enumerate().map(|(place, info)| (info.conn, place)).collect();
    let mut said = Conversations::new();
    for unit in session.ids().map(|id| session.unit(id).unwrap()) {
        let said = said.entry((places[&unit.conn], unit.dir.index())).or_default();
        let tree = session.look(&unit, Detail::Tree).unwrap();
        match unit.kind {
            UnitKind::HttpRequest => {
                let [method, target] =
                    ["http.request.method", "http.request.uri"].map(|key| text(&tree, key));
                said.lines.push(format!("{method} {target}"));
            }
            UnitKind::HttpResponse => said.lines.push(number(&tree, "http.response.code").to_string()),
            UnitKind::Frame => frame(&tree, said),
            _ => {}
        }
    }
    said
}

fn frame(tree: &Tree, said: &mut Said) {
    let payload =
        find(tree, "websocket.payload").map_or_else(String::new, |node| hex(tree.bytes(&node.span)));
    let keys = ["websocket.payload_length_ext_64", "websocket.payload_length_ext_16"];
    let extended = keys.into_iter().find(|key| find(tree, key).is_some());
    said.lines.push(line(
        number(tree, "websocket.opcode"),
        flag(tree, "websocket.fin"),
        flag(tree, "websocket.mask"),
        number(tree, extended.unwrap_or("websocket.payload_length")),
        &payload,
    ));
    if let Some(message) = find(tree, "websocket.message") {
        said.messages.push(Message {
            bytes: hex(tree.bytes(&message.span)),
            is_compressed: message.children.iter().any(|c| c.def.key == "websocket.payload.inflated_length"),
            is_fragmented: message.children.iter().any(|c| c.value == Value::Flag(true)),
        });
    }
}

/// A frame as a line.
fn line(opcode: u64, fin: bool, mask: bool, length: u64, payload: &str) -> String {
    format!("frame {opcode} fin {fin} mask {mask} length {length}: {payload}")
}

fn find<'a>(tree: &'a Tree, key: &str) -> Option<&'a Node> {
    let mut nodes = tree.layers.iter().flat_map(|layer: &Layer| &layer.nodes);
    nodes.find(|node| node.def.key == key)
}

fn text(tree: &Tree, key: &str) -> String {
    let Some(Value::Text(text)) = find(tree, key).map(|node| &node.value) else { panic!("no {key}") };
    text.clone()
}

fn number(tree: &Tree, key: &str) -> u64 {
    let Some(Value::Unsigned(number)) = find(tree, key).map(|node| &node.value) else { panic!("no {key}") };
    *number
}

fn flag(tree: &Tree, key: &str) -> bool {
    let Some(Value::Flag(flag)) = find(tree, key).map(|node| &node.value) else { panic!("no {key}") };
    *flag
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What tshark says; `listen` is the port that clients connect to. Messages are told apart by their bytes alone.
fn by_tshark(file: &Path, listen: u16) -> BTreeMap<(usize, usize), (Vec<String>, Vec<String>)> {
    let mut said: BTreeMap<(usize, usize), (Vec<String>, Vec<String>)> = BTreeMap::new();
    for packet in tshark::packets(file) {
        let dir = if packet.to == listen { Direction::ToServer } else { Direction::ToClient };
        let (lines, messages) = said.entry((packet.stream, dir.index())).or_default();
        let requests = packet.http("http.request.method").into_iter().zip(packet.http("http.request.uri"));
        lines.extend(requests.map(|(method, target)| format!("{method} {target}")));
        lines.extend(packet.http("http.response.code").into_iter().map(str::to_owned));
        let mut binary = packet.binary_messages().into_iter();
        for frame in packet.frames() {
            lines.push(line(frame.opcode(), frame.fin(), frame.mask(), frame.length(), frame.payload()));
            if frame.fin() && frame.opcode() <= 2 {
                let message = frame.text_message().or_else(|| binary.next()).unwrap_or_default();
                messages.push(message.to_owned());
            }
        }
    }
    said
}

/// Compares the messages of one direction.
///
/// tshark 4.0 puts the fragments of a compressed message together and does not inflate it. So its window lacks what that
/// message added, and no later message of the direction that refers to it can be inflated either.
fn assert_messages(wirewalk: &[Message], tshark: &[String], place: &str) {
    assert_eq!(wirewalk.len(), tshark.len(), "{place}: the number of messages");
    let mut has_lost_window = false;
    for (number, (wirewalk, tshark)) in wirewalk.iter().zip(tshark).enumerate() {
        has_lost_window |= wirewalk.is_compressed && wirewalk.is_fragmented;
        if !(has_lost_window && wirewalk.is_compressed) {
            assert_eq!(&wirewalk.bytes, tshark, "{place}: message {number}");
        }
    }
}

/// Nothing is missing, sent twice, out of order or malformed, and all checksums were looked at and are right.
fn assert_sound(file: &Path, place: &str) {
    let good = r#"tcp.checksum.status == "Good" && (ipv6 || ip.checksum.status == "Good")"#;
    // The number is the severity of errors.
    let wrong = "tcp.analysis.flags || _ws.malformed || _ws.expert.severity == 8388608";
    let check = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    let found = tshark::matching(file, &format!("!({good}) || {wrong}"), &check);
    assert_eq!(found, [0; 0], "{place}: packets with something wrong");
}

#[test]
fn tshark_sees_what_wirewalk_sees() {
    if !tshark::is_installed() {
        return;
    }
    for recording in recordings() {
        let place = recording.display().to_string();
        let folder = tempfile::tempdir().unwrap();
        let file = write(&folder, records(&recording));
        let (session, _, _) = Recorder::open(&recording, MAX_MESSAGE).unwrap();
        let listen = session.connections()[0].addresses.as_ref().unwrap().listen.port();
        assert_sound(&file, &place);
        let (wirewalk, mut tshark) = (by_wirewalk(&session), by_tshark(&file, listen));
        for ((conn, dir), wirewalk) in wirewalk {
            let place = format!("{place}, connection {conn}, direction {dir}");
            let (lines, messages) = tshark.remove(&(conn, dir)).unwrap_or_default();
            assert_eq!(wirewalk.lines, lines, "{place}");
            assert_messages(&wirewalk.messages, &messages, &place);
        }
        assert!(tshark.is_empty(), "{place}: tshark says more: {tshark:?}");
    }
}

/// A request and its answer on connection 1, between these addresses, with `between` in the middle.
fn exchange(client: &str, listen: &str, between: Option<What>) -> Vec<Record> {
    let [client, listen] = [client, listen].map(|address| address.parse::<SocketAddr>().unwrap());
    let connected = Connected::No { error: "it is not needed".to_owned() };
    let opened = Opened { client, listen, upstream: "http://upstream".to_owned(), connected };
    let received =
        |dir, text: &'static str| What::Received { dir, bytes: Bytes::from_static(text.as_bytes()) };
    let request = received(Direction::ToServer, "GET /any HTTP/1.1\r\nHost: h\r\n\r\n");
    let response = received(Direction::ToClient, "HTTP/1.1 204 No Content\r\n\r\n");
    let happened = [What::Opened(opened), request].into_iter().chain(between).chain([response]);
    let record = |(at, what)| Record { at: Timestamp(at), conn: ConnId(1), what };
    (0..).zip(happened).map(record).collect()
}

#[test]
fn http_is_found_on_any_port_and_over_ipv6() {
    if !tshark::is_installed() {
        return;
    }
    for (client, listen) in [
        ("127.0.0.1:50001", "127.0.0.1:38123"),
        ("[::1]:50001", "[::1]:38123"),
        ("127.0.0.1:1", "[::1]:4000"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = write(&folder, exchange(client, listen, None));
        assert_sound(&file, listen);
        assert_eq!(tshark::matching(&file, "http", &[]), [4, 6], "{listen}");
    }
}

#[test]
fn what_is_longer_than_a_segment_is_put_together_again() {
    if !tshark::is_installed() {
        return;
    }
    let body = Bytes::from(vec![b'x'; 300_000]);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let long = [head.into_bytes(), body.to_vec()].concat();
    let long = What::Received { dir: Direction::ToClient, bytes: Bytes::from(long) };
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, exchange("127.0.0.1:50001", "127.0.0.1:38123", Some(long)));
    assert_sound(&file, "long");
    let length =
        tshark::print(&file, &["-Y", "http.response.code == 200", "-T", "fields", "-e", "http.file_data"]);
    // Text or hexadecimal, as the version has it.
    assert!([body.len(), 2 * body.len()].contains(&length.trim().len()), "{} digits", length.trim().len());
}

#[test]
fn on_a_port_of_another_protocol_tshark_is_told_to_look_first() {
    if !tshark::is_installed() {
        return;
    }
    // Those of PostgreSQL, MQTT, AMQP and Kafka.
    for port in [5432, 1883, 5672, 9092] {
        let folder = tempfile::tempdir().unwrap();
        let file = write(&folder, exchange("127.0.0.1:50001", &format!("127.0.0.1:{port}"), None));
        let look_first = ["-o", "tcp.try_heuristic_first:TRUE"];
        assert_eq!(tshark::matching(&file, "http", &look_first), [4, 6], "{port}");
    }
}

#[test]
fn tshark_says_where_bytes_are_missing_and_shows_why() {
    if !tshark::is_installed() {
        return;
    }
    let lost = What::Lost { dir: Direction::ToClient, bytes: 1000, why: "the disk is full".to_owned() };
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, exchange("127.0.0.1:50001", "127.0.0.1:38123", Some(lost)));
    assert_eq!(tshark::matching(&file, "tcp.analysis.lost_segment", &[]), [6]);
    let commented = r#"frame.comment contains "1,000 bytes passed that could not be captured""#;
    assert_eq!(tshark::matching(&file, commented, &[]), [6]);
}
