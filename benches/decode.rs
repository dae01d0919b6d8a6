//! How fast the decoders are, without any socket: `cargo bench --bench decode`.
//!
//! Each benchmark feeds a whole connection, its upgrade first, in reads of 64 KiB. `decode` is the decoding alone;
//! `ingest` is all that the recorder does with a record: the line in the transcript, decoding, and the index. `filter` looks
//! at every unit of a session.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::{Compress, Compression, FlushCompress};
use wirewalk::capture::transcript::{Header, Writer};
use wirewalk::decode::connection::{Connection, Units};
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::decode::unit::{Announced, Unit, UnitId};
use wirewalk::session::filter::Filter;
use wirewalk::session::search::Query;
use wirewalk::session::{Session, UnitRef};
use wirewalk::wire::{ConnId, Direction, Record, Timestamp, What};

#[path = "../tests/load/frame.rs"]
mod frame;

use frame::{MASK, TEXT};

/// So many bytes one read gives.
const READ: usize = 64 << 10;

/// So many bytes of frames a connection has, about.
const VOLUME: usize = 4 << 20;

/// Final, compressed, text (RFC 7692 §6).
const COMPRESSED_TEXT: u8 = 0x40 | TEXT;

/// What passes on a connection.
struct Load {
    name: &'static str,
    records: Vec<Record>,
    messages: u64,
    bytes: u64,
}

impl Load {
    /// A connection to `path` that agrees on `extensions` and then carries `frames` in one direction.
    fn new(name: &'static str, path: &str, extensions: &str, dir: Direction, frames: Vec<Vec<u8>>) -> Load {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extensions}\r\n"
        );
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{extensions}\r\n"
        );
        let received = |dir, bytes: Bytes| {
            let what = What::Received { dir, bytes };
            Record { at: Timestamp(0), conn: ConnId(1), what }
        };
        let mut records = vec![
            received(Direction::ToServer, Bytes::from(request)),
            received(Direction::ToClient, Bytes::from(answer)),
        ];
        let stream = frames.concat();
        records.extend(stream.chunks(READ).map(|read| received(dir, Bytes::copy_from_slice(read))));
        Load { name, records, messages: frames.len() as u64, bytes: stream.len() as u64 }
    }

    fn throughput(&self) -> Throughput {
        Throughput::ElementsAndBytes { elements: self.messages, bytes: self.bytes }
    }
}

/// The same text message again and again.
fn text(name: &'static str, size: usize, dir: Direction) -> Load {
    let mask = (dir == Direction::ToServer).then_some(MASK);
    let frame = encoded(TEXT, &chat(0, size), mask);
    let count = VOLUME / frame.len();
    Load::new(name, "/", "", dir, vec![frame; count])
}

/// Messages that differ a little, compressed with context takeover (RFC 7692 §7.2.1).
fn compressed() -> Load {
    let mut compress = Compress::new(Compression::default(), false);
    let frames = (0..VOLUME / 256).map(|number| {
        let mut payload = Vec::with_capacity(4096);
        let compressed = compress.compress_vec(&chat(number, 1024), &mut payload, FlushCompress::Sync);
        compressed.expect("a vector takes everything");
        payload.truncate(payload.len() - 4);
        encoded(COMPRESSED_TEXT, &payload, Some(MASK))
    });
    let extensions = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    Load::new("compressed text, 1 KiB inflated", "/", extensions, Direction::ToServer, frames.collect())
}

/// Socket.IO events, as a chat sends them.
fn events() -> Load {
    let frames = (0..VOLUME / 128).map(|number| {
        let chat = String::from_utf8(chat(number, 100)).expect("JSON is text");
        encoded(TEXT, format!("42[\"message\",{chat}]").as_bytes(), Some(MASK))
    });
    let path = "/socket.io/?EIO=4&transport=websocket";
    Load::new("Socket.IO events", path, "", Direction::ToServer, frames.collect())
}

