//! The panes of a unit, drawn without a terminal, and moving about in them.

use std::path::Path;
use std::time::{Duration, Instant};

use ::bytes::Bytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Panes, bytes, explain, layers};
use crate::capture::Recorder;
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::unit::{SourceId, UnitId};
use crate::session::Session;
use crate::session::testing::Kept;
use crate::tui::app::{App, BytesForm, Msg, Origin, Pane};
use crate::tui::keys::Keymap;
use crate::tui::layout::Areas;
use crate::tui::theme::Theme;
use crate::tui::update::{focus, update};
use crate::tui::{motion, view};
use crate::wire::{ConnId, Direction, Record, Timestamp, What};

use Direction::{ToClient, ToServer};

/// The session of one connection on which this is said.
fn session(said: Vec<(Direction, Vec<u8>)>) -> Session {
    let kept = said.iter().map(|(_, bytes)| Bytes::from(bytes.clone())).collect();
    let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
    for (index, (dir, bytes)) in (0..).zip(said) {
        let what = What::Received { dir, bytes: Bytes::from(bytes) };
        session.ingest(&Record { at: Timestamp(index), conn: ConnId(1), what }, index).unwrap();
    }
    session
}

const REQUEST: u32 = 1;
const ANSWER: u32 = 2;
const MASKED: u32 = 3;
const COMPRESSED: u32 = 4;
const EVENT: u32 = 5;
const LONG: u32 = 6;

/// The handshake of RFC 6455 §1.3, the masked example of §5.7, the compressed one of RFC 7692 §7.2.3.1, an event of
/// Socket.IO and a frame whose length is in 64 bits.
fn said() -> Vec<(Direction, Vec<u8>)> {
    let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let event = r#"42["news",{"b":1.0e2,"a":[true,{}],"b":"é"}]"#;
    let mut framed = vec![0x81, event.len() as u8];
    framed.extend(event.bytes());
    let mut long = vec![0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0];
    long.resize(10 + 65536, b'x');
    vec![
        (ToServer, request.into()),
        (ToClient, answer.into()),
        (ToServer, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_vec()),
        (ToClient, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00".to_vec()),
        (ToClient, framed),
        (ToClient, long),
    ]
}

fn app(session: &Session, unit: u32, size: (u16, u16)) -> App {
    let mut app = App::new(Origin::default(), Theme::ALL[0], Keymap::new([]).unwrap());
    update(&mut app, session, Msg::Resize(size.0, size.1));
    update(&mut app, session, Msg::Grew);
    motion::select(&mut app, session, UnitId(unit));
    app
}

/// Selects the first field called `key`.
fn at(app: &mut App, key: &str) {
    let item = app.looked().unwrap().find(key).unwrap_or_else(|| panic!("there is no {key}"));
    motion::select_item(app, item);
}

fn selected(app: &App) -> &'static str {
    app.item().unwrap().kind.key()
}

