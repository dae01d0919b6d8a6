use std::path::Path;

use super::*;
use crate::capture::Recorder;
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::unit::UnitId;
use crate::session::statistics::Statistics;
use crate::tui::app::{Effect, Msg, Origin};
use crate::tui::home::{Home, Transcript};
use crate::tui::keys::{Action, Keymap};
use crate::tui::theme::Theme;
use crate::tui::update::{act, update};
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
    for (columns, rows) in [(80, 24), (160, 50)] {
        let home = Home::new(Theme::ALL[0], transcripts.to_vec());
        let area = Rect::new(0, 0, columns, rows);
        let mut buf = Buffer::empty(area);
        home.draw(area, &mut buf);
        insta::assert_snapshot!(format!("home_{columns}x{rows}"), text(&buf));
    }
}
