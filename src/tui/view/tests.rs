use std::path::Path;

use super::*;
use crate::calls::source::Source;
use crate::capture::Recorder;
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::unit::UnitId;
use crate::session::statistics::Statistics;
use crate::tui::app::{Effect, Msg, Origin};
use crate::tui::home::{Home, Transcript, WalkEntry};
use crate::tui::keys::{Action, Keymap};
use crate::tui::theme::Theme;
use crate::tui::update::{act, update};
use crate::tui::walk::WalkView;
use crate::walkthrough::Walkthrough;
use crate::walkthrough::walk::Walk;
use crate::wire::{ConnId, Record, Timestamp, What};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (160, 50)];

fn session() -> Session {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1.wirewalk");
    Recorder::open(&fixture, MAX_MESSAGE).unwrap().0
}

fn app(session: &Session, size: (u16, u16)) -> App {
    let title = "lecture.wirewalk, recorded in front of http://127.0.0.1:5000".to_owned();
    let mut app = App::new(Origin { title, ..Origin::default() }, Theme::ALL[0], Keymap::new([]).unwrap());
    app.size = size;
    update(&mut app, session, Msg::Grew);
    // The upgrade request.
    crate::tui::motion::select(&mut app, session, UnitId(14));
    app
}

fn drawn(session: &Session, app: &mut App) -> Buffer {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw(area, &mut buf, session, app);
    buf
}

fn text(buf: &Buffer) -> String {
    let symbols: Vec<&str> = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
    let rows = symbols.chunks(usize::from(buf.area.width));
    rows.map(|row| row.concat().trim_end().to_owned() + "\n").collect()
}

/// All that the background would count.
fn counted(session: &Session) -> Box<Statistics> {
    let mut statistics = Box::<Statistics>::default();
    for unit in session.ids().filter_map(|id| session.unit(id)) {
        statistics.add(session, &unit).unwrap();
    }
    statistics
}

#[test]
fn every_screen_at_three_sizes() {
    let session = session();
    let screens = [
        ("flow", Action::ShowFlow),
        ("connections", Action::ShowConnections),
        ("statistics", Action::ShowStatistics),
        ("conversation", Action::ShowConversation),
        ("output", Action::ShowOutput),
        ("folded", Action::FoldAll),
        ("keys", Action::Help),
        ("copy", Action::Copy),
        ("command", Action::CommandLine),
    ];
    for size in SIZES {
        for (name, action) in screens {
            let mut app = app(&session, size);
            let effects = act(&mut app, &session, action);
            if let [Effect::Scan(_)] = effects[..] {
                app.statistics = Some(counted(&session));
            }
            insta::assert_snapshot!(
                format!("{name}_{}x{}", size.0, size.1),
                text(&drawn(&session, &mut app))
            );
        }
    }
}

/// A Flask-SocketIO app that was recorded with its calls. The event is unit 28, its answer 29.
fn traced() -> Session {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1-calls.wirewalk");
    Recorder::open(&fixture, MAX_MESSAGE).unwrap().0
}

/// Does what these actions say, one after the other, and gives each file that is asked for this text.
fn acted(app: &mut App, session: &Session, actions: &[Action]) {
    for action in actions {
        for effect in act(app, session, *action) {
            if let Effect::Read(file) = effect {
                let text = "import a\n\n\ndef around(b):\n    return b  # what is told\n".repeat(300);
                let lines = crate::calls::highlight::lines(&text, "py");
                update(app, session, Msg::Source(file, Ok(Source { lines })));
            }
        }
    }
}

#[test]
fn the_calls_of_a_unit_at_three_sizes() {
    let session = traced();
    let down = [Action::Down; 20];
    let of: [(&str, u32, Vec<Action>); 6] = [
        ("tree", 28, [&[Action::ShowCalls], &down[..]].concat()),
        ("call_site", 28, [&[Action::ShowCalls], &down[..], &[Action::CallSite]].concat()),
        ("wrote", 29, vec![Action::ShowCalls]),
        ("sequence", 28, vec![Action::ShowCalls, Action::Sequence, Action::Down, Action::Down]),
        ("start", 28, vec![Action::ShowCalls, Action::StartUp]),
        ("folded", 28, vec![Action::ShowCalls, Action::HidePackage, Action::Shallower, Action::Shallower]),
    ];
    for size in SIZES {
        for (name, unit, actions) in &of {
            let mut app = app(&session, size);
            crate::tui::motion::select(&mut app, &session, UnitId(*unit));
            acted(&mut app, &session, actions);
            insta::assert_snapshot!(
                format!("calls_{name}_{}x{}", size.0, size.1),
                text(&drawn(&session, &mut app))
            );
        }
    }
}