/// A JSON text of this size.
fn chat(number: usize, size: usize) -> Vec<u8> {
    let (begin, end) = (format!(r#"{{"id":{number},"text":""#), r#""}"#);
    let words = "All work and no play makes Jack a dull boy. ".chars().cycle();
    let words: String = words.take(size - begin.len() - end.len()).collect();
    format!("{begin}{words}{end}").into_bytes()
}

fn encoded(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut frame = Vec::new();
    frame::encode(opcode, payload, mask, &mut frame);
    frame
}

fn loads() -> [Load; 6] {
    [
        text("text, 64 B, masked", 64, Direction::ToServer),
        text("text, 64 B, unmasked", 64, Direction::ToClient),
        text("text, 64 KiB, masked", 64 << 10, Direction::ToServer),
        text("text, 64 KiB, unmasked", 64 << 10, Direction::ToClient),
        compressed(),
        events(),
    ]
}

/// Counts units, and keeps none.
#[derive(Default)]
struct Count(u32);

impl Units for Count {
    fn next_id(&self) -> UnitId {
        UnitId(self.0 + 1)
    }

    fn push(&mut self, unit: Unit) {
        black_box(unit);
        self.0 += 1;
    }

    fn announced(&self, _sid: &str, _dir: Direction) -> Option<Announced> {
        None
    }

    fn announce(&mut self, _sid: &str, _dir: Direction, _announced: Option<Announced>) {}
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for load in loads() {
        group.throughput(load.throughput());
        group.bench_function(load.name, |bencher| {
            bencher.iter(|| {
                let (mut connection, mut units) = (Connection::new(MAX_MESSAGE), Count::default());
                load.records.iter().for_each(|record| connection.record(record, &mut units));
                // The request, its answer, and every message: nothing went by undecoded.
                assert_eq!(u64::from(units.0), load.messages + 2);
            });
        });
    }
}

fn ingest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest");
    for load in loads() {
        group.throughput(load.throughput());
        let start = || {
            let writer = Writer::unnamed(&Header::now("http://127.0.0.1:1")).expect("a file");
            let lines = writer.lines();
            (writer, Session::new(Box::new(lines), MAX_MESSAGE).expect("another file"))
        };
        group.bench_function(load.name, |bencher| {
            bencher.iter_batched(
                start,
                |(mut writer, mut session)| {
                    for record in &load.records {
                        let offset = writer.append(record);
                        writer.flush().expect("room on the disk");
                        session.ingest(record, offset).expect("room on the disk");
                    }
                    assert_eq!(session.len() as u64, load.messages + 2);
                    (writer, session)
                },
                BatchSize::PerIteration,
            );
        });
    }
}

/// Ten thousand Socket.IO events that came one by one, as a filter finds them: each is read back from the transcript.
fn recorded() -> (Writer, Session) {
    let events = events();
    let frame = |number: usize| {
        let chat = String::from_utf8(chat(number, 100)).expect("JSON is text");
        let frame = encoded(TEXT, format!("42[\"message\",{chat}]").as_bytes(), Some(MASK));
        let what = What::Received { dir: Direction::ToServer, bytes: frame.into() };
        Record { at: Timestamp(0), conn: ConnId(1), what }
    };
    let mut writer = Writer::unnamed(&Header::now("http://127.0.0.1:1")).expect("a file");
    let lines = writer.lines();
    let mut session = Session::new(Box::new(lines), MAX_MESSAGE).expect("another file");
    for record in events.records.iter().take(2).cloned().chain((0..10_000).map(frame)) {
        let offset = writer.append(&record);
        writer.flush().expect("room on the disk");
        session.ingest(&record, offset).expect("room on the disk");
    }
    (writer, session)
}

fn filter(criterion: &mut Criterion) {
    let (_writer, session) = recorded();
    let units: Vec<UnitRef> = session.ids().filter_map(|id| session.unit(id)).collect();
    let mut group = criterion.benchmark_group("filter");
    group.throughput(Throughput::Elements(units.len() as u64));
    for text in [
        "conn == 2 || kind == closed",
        "boy",
        "websocket.opcode == 2",
        "socketio.event == \"other\" || socketio.argument contains \"nothing\"",
    ] {
        let filter = Filter::parse(text).expect("a filter");
        group.bench_function(text, |bencher| {
            bencher
                .iter(|| units.iter().filter(|unit| filter.matches(&session, unit).unwrap_or(true)).count());
        });
    }
    let query = Query::parse("jill").expect("a text");
    group.bench_function("search for a text", |bencher| {
        bencher.iter(|| {
            units.iter().filter(|unit| query.matches(&session, unit).is_ok_and(|h| h.is_some())).count()
        });
    });
}

criterion_group!(benches, decode, ingest, filter);
criterion_main!(benches);
