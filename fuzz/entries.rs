//! One function for each parser of untrusted bytes. The fuzz targets call them, and `tests/corpus.rs` calls them with
//! every file of the corpus. None may panic, whatever the bytes.

use std::io::Write as _;

use bytes::Bytes;
use wirewalk::capture::Recorder;
use wirewalk::capture::transcript::Reader;
use wirewalk::decode::dissect::{self, Carrier, Payload};
use wirewalk::decode::http1::head::{Head, Role};
use wirewalk::decode::http1::{self, Exchange};
use wirewalk::decode::sink::{Detail, Sink};
use wirewalk::decode::unit::{EngineIo, Memory, SourceId, Transport, UnitId};
use wirewalk::decode::websocket::deflate::Parameters;
use wirewalk::decode::websocket::{self, extensions};
use wirewalk::explain;
use wirewalk::export::{self, Format, Print};
use wirewalk::session::filter::{self, Filter};
use wirewalk::session::search::Query;
use wirewalk::session::secrets::Names;
use wirewalk::session::{Records, Session, StoreError};
use wirewalk::sharing::Shared;
use wirewalk::sharing::form::{self, Form};
use wirewalk::walkthrough::{Walkthrough, prose};
use wirewalk::wire::trace::Trace;
use wirewalk::wire::{ConnId, Connected, Direction, How, Opened, Record, Timestamp, What};

