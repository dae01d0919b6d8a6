use std::path::Path;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::capture::Recorder;
use crate::capture::player::{Pace, Playing};
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::unit::UnitKind;
use crate::tui::app::{Origin, Searching};
use crate::tui::keys::{BINDINGS, Keymap, Place as Where};
use crate::tui::theme::Theme;
use crate::tui::view;
use crate::tui::walk::WalkView;
use crate::walkthrough::Walkthrough;
use crate::walkthrough::walk::Walk;
use crate::wire::{ConnId, Direction, Record, Timestamp, What};

/// The recorded demo, with a broken frame at its beginning and at its end, and two notes.
fn session() -> Session {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1.wirewalk");
    let (mut session, ..) = Recorder::open(&fixture, MAX_MESSAGE).unwrap();
    for unit in [3, session.len() as u32 - 2] {
        let what = What::Note { unit, marked: true, text: "look".to_owned() };
        session.ingest(&Record { at: Timestamp(0), conn: ConnId(1), what }, 0).unwrap();
    }
    session
}

fn app(session: &Session) -> App {
    let mut app =
        App::new(Origin { follows: true, ..Origin::default() }, Theme::ALL[0], Keymap::new([]).unwrap());
    app.size = (160, 50);
    update(&mut app, session, Msg::Grew);
    app
}

fn chord(text: &str) -> KeyEvent {
    let (text, modifiers) = match text.strip_prefix("ctrl-") {
        Some(rest) => (rest, KeyModifiers::CONTROL),
        None => (text, KeyModifiers::NONE),
    };
    let code = match text {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "f1" => KeyCode::F(1),
        one => KeyCode::Char(one.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}

fn screen(app: &mut App, session: &Session) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    view::draw(area, &mut buf, session, app);
    format!("{buf:?}")
}

/// The screen in a state in which the action has something to do.
fn prepared(session: &Session, action: Action, place: Where) -> App {
    let mut app = app(session);
    let frames = session.ids().filter_map(|id| session.unit(id)).filter(|unit| unit.kind == UnitKind::Frame);
    let sent: Vec<UnitId> =
        frames.filter(|unit| unit.dir == Direction::ToServer).map(|unit| unit.id).collect();
    motion::select(&mut app, session, sent[sent.len() / 2]);
    app.following = false;
    match place {
        Where::Layers => focus(&mut app, Pane::Layers),
        Where::Bytes => focus(&mut app, Pane::Bytes),
        Where::Calls => {
            // An answer, of which the call is chosen that wrote it.
            motion::select(&mut app, session, UnitId(29));
            act(&mut app, session, Action::ShowCalls);
        }
        Where::Walk => {
            let text = include_str!("../../../tests/walkthroughs/sound.md");
            let walk = Walk::new(Walkthrough::read("walkthrough.md", text).unwrap());
            app.walk = Some(WalkView::new(walk));
            update(&mut app, session, Msg::Ended);
            // A step with a question.
            super::walk::go(&mut app, session, 1);
        }
        _ => {}
    }
    let unit = app.selection.unit.unwrap();
    match action {
        Action::ShowFlow => app.screen = Screen::Connections,
        Action::Back => focus(&mut app, Pane::Layers),
        Action::Deeper => {
            act(&mut app, session, Action::Shallower);
        }
        Action::Right => {
            act(&mut app, session, Action::Left);
        }
        Action::NextHit | Action::PreviousHit => {
            let hits = vec![2, unit.0, session.len() as u32 - 3];
            app.search = Some(Searching { text: "x".to_owned(), number: 1, hits, upto: UnitId(1) });
        }
        Action::Partner => {
            let tied = session.ids().find(|id| !session.links(*id).is_empty()).unwrap();
            motion::select(&mut app, session, tied);
        }
        Action::Reveal => {
            act(&mut app, session, Action::Presenter);
        }
        Action::Faster | Action::Slower | Action::Step => {
            let pace = Some(Pace { speed: 1.0, max_pause: Duration::from_secs(2), paused: false });
            app.origin.state.playing = Some(Playing { pace, ..Playing::default() });
        }
        _ => {}
    }
    app
}

#[test]
fn every_key_of_the_help_does_something() {
    let session = session();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1-calls.wirewalk");
    let traced = Recorder::open(&fixture, MAX_MESSAGE).unwrap().0;
    for binding in BINDINGS {
        let session = if matches!(binding.place, Where::Calls | Where::Walk) { &traced } else { &session };
        for key in binding.keys {
            let mut app = prepared(session, binding.action, binding.place);
            let before = screen(&mut app, session);
            let effects = update(&mut app, session, Msg::Key(chord(key)));
            let says_nothing = app.notice.as_ref().is_some_and(|n| n.text.contains("does nothing"));
            assert!(!says_nothing, "{key} ({}) is not bound", binding.name);
            let after = screen(&mut app, session);
            assert!(!effects.is_empty() || before != after, "{key} ({}) does nothing", binding.name);
        }
    }
}

#[test]
fn findings_and_notes_are_visited_from_any_pane() {
    let session = session();
    let mut app = app(&session);
    for pane in Pane::ALL {
        focus(&mut app, pane);
        act(&mut app, &session, Action::NextMark);
        assert!(session.note(app.selection.unit.unwrap()).is_some(), "{pane:?}");
        assert_eq!(app.focus, pane);
    }
    let answered = session.ids().find(|id| session.answers(*id).next().is_some()).unwrap();
    motion::select(&mut app, &session, answered);
    act(&mut app, &session, Action::Partner);
    assert_ne!(app.selection.unit, Some(answered));
    act(&mut app, &session, Action::Partner);
    assert_eq!(app.selection.unit, Some(answered));
}

#[test]
fn a_held_display_shows_what_came_when_it_goes_on() {
    let mut session = session();
    let mut app = app(&session);
    act(&mut app, &session, Action::Pause);
    let what = What::Received {
        dir: Direction::ToServer,
        bytes: ::bytes::Bytes::from_static(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    };
    session.ingest(&Record { at: Timestamp(1), conn: ConnId(99), what }, 0).unwrap();
    let rows = app.rows.len();
    update(&mut app, &session, Msg::Grew);
    assert_eq!((app.rows.len(), app.held(&session)), (rows, 1));
    act(&mut app, &session, Action::Pause);
    assert_eq!((app.rows.len(), app.held(&session)), (rows + 1, 0));
}

#[test]
fn ending_asks_only_where_something_would_be_lost() {
    let session = session();
    let mut app = app(&session);
    assert!(matches!(act(&mut app, &session, Action::Quit)[..], []));
    assert!(matches!(app.dialog, Some(Dialog::Quit { .. })));
    assert!(matches!(update(&mut app, &session, Msg::Key(chord("y")))[..], [Effect::Quit]));
    app.origin.is_repeatable = true;
    assert!(matches!(act(&mut app, &session, Action::Quit)[..], [Effect::Quit]));
    app.origin.state.unsaved = 1;
    assert!(matches!(act(&mut app, &session, Action::Quit)[..], []));
}
