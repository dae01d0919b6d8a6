use std::time::Duration;

use ::bytes::Bytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::unit::UnitId;
use crate::session::testing::Kept;
use crate::tui::app::{Msg, Origin, Pane};
use crate::tui::keys::Keymap;
use crate::tui::theme::Theme;
use crate::tui::update::update;
use crate::tui::view;
use crate::wire::{ConnId, Direction, Record, Timestamp, What};

const SECRET: &str = "opensesame";
const CONNECT: u32 = 3;

/// An upgrade, a CONNECT with credentials, the answer and an event.
fn session() -> Session {
    use Direction::{ToClient, ToServer};
    let request = "GET /socket.io/?EIO=4&transport=websocket&token=opensesame HTTP/1.1\r\nHost: h\r\n\
        Cookie: id=opensesame\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let frame = |payload: &str, mask: &[u8]| {
        let mut frame = vec![0x81, payload.len() as u8 | if mask.is_empty() { 0 } else { 0x80 }];
        frame.extend(mask);
        frame.extend(payload.bytes().enumerate().map(|(at, b)| b ^ mask.get(at % 4).unwrap_or(&0)));
        frame
    };
    let said: [(Direction, Vec<u8>); 5] = [
        (ToServer, request.into()),
        (ToClient, answer.into()),
        (ToServer, frame(r#"40{"token":"opensesame","name":"Ada"}"#, &key)),
        (ToClient, frame(r#"40{"sid":"wZX3oN0bSVIhsaknAAAI"}"#, &[])),
        (ToServer, frame(r#"42["message",{"text":"good morning"}]"#, &key)),
    ];
    let kept = said.iter().map(|(_, bytes)| Bytes::from(bytes.clone())).collect();
    let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
    for (index, (dir, bytes)) in (0..).zip(said) {
        let what = What::Received { dir, bytes: Bytes::from(bytes) };
        session.ingest(&Record { at: Timestamp(index * 7_000_000), conn: ConnId(1), what }, index).unwrap();
    }
    session
}

fn app(session: &Session, size: (u16, u16)) -> App {
    let mut app =
        App::new(Origin { follows: true, ..Origin::default() }, Theme::ALL[0], Keymap::new([]).unwrap());
    update(&mut app, session, Msg::Resize(size.0, size.1));
    update(&mut app, session, Msg::Grew);
    app
}

fn press(app: &mut App, session: &Session, key: &str) {
    let code = match key {
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "left" => KeyCode::Left,
        character => KeyCode::Char(character.chars().next().unwrap()),
    };
    update(app, session, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

fn drawn(app: &mut App, session: &Session) -> Buffer {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    view::draw(area, &mut buf, session, app);
    buf
}

fn text(app: &mut App, session: &Session) -> String {
    let buf = drawn(app, session);
    let row = |y| (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..buf.area.height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn every_pane_at_two_sizes() {
    let session = session();
    for (name, size) in [("80x24", (80, 24)), ("160x50", (160, 50))] {
        let mut app = app(&session, size);
        motion::select(&mut app, &session, UnitId(CONNECT));
        press(&mut app, &session, "P");
        update(&mut app, &session, Msg::Tick { since: Duration::from_secs(9), time: "14:03".to_owned() });
        update(&mut app, &session, Msg::Tick { since: Duration::from_secs(84), time: "14:04".to_owned() });
        let panes = Pane::ALL.map(|_| {
            let text = text(&mut app, &session);
            press(&mut app, &session, "tab");
            text
        });
        insta::assert_snapshot!(name, panes.join("\n"));
    }
}

#[test]
fn a_click_selects_the_unit_that_is_drawn_there() {
    let session = session();
    let mut app = app(&session, (80, 24));
    press(&mut app, &session, "P");
    let rows: Vec<String> = text(&mut app, &session).lines().map(str::to_owned).collect();
    let row = rows.iter().position(|row| row.contains("unit 3")).unwrap() as u16;
    for (row, unit) in [(row, 3), (row + 1, 3), (row + 3, 4), (row - 2, 2)] {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let click = MouseEvent { kind, column: 20, row, modifiers: KeyModifiers::NONE };
        update(&mut app, &session, Msg::Mouse(click));
        assert_eq!(app.selection.unit, Some(UnitId(unit)));
    }
}

/// Everything that can be looked at, with the letters of the secret that stand there.
fn everything(app: &mut App, session: &Session) -> String {
    let mut seen = String::new();
    for unit in 1..=session.len() {
        press(app, session, "1");
        motion::select(app, session, UnitId(unit as u32));
        for _ in Pane::ALL {
            for item in 0..app.looked().unwrap().items.len() {
                motion::select_item(app, item);
                seen += &text(app, session);
            }
            for _ in 0..6 {
                press(app, session, "b");
                seen += &text(app, session);
            }
            press(app, session, "tab");
        }
        press(app, session, "4");
        for _ in 0..2 {
            press(app, session, "b");
            seen += &text(app, session);
        }
    }
    press(app, session, "1");
    seen
}

#[test]
fn a_secret_is_nowhere_until_it_is_revealed() {
    let session = session();
    let mut app = app(&session, (100, 60));
    assert!(everything(&mut app, &session).contains(SECRET));
    press(&mut app, &session, "P");
    let seen = everything(&mut app, &session);
    for part in [SECRET, "opensesam", "6f 70 65 6e"] {
        assert!(!seen.contains(part), "{part}");
    }
    assert!(seen.contains("••••••••") && seen.contains("•• ••") && seen.contains("good morning"));
    press(&mut app, &session, "R");
    let seen = everything(&mut app, &session);
    assert!(seen.contains(SECRET) && seen.contains("secrets shown"));
    press(&mut app, &session, "P");
    press(&mut app, &session, "P");
    assert!(!everything(&mut app, &session).contains(SECRET), "a new presentation hides them again");
}

#[test]
fn what_the_server_prints_is_hidden_behind_the_names_of_secrets() {
    let mut session = session();
    let bytes = Bytes::from_static(b"GET /socket.io/?EIO=4&token=opensesame HTTP/1.1\r\n");
    session.ingest(&Record { at: Timestamp(1), conn: ConnId(0), what: What::Output { bytes } }, 9).unwrap();
    let mut app = app(&session, (100, 30));
    press(&mut app, &session, "6");
    assert!(text(&mut app, &session).contains(SECRET));
    press(&mut app, &session, "P");
    let seen = text(&mut app, &session);
    assert!(seen.contains("EIO=4&token=••••••••") && !seen.contains(SECRET), "{seen}");
}

#[test]
fn secrets_are_hidden_outside_presenter_mode_where_the_user_wants_it() {
    let session = session();
    let mut app = app(&session, (100, 30));
    press(&mut app, &session, "R");
    assert!(app.notice.as_ref().unwrap().text.contains("in presenter mode only: P"));
    app.presenter.always_hide = true;
    motion::look_again(&mut app, &session);
    assert!(!everything(&mut app, &session).contains(SECRET));
}

#[test]
fn no_filter_is_made_of_a_secret() {
    let session = session();
    let mut app = app(&session, (100, 30));
    press(&mut app, &session, "P");
    motion::select(&mut app, &session, UnitId(1));
    let item = app.looked().unwrap().find("http.cookie.value").unwrap();
    motion::select_item(&mut app, item);
    press(&mut app, &session, "x");
    assert!(app.filter.is_none() && app.notice.is_some());
}

#[test]
fn a_filter_that_was_made_of_a_secret_before_is_masked() {
    let session = session();
    let mut app = app(&session, (100, 30));
    motion::select(&mut app, &session, UnitId(1));
    let item = app.looked().unwrap().find("http.cookie.value").unwrap();
    motion::select_item(&mut app, item);
    press(&mut app, &session, "x");
    press(&mut app, &session, "j");
    assert!(text(&mut app, &session).contains("filter http.cookie.value == \"opens"));
    press(&mut app, &session, "P");
    let seen = text(&mut app, &session);
    assert!(seen.contains("· filter http.cookie.value == ") && !seen.contains("opens"), "{seen}");
}

#[test]
fn arrows_move_the_pointer_and_nothing_else_until_it_is_put_away() {
    let session = session();
    let mut app = app(&session, (80, 24));
    let unit = app.selection.unit;
    for key in ["L", "up", "left", "left"] {
        press(&mut app, &session, key);
    }
    assert_eq!((app.presenter.pointer, app.selection.unit), (Some((38, 11)), unit));
    let buf = drawn(&mut app, &session);
    let bright = |x| buf[(x, 11)].bg == app.theme.pointer.bg.unwrap();
    assert_eq!((36..42).map(bright).collect::<Vec<_>>(), [false, true, true, true, false, false]);
    (0..99).for_each(|_| press(&mut app, &session, "left"));
    (0..99).for_each(|_| press(&mut app, &session, "up"));
    assert_eq!(app.presenter.pointer, Some((0, 0)));
    drawn(&mut app, &session);
    press(&mut app, &session, "esc");
    assert_eq!(app.presenter.pointer, None);
    press(&mut app, &session, "up");
    assert_ne!(app.selection.unit, unit);
}

#[test]
fn the_clock_goes_in_presenter_mode_only_and_begins_anew() {
    let session = session();
    let mut app = app(&session, (80, 24));
    let tick = |seconds| Msg::Tick { since: Duration::from_secs(seconds), time: "14:03".to_owned() };
    update(&mut app, &session, tick(5));
    assert_eq!((app.presenter.ticks(), app.presenter.clock()), (false, None));
    press(&mut app, &session, "P");
    for seconds in [10, 75] {
        update(&mut app, &session, tick(seconds));
    }
    assert_eq!(app.presenter.clock().as_deref(), Some("14:03 · 01:05"));
    for key in ["P", "P"] {
        press(&mut app, &session, key);
    }
    update(&mut app, &session, tick(90));
    assert_eq!(app.presenter.clock().as_deref(), Some("14:03 · 00:00"));
}