/// A fuzz target: its name, and what it does with its input.
pub type Entry = (&'static str, fn(&[u8]));

/// All fuzz targets.
pub const ENTRIES: &[Entry] = &[
    ("head", head),
    ("http", http),
    ("frames", frames),
    ("payload", payload),
    ("extensions", extension_list),
    ("conversation", conversation),
    ("transcript", transcript),
    ("har", har),
    ("filter", filter),
    ("search", search),
    ("trace", trace),
    ("walkthrough", walkthrough),
];

/// Longer messages are not put together here, so that the limit is reached.
const MAX_MESSAGE: usize = 1 << 16;

/// The head of an HTTP message.
pub fn head(data: &[u8]) {
    let _ = Head::parse(data, Role::Request);
    let _ = Head::parse(data, Role::Response);
}

/// The framing of HTTP: requests, then their responses. The first byte says how they are cut.
pub fn http(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    let (requests, responses) = data.split_at(data.len() * usize::from(*cut) / 256);
    let mut exchange = Exchange::default();
    for (role, bytes) in [(Role::Request, requests), (Role::Response, responses)] {
        let mut framing = http1::Framing::new(role);
        let mut taken = 0;
        for _ in 0..data.len() + 10 {
            let rest = &bytes[taken..];
            match framing.step(rest, true, &mut exchange) {
                http1::Step::Head(head) => taken += head.len,
                http1::Step::Body { len } => {
                    assert!(len > 0 && len <= rest.len());
                    taken += len;
                }
                http1::Step::End { .. } => {}
                _ => break,
            }
        }
    }
}

/// The framing of WebSocket. The first byte says which direction, whether compressed, and how it is cut.
pub fn frames(data: &[u8]) {
    let Some((how, data)) = data.split_first() else { return };
    let dir = if how & 1 == 0 { Direction::ToServer } else { Direction::ToClient };
    let deflate = (how & 2 != 0).then_some(Parameters {
        server_no_context_takeover: how & 4 != 0,
        client_no_context_takeover: how & 4 != 0,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    });
    let mut framing = websocket::Framing::new(dir, deflate, MAX_MESSAGE);
    let piece = usize::from(how >> 3) + 1;
    let mut kept = Vec::new();
    for piece in data.chunks(piece * 7) {
        kept.extend_from_slice(piece);
        let mut taken = 0;
        loop {
            let rest = &kept[taken..];
            match framing.step(rest) {
                websocket::Step::Taken { len } => {
                    assert!(len > 0 && len <= rest.len());
                    taken += len;
                }
                websocket::Step::Frame { len, frame } => {
                    assert!(len <= rest.len());
                    assert!(frame.message.is_none_or(|m| m.bytes.len() <= MAX_MESSAGE.max(125)));
                    taken += len;
                }
                websocket::Step::Need => break,
            }
            if taken == kept.len() {
                break;
            }
        }
        kept.drain(..taken);
        assert!(kept.len() < 14);
    }
}

/// What is inside messages and bodies. The first byte says what carries it.
pub fn payload(data: &[u8]) {
    let Some((how, data)) = data.split_first() else { return };
    let text = how & 1 == 0;
    let carrier = match how >> 1 & 3 {
        0 => Carrier::WebSocketMessage { text },
        1 => Carrier::HttpBody { media_type: "text/plain".to_owned() },
        2 => Carrier::HttpBody { media_type: "application/json".to_owned() },
        _ => Carrier::EngineIoMessage { text },
    };
    let transport = if how & 2 == 0 { Transport::WebSocket } else { Transport::Polling };
    let engineio =
        (how & 8 != 0).then_some(EngineIo { version: if how & 16 == 0 { 4 } else { 3 }, transport });
    for detail in [Detail::Facts, Detail::Summary, Detail::Tree] {
        let payload = Payload {
            bytes: data.into(),
            source: SourceId::WIRE,
            offset: 0,
            carrier: carrier.clone(),
            dir: if how & 32 == 0 { Direction::ToServer } else { Direction::ToClient },
            unit: UnitId(1),
        };
        let mut sink = Sink::new(detail, Bytes::copy_from_slice(data));
        dissect::payload(&payload, &mut Memory { engineio, ..Memory::default() }, &mut sink);
        sink.finish();
    }
}

/// The value of `Sec-WebSocket-Extensions`.
pub fn extension_list(data: &[u8]) {
    let Ok(extensions) = extensions::parse(&String::from_utf8_lossy(data)) else { return };
    let _ = Parameters::agreed(&extensions);
}

/// The bytes of records, in memory.
#[derive(Debug)]
struct Kept(Vec<Bytes>);

impl Records for Kept {
    fn bytes_at(&self, offset: u64, _len: usize) -> Result<Bytes, StoreError> {
        Ok(self.0[offset as usize].clone())
    }
}

/// Everything at once: a conversation, decoded, looked at, and now and then printed, since printing takes three times as
/// long as all else. Lines end with 0xff, and begin with a byte that says who speaks. The first byte may say that the
/// connection was upgraded before.
pub fn conversation(data: &[u8]) {
    let (before, data) = match data.split_first() {
        Some((b'w', rest)) => (upgraded("", ""), rest),
        Some((b'e', rest)) => (upgraded("?EIO=4&transport=websocket", ""), rest),
        Some((b'd', rest)) => (upgraded("", "Sec-WebSocket-Extensions: permessage-deflate\r\n"), rest),
        _ => (Vec::new(), data),
    };
    let lines = data.split(|b| *b == 0xff).filter_map(|line| line.split_first()).map(|(who, bytes)| {
        let dir = if *who == b'<' { Direction::ToClient } else { Direction::ToServer };
        (dir, Bytes::copy_from_slice(bytes))
    });
    let said: Vec<(Direction, Bytes)> = before.into_iter().chain(lines).collect();
    let kept = said.iter().map(|(_, bytes)| bytes.clone()).collect();
    let Ok(mut session) = Session::new(Box::new(Kept(kept)), MAX_MESSAGE) else { return };
    let mut ingest = |index: usize, what| {
        let record = Record { at: Timestamp(index as u64), conn: ConnId(1), what };
        session.ingest(&record, index as u64).unwrap();
    };
    for (index, (dir, bytes)) in said.iter().enumerate() {
        ingest(index, What::Received { dir: *dir, bytes: bytes.clone() });
    }
    for dir in Direction::BOTH {
        ingest(said.len(), What::Closed { by: dir.sender(), how: How::Fin, error: None });
    }
    let prints: &[Print] =
        if data.len().is_multiple_of(16) { &[Print::Summary, Print::Bytes, Print::Json] } else { &[] };
    let mut out = Vec::new();
    for id in session.ids() {
        let unit = session.unit(id).unwrap();
        let tree = session.look(&unit, Detail::Tree).unwrap();
        assert!(!explain::unit(&session, &unit, &tree).what.is_empty());
        for print in prints {
            export::unit(&session, &unit, Format { print: *print, columns: Some(80) }, &mut out).unwrap();
            out.clear();
        }
    }
}

/// What a tracer says, a line each, beside a short conversation on a connection that the server knows by the port 1001.
pub fn trace(data: &[u8]) {
    let mut said = upgraded("?EIO=4&transport=websocket", "");
    for payload in ["a", "b", "b"] {
        let frame = [&[0x81, payload.len() as u8], payload.as_bytes()].concat();
        said.extend(Direction::BOTH.map(|dir| (dir, Bytes::from(frame.clone()))));
    }
    let kept = said.iter().map(|(_, bytes)| bytes.clone()).collect();
    let Ok(mut session) = Session::new(Box::new(Kept(kept)), MAX_MESSAGE) else { return };
    let mut at = 0;
    let mut ingest = |conn, what, offset| {
        at += 1;
        session.ingest(&Record { at: Timestamp(at), conn, what }, offset).unwrap();
    };
    let mut lines = data.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice::<Trace>(line).ok());
    // The process joins first, or nothing would be counted.
    for said in lines.by_ref().take(1) {
        ingest(ConnId::NONE, What::Trace { process: 1, said }, 0);
    }
    let address = |port: u16| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let connected = Connected::Yes { local: address(1001), server: address(5000), took: 1 };
    let opened = Opened { client: address(2001), listen: address(8080), upstream: String::new(), connected };
    ingest(ConnId(1), What::Opened(opened), 0);
    for (index, (dir, bytes)) in said.iter().enumerate() {
        ingest(ConnId(1), What::Received { dir: *dir, bytes: bytes.clone() }, index as u64);
    }
    for said in lines {
        ingest(ConnId::NONE, What::Trace { process: 1, said }, 0);
    }
    let mut out = Vec::new();
    for id in session.ids() {
        let unit = session.unit(id).unwrap();
        for print in [Print::Calls, Print::Json] {
            export::unit(&session, &unit, Format { print, columns: Some(80) }, &mut out).unwrap();
            out.clear();
        }
    }
    let calls = session.calls();
    let _ = calls.start_up(Timestamp(u64::MAX)).calls();
    for call in calls.all() {
        let _ = (session.cause_of(call.id).unwrap(), session.written_by(call.id).unwrap());
    }
}

