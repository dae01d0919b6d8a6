//! How long a key press takes on the screen with a million units: `cargo bench --bench screen` prints a table for
//! `benches/README.md`.
//!
//! Measured is what happens between a key and the terminal: the state changes, and everything is drawn into a buffer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::session::{Records, Session, StoreError};
use wirewalk::tui::app::{App, Msg, Origin};
use wirewalk::tui::keys::Keymap;
use wirewalk::tui::theme::Theme;
use wirewalk::tui::update::update;
use wirewalk::tui::view;
use wirewalk::wire::{ConnId, Direction, Record, Timestamp, What};

#[path = "../tests/load/frame.rs"]
mod frame;

/// So many units the session has.
const UNITS: usize = 1_000_000;

/// So many connections they are on, each with an engine session of its own.
const CONNECTIONS: usize = 100;

/// The columns and rows of the terminal.
const SIZE: (u16, u16) = (160, 50);

/// The bytes of records; an offset is an index.
#[derive(Debug)]
struct Kept(Vec<Bytes>);

impl Records for Kept {
    fn bytes_at(&self, offset: u64, _len: usize) -> Result<Bytes, StoreError> {
        let at = usize::try_from(offset).ok();
        at.and_then(|at| self.0.get(at)).cloned().ok_or(StoreError::NotCaptured)
    }
}

/// Chats over Socket.IO, side by side.
fn session() -> Session {
    let mut pieces = Vec::with_capacity(UNITS);
    for conn in 0..CONNECTIONS {
        pieces.extend(beginning(conn).map(|(dir, bytes)| (conn, dir, bytes)));
    }
    let text = r#"42["message",{"user":"Ada","text":"Hello everyone, how are you?"}]"#;
    let event = encoded(text, Some(frame::MASK));
    let events = (pieces.len()..UNITS).map(|at| (at % CONNECTIONS, Direction::ToServer, event.clone()));
    pieces.extend(events);
    let kept = pieces.iter().map(|(_, _, bytes)| bytes.clone()).collect();
    let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).expect("a file");
    for (at, (conn, dir, bytes)) in (0..).zip(pieces) {
        let conn = ConnId(u32::try_from(conn + 1).expect("few connections"));
        let record = Record { at: Timestamp(at * 1000), conn, what: What::Received { dir, bytes } };
        session.ingest(&record, at).expect("room on the disk");
    }
    assert_eq!(session.len(), UNITS);
    assert_eq!(session.engine_sessions().len(), CONNECTIONS);
    session
}

/// An upgrade and the opening of an engine session.
fn beginning(conn: usize) -> [(Direction, Bytes); 3] {
    let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let open = format!(
        r#"0{{"sid":"sid{conn}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
    );
    [
        (Direction::ToServer, Bytes::from(request)),
        (Direction::ToClient, Bytes::from(answer)),
        (Direction::ToClient, encoded(&open, None)),
    ]
}

fn encoded(text: &str, mask: Option<[u8; 4]>) -> Bytes {
    let mut frame = Vec::new();
    frame::encode(frame::TEXT, text.as_bytes(), mask, &mut frame);
    frame.into()
}

/// A key, what it does, and how often it is pressed: what goes over all units less often.
const KEYS: &[(&str, KeyCode, &str, usize)] = &[
    ("`g`", KeyCode::Char('g'), "first", 200),
    ("`j`", KeyCode::Char('j'), "down", 1000),
    ("`k`", KeyCode::Char('k'), "up", 1000),
    ("PageDown", KeyCode::PageDown, "a page down", 1000),
    ("`G`", KeyCode::Char('G'), "last", 200),
    ("`g`, `G`", KeyCode::Null, "first and last in turn", 200),
    ("`%`", KeyCode::Char('%'), "the unit that is answered", 200),
    ("`c`", KeyCode::Char('c'), "one connection, and back", 100),
    ("`o`", KeyCode::Char('o'), "openings and closings, and back", 100),
    ("`H`", KeyCode::Char('H'), "fold all engine sessions, and back", 100),
    ("`4`", KeyCode::Char('4'), "a connection as a conversation, at first", 1),
];

fn main() {
    // Where all targets are tested, nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let session = session();
    let keymap = Keymap::new([]).expect("the table's own keys");
    let mut app = App::new(Origin::default(), Theme::ALL[0], keymap);
    update(&mut app, &session, Msg::Resize(SIZE.0, SIZE.1));
    let began = Instant::now();
    update(&mut app, &session, Msg::Grew);
    println!("All units taken in at once: {}\n", milliseconds(began.elapsed()));
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
    println!("| key | what it does | median | 99th percentile |\n|---|---|---:|---:|");
    for (name, code, does, presses) in KEYS {
        let took = (0..*presses).map(|turn| {
            let code = match (code, turn % 2) {
                (KeyCode::Null, 0) => KeyCode::Char('g'),
                (KeyCode::Null, _) => KeyCode::Char('G'),
                (code, _) => *code,
            };
            let began = Instant::now();
            update(&mut app, &session, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            buffer.reset();
            view::draw(buffer.area, &mut buffer, &session, &mut app);
            began.elapsed()
        });
        let mut took: Vec<Duration> = took.collect();
        took.sort_unstable();
        let (median, slow) = (took[took.len() / 2], took[(took.len() - 1) * 99 / 100]);
        println!("| {name} | {does} | {} | {} |", milliseconds(median), milliseconds(slow));
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}