#[test]
fn a_call_leads_to_its_unit_and_a_unit_to_its_calls() {
    let session = traced();
    let mut app = app(&session, (120, 36));
    let seen = |app: &mut App| text(&drawn(&session, app));
    crate::tui::motion::select(&mut app, &session, UnitId(29));
    acted(&mut app, &session, &[Action::ShowCalls]);
    assert!(app.calls.rows[app.calls.at].wrote, "the call that wrote it is chosen");
    acted(&mut app, &session, &[Action::CauseOfCall]);
    assert_eq!(
        (app.screen, app.selection.unit),
        (Screen::Flow, Some(UnitId(28))),
        "the event is what it was written for"
    );
    acted(&mut app, &session, &[Action::ShowCalls, Action::NextCalls]);
    assert_eq!(app.selection.unit, Some(UnitId(29)));
    acted(&mut app, &session, &[Action::WrittenByCall]);
    assert_eq!((app.screen, app.selection.unit), (Screen::Flow, Some(UnitId(29))));
    acted(&mut app, &session, &[Action::ShowCalls, Action::PreviousCalls]);
    assert_eq!(app.selection.unit, Some(UnitId(28)));
    let all = app.calls.rows.len();
    acted(&mut app, &session, &[Action::Left]);
    assert!(
        app.calls.rows.len() < all && seen(&mut app).contains("▸ WSConnection.receive_data +1"),
        "{}",
        seen(&mut app)
    );
    acted(&mut app, &session, &[Action::Right, Action::HidePackage]);
    assert!(seen(&mut app).contains("without wsproto") && app.calls.rows.len() < all);
    let effects = act(&mut app, &session, Action::CopyLink);
    let [Effect::Copy(link)] = &effects[..] else { panic!("{effects:?}") };
    assert!(
        link.starts_with(
            "https://github.com/miguelgrinberg/simple-websocket/blob/v1.1.0/src/simple_websocket/ws.py#L"
        ),
        "{link}"
    );
}

#[test]
fn where_there_are_no_calls_it_is_said_why() {
    let session = session();
    let mut app = app(&session, (80, 24));
    acted(&mut app, &session, &[Action::ShowCalls]);
    let seen = text(&drawn(&session, &mut app));
    assert!(seen.contains("wirewalk run -- python app.py"), "{seen}");
}

#[test]
fn the_servers_output_is_followed_until_someone_scrolls() {
    let mut session = session();
    let lines: String = (1..=40)
        .map(|n| format!("\x1b[33mline {n}\x1b[0m: GET /socket.io/ {}\r\n", "x".repeat(n * 8)))
        .collect();
    let beside = |what| Record { at: Timestamp(1_500_000_000), conn: ConnId::NONE, what };
    session.ingest(&beside(What::Output { bytes: lines.into() }), 0).unwrap();
    session.ingest(&beside(What::Exited { how: "exit code 1".to_owned() }), 0).unwrap();
    let mut app = app(&session, (80, 24));
    act(&mut app, &session, Action::ShowOutput);
    let seen = |app: &mut App| text(&drawn(&session, app));
    let followed = seen(&mut app);
    assert!(followed.contains("line 40") && followed.contains("exit code 1"), "{followed}");
    act(&mut app, &session, Action::Top);
    insta::assert_snapshot!("output_top", seen(&mut app));
    act(&mut app, &session, Action::Down);
    assert!(!seen(&mut app).contains("line 1:"));
    act(&mut app, &session, Action::Bottom);
    assert_eq!(app.output_top, None);
    app.origin.is_live = true;
    update(&mut app, &session, Msg::Grew);
    assert!(seen(&mut app).contains("the server has ended: exit code 1; 6 shows what it wrote"));
}

/// The screen on a walk over a session with calls.
fn walking(session: &Session, size: (u16, u16)) -> App {
    let text = include_str!("../../../tests/walkthroughs/sound.md");
    let text = Walkthrough::read("walkthrough.md", text).unwrap();
    let mut app = App::new(Origin::default(), Theme::ALL[0], Keymap::new([]).unwrap());
    app.size = size;
    app.walk = Some(WalkView::new(Walk::new(text)));
    app.screen = Screen::Walk;
    update(&mut app, session, Msg::Grew);
    update(&mut app, session, Msg::Ended);
    app
}

#[test]
fn a_walk_at_three_sizes() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1-calls.wirewalk");
    let (session, ..) = Recorder::open(&fixture, MAX_MESSAGE).unwrap();
    for (columns, rows) in SIZES {
        let mut app = walking(&session, (columns, rows));
        let seen = |app: &mut App, name: &str| {
            insta::assert_snapshot!(format!("walk_{name}_{columns}x{rows}"), text(&drawn(&session, app)));
        };
        seen(&mut app, "opening");
        act(&mut app, &session, Action::NextStep);
        seen(&mut app, "start");
        act(&mut app, &session, Action::NextStep);
        seen(&mut app, "question");
        act(&mut app, &session, Action::NextStep);
        seen(&mut app, "answered");
        act(&mut app, &session, Action::NextStep);
        seen(&mut app, "calls");
        act(&mut app, &session, Action::Bottom);
        seen(&mut app, "bare");
    }
}

#[test]
fn the_flow_in_its_colours() {
    let session = session();
    insta::assert_debug_snapshot!(drawn(&session, &mut app(&session, (80, 24))));
}

#[test]
fn the_start_page_at_two_sizes() {
    let transcripts =
        ["lecture.wirewalk", "a/very/long/name/of/a/folder/in/which/somebody/keeps/his.wirewalk"];
    let transcripts =
        transcripts.map(|path| Transcript { path: path.into(), hint: "12,345 bytes".to_owned() });
    let walk =
        |name: &str, title: &str, minutes| WalkEntry { name: name.into(), title: title.into(), minutes };
    let walks = vec![
        walk("a", "How an app answers", 15),
        walk("b", "A second walk with a very long title that goes on and on", 7),
    ];
    for (columns, rows) in [(80, 24), (160, 50)] {
        let home = Home::new(Theme::ALL[0], transcripts.to_vec(), walks.clone());
        let area = Rect::new(0, 0, columns, rows);
        let mut buf = Buffer::empty(area);
        home.draw(area, &mut buf);
        insta::assert_snapshot!(format!("home_{columns}x{rows}"), text(&buf));
    }
}