fn press(app: &mut App, session: &Session, keys: &str) {
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        update(app, session, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

/// A pane, drawn at its size, and below it what is lit in it.
fn shown(app: &mut App, session: &Session, pane: Pane) -> String {
    focus(app, pane);
    let place = Areas::of(app).pane(pane).unwrap();
    let area = Rect { x: 0, y: 0, ..place };
    let mut buf = Buffer::empty(area);
    let mut panes = std::mem::take(&mut app.panes);
    let Panes { layers, bytes, explain, .. } = &mut panes;
    match pane {
        Pane::Layers => layers::draw(area, &mut buf, session, app, layers),
        Pane::Bytes => bytes::draw(area, &mut buf, app, bytes),
        Pane::Explain => explain::draw(area, &mut buf, session, app, explain),
        Pane::Flow => unreachable!("the flow has tests of its own"),
    }
    app.panes = panes;
    let mut text = String::new();
    let lit = [app.theme.lit.bg, app.theme.cursor.bg];
    let mut lights = Vec::new();
    for y in 0..area.height {
        let mut row = String::new();
        let mut light = String::new();
        for x in 0..area.width {
            let cell = buf.cell((x, y)).unwrap();
            row.push_str(cell.symbol());
            match lit.contains(&Some(cell.bg)) {
                true => light.push_str(cell.symbol()),
                false if !light.ends_with('·') => light.push('·'),
                false => {}
            }
        }
        text.push_str(row.trim_end());
        text.push('\n');
        if light != "·" {
            lights.push(light);
        }
    }
    format!("{text}lit: {}\n", lights.join("\n     "))
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (160, 50)];

/// A pane at the three sizes, with a field selected.
fn at_sizes(session: &Session, unit: u32, key: &str, form: BytesForm, pane: Pane) -> String {
    let one = |size| {
        let mut app = app(session, unit, size);
        at(&mut app, key);
        app.bytes_form = form;
        shown(&mut app, session, pane)
    };
    SIZES.map(one).join("\n")
}

#[test]
fn every_form_at_every_size() {
    use BytesForm::*;
    let session = session(said());
    let cases = [
        ("hex", EVENT, "socketio.event", Hex),
        ("header", MASKED, "websocket.opcode", Best),
        ("header_64", LONG, "websocket.payload_length_ext_64", Best),
        ("unmasking", MASKED, "websocket.masked_payload", Best),
        ("inflating", COMPRESSED, "websocket.payload", Best),
        ("accept", ANSWER, "http.upgrade_answer.sha1", Best),
        ("json", EVENT, "json.member", Best),
    ];
    for (name, unit, key, form) in cases {
        insta::assert_snapshot!(name, at_sizes(&session, unit, key, form, Pane::Bytes));
    }
}

#[test]
fn layers_and_explanation_at_every_size() {
    let session = session(said());
    let best = BytesForm::Best;
    insta::assert_snapshot!("layers", at_sizes(&session, EVENT, "socketio", best, Pane::Layers));
    insta::assert_snapshot!("explain", at_sizes(&session, MASKED, "websocket.opcode", best, Pane::Explain));
}

#[test]
fn the_panes_of_a_recorded_session() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1.wirewalk");
    let (session, ..) = Recorder::open(&file, MAX_MESSAGE).unwrap();
    let mut app = app(&session, 57, (120, 36));
    let panes = [Pane::Layers, Pane::Bytes].map(|pane| shown(&mut app, &session, pane));
    insta::assert_snapshot!("recorded", panes.join("\n"));
}

#[test]
fn arrows_go_from_box_to_box() {
    let session = session(said());
    let mut app = app(&session, MASKED, (120, 36));
    at(&mut app, "websocket");
    focus(&mut app, Pane::Bytes);
    let mut seen = Vec::new();
    for key in "llljjkhG".chars() {
        press(&mut app, &session, &key.to_string());
        seen.push(selected(&app));
    }
    assert_eq!(
        seen,
        [
            "websocket.fin",
            "websocket.rsv1",
            "websocket.rsv2",
            "websocket.masking_key",
            "websocket.masking_key",
            "websocket.masking_key",
            "websocket.payload_length",
            "websocket.masked_payload",
        ]
    );
}

#[test]
fn a_byte_lights_its_field_and_a_field_its_byte_through_the_mask() {
    let session = session(said());
    let mut app = app(&session, MASKED, (120, 36));
    at(&mut app, "websocket.payload");
    let (_, plain) = app.looked().unwrap().masked().unwrap();
    assert_eq!(app.selection.byte, Some((plain, 0)));
    focus(&mut app, Pane::Bytes);
    press(&mut app, &session, "ll");
    assert_eq!(app.selection.byte, Some((plain, 2)));
    let before = selected(&app);
    // The other bytes show the same byte: masked, behind a header of six bytes.
    press(&mut app, &session, "s");
    assert_eq!(app.selection.byte.map(|(source, _)| source), Some(SourceId::WIRE));
    assert_eq!(app.selection.byte, Some((SourceId::WIRE, 8)));
    assert_eq!(selected(&app), before);
    press(&mut app, &session, "l");
    assert_eq!(selected(&app), "websocket.masked_payload");
}

#[test]
fn the_form_follows_the_field_and_the_key_goes_round() {
    let session = session(said());
    let mut app = app(&session, MASKED, (120, 36));
    at(&mut app, "websocket.opcode");
    focus(&mut app, Pane::Bytes);
    let form = |app: &App| bytes::form(app, &app.panes.bytes);
    assert_eq!(form(&app), BytesForm::Header);
    let mut seen = Vec::new();
    for _ in 0..4 {
        press(&mut app, &session, "b");
        seen.push(form(&app));
    }
    assert_eq!(seen, [BytesForm::Hex, BytesForm::Header, BytesForm::Unmasking, BytesForm::Header]);
    assert_eq!(app.bytes_form, BytesForm::Best);
    // A chosen form stays, where the unit has something for it.
    app.bytes_form = BytesForm::Unmasking;
    motion::select(&mut app, &session, UnitId(COMPRESSED));
    assert_ne!(form(&app), BytesForm::Unmasking);
}

#[test]
fn moving_through_json_selects_its_fields() {
    let session = session(said());
    let mut app = app(&session, EVENT, (120, 36));
    at(&mut app, "socketio.arguments");
    focus(&mut app, Pane::Bytes);
    let form = bytes::form(&app, &app.panes.bytes);
    assert_eq!(form, BytesForm::Json);
    press(&mut app, &session, "jj");
    assert_eq!(selected(&app), "json.member");
    assert_eq!(app.item().unwrap().text, "a");
}

#[test]
fn a_click_selects_the_byte_the_box_and_the_field() {
    let session = session(said());
    let mut app = app(&session, MASKED, (120, 36));
    at(&mut app, "websocket");
    focus(&mut app, Pane::Bytes);
    let click = |app: &mut App, wanted: &str, pane: Pane| {
        let size = Rect::new(0, 0, app.size.0, app.size.1);
        let mut buf = Buffer::empty(size);
        view::draw(size, &mut buf, &session, app);
        let area = Areas::of(app).pane(pane).unwrap();
        let row = |y| (0..size.width).map(|x| buf.cell((x, y)).unwrap().symbol()).collect::<Vec<_>>();
        let place = (area.y..area.bottom()).find_map(|y| {
            let cells = row(y);
            let found =
                (area.x..area.right()).find(|x| cells[usize::from(*x)..].concat().starts_with(wanted))?;
            Some((found, y))
        });
        let (column, row) = place.unwrap_or_else(|| panic!("{wanted} is not shown"));
        let kind = MouseEventKind::Down(MouseButton::Left);
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        update(app, &session, Msg::Mouse(event));
    };
    click(&mut app, "Payload len", Pane::Bytes);
    assert_eq!(selected(&app), "websocket.payload_length");
    click(&mut app, "RSV2", Pane::Layers);
    assert_eq!(selected(&app), "websocket.rsv2");
    app.bytes_form = BytesForm::Hex;
    click(&mut app, "37 fa", Pane::Bytes);
    assert_eq!(selected(&app), "websocket.masking_key");
    click(&mut app, " unmasked 5", Pane::Bytes);
    assert_ne!(app.selection.byte.unwrap().0, SourceId::WIRE);
}

#[test]
fn a_fold_is_of_one_member_and_outlives_the_unit() {
    let session = session(said());
    let mut app = app(&session, MASKED, (120, 36));
    at(&mut app, "websocket.rsv");
    focus(&mut app, Pane::Layers);
    press(&mut app, &session, "h");
    let is_listed = |app: &App, key| {
        let look = app.looked().unwrap();
        app.listed().into_iter().any(|item| look.items[item].kind.key() == key)
    };
    assert!(!is_listed(&app, "websocket.rsv1"));
    motion::select(&mut app, &session, UnitId(EVENT));
    assert!(!is_listed(&app, "websocket.rsv1"));
    // One header field is folded, not all that are called so.
    motion::select(&mut app, &session, UnitId(REQUEST));
    let second =
        app.looked().unwrap().items.iter().position(|item| item.nth == 1 && item.depth == 1).unwrap();
    motion::select_item(&mut app, second);
    let before = app.listed().len();
    let inside = app.item().unwrap().end - second - 1;
    press(&mut app, &session, "h");
    assert_eq!(app.listed().len(), before - inside);
}

#[test]
fn hostile_content_is_harmless_and_drawn_at_once() {
    let line =
        format!("{{\"\u{202e}evil\x1b[31m\u{7f}\":\"{}\"}}", "你".repeat(350_000)).replace('\x1b', "\\u001b");
    let fields: String = (0..10_000).map(|n| format!("X-{n}: \x1b[2J{n}\r\n")).collect();
    let request =
        format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}Content-Length: {}\r\n\r\n{line}", line.len());
    let session = session(vec![(ToServer, request.into_bytes())]);
    for size in SIZES {
        let mut app = app(&session, 1, size);
        for key in ["http", "json.object", "http.header"] {
            let item = app.looked().unwrap().find(key).unwrap_or_default();
            motion::select_item(&mut app, item);
            app.folded.insert("nowhere".to_owned());
            for pane in [Pane::Layers, Pane::Bytes, Pane::Explain] {
                shown(&mut app, &session, pane);
                let began = Instant::now();
                let text = shown(&mut app, &session, pane);
                // Many times what it takes, for slow machines and builds without optimisation.
                assert!(began.elapsed() < Duration::from_millis(300), "{pane:?} {key} {:?}", began.elapsed());
                assert!(!text.contains(['\x1b', '\u{7f}', '\u{202e}']), "{pane:?}");
            }
        }
    }
}