/// A request for a WebSocket, and the answer.
fn upgraded(query: &str, extensions: &str) -> Vec<(Direction, Bytes)> {
    let request = format!(
        "GET /{query} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extensions}\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extensions}\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
    vec![(Direction::ToServer, request.into()), (Direction::ToClient, answer.into())]
}

/// A transcript: with a header, so that the lines behind it are read, or compressed; and what is given away of it.
pub fn transcript(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    if !data.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let header = r#"{"wirewalk":"transcript","version":1,"by":"","started":"","upstream":""}"#;
        writeln!(file, "{header}").unwrap();
    }
    file.write_all(data).unwrap();
    let Ok(mut reader) = Reader::open(file.path()) else { return };
    while let Ok(Some(_)) = reader.next_record() {}
    let Ok(shared) = Shared::open(file.path(), MAX_MESSAGE, Some(&Names::default())) else { return };
    let units: Vec<_> = shared.session.ids().collect();
    for form in [Form::Md, Form::Html, Form::Svg, Form::Pcapng, Form::Json] {
        let _ = form::write(form, &shared, &units, "it", &mut std::io::sink());
    }
}

/// A HAR file: the entries of one, or a whole one.
pub fn har(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    if !data.starts_with(b"{") {
        file.write_all(b"{\"log\":{\"entries\":").unwrap();
    }
    file.write_all(data).unwrap();
    let Ok((session, header, _)) = Recorder::open(file.path(), MAX_MESSAGE) else { return };
    let mut units = session.ids().filter_map(|id| session.unit(id));
    wirewalk::export::har::write(&session, &mut units, &header.started, "wirewalk 0", &mut std::io::sink())
        .unwrap();
}

/// A filter, as it is typed: read, shown with its mistake, and completed somewhere.
pub fn filter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Filter::parse(&text) {
        Ok(filter) => assert_eq!(filter.to_string(), text),
        Err(error) => {
            assert!(error.column + error.width <= text.len());
            let _ = error.to_string();
        }
    }
    let cursor = data.first().map_or(0, |first| usize::from(*first));
    for completion in filter::complete(&text, cursor % (text.len() + 1)) {
        assert!(text.get(completion.replace).is_some());
    }
}

/// What is searched for.
pub fn search(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(query) = Query::parse(&text) {
        assert_eq!(query.to_string(), text);
    }
}

/// The text of a walkthrough: read, and written down for the screen and for a page.
pub fn walkthrough(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Walkthrough::read("walkthrough.md", &text) {
        Ok(walk) => {
            for step in &walk.steps {
                prose::blocks(&step.body);
                prose::html(&step.body);
            }
        }
        Err(faults) => {
            faults.iter().for_each(|fault| assert!(fault.line > 0 && !fault.to_string().is_empty()))
        }
    }
}
