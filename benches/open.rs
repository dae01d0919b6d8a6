//! How long it takes to open a long transcript, to filter and to search it: `cargo bench --bench open` prints tables for
//! `benches/README.md`. `-- --units N` takes another length, and `-- --tools` measures tshark and mitmproxy beside it, where they are installed.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wirewalk::capture::player::{Mode, Player};
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::session::filter::Filter;
use wirewalk::session::search::Query;
use wirewalk::tui::scan::{self, Asked, Request};

#[path = "../tests/load/frame.rs"]
mod frame;

/// So many connections the messages are on.
const CONNECTIONS: usize = 10;

/// So many rows are on a screen.
const ROWS: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // Where all targets are tested, nothing is measured.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let units = arguments.iter().skip_while(|argument| *argument != "--units").nth(1);
    let units: usize = units.map_or(1_000_000, |units| units.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.wirewalk");
    write(&path, units);
    println!(
        "{units} messages of 50 bytes, {} MiB of transcript\n",
        fs::metadata(&path).expect("it is there").len() >> 20
    );
    println!("| | seconds |\n|---|---:|");
    opened("opened for the first time", &path);
    opened("opened again", &path);
    if arguments.iter().any(|argument| argument == "--tools") {
        tools(&path, folder.path());
    }
}

/// A chat in which each message is a record of its own, both ways in turn.
fn write(path: &Path, units: usize) {
    let request = r"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let answer = r"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut out = BufWriter::new(fs::File::create(path).expect("a file"));
    let mut line = |text: String| writeln!(out, "{text}").expect("room on the disk");
    line(r#"{"wirewalk":"transcript","version":1,"by":"bench","started":"2026-01-01T00:00:00Z","upstream":"http://x"}"#.to_owned());
    for conn in 1..=CONNECTIONS {
        line(format!(
            r#"{{"at":{conn},"conn":{conn},"type":"opened","client":"127.0.0.1:{}","listen":"127.0.0.1:80","upstream":"http://x","connected":{{"no":{{"error":"x"}}}}}}"#,
            40000 + conn
        ));
        line(format!(r#"{{"at":{conn},"conn":{conn},"type":"received","dir":"c2s","text":"{request}"}}"#));
        line(format!(r#"{{"at":{conn},"conn":{conn},"type":"received","dir":"s2c","text":"{answer}"}}"#));
    }
    for number in 0..units {
        let text = format!(r#"42["message",{{"user":"u{}","text":"number {number:07}"}}]"#, number % 50);
        let (dir, mask) = if number % 2 == 0 { ("c2s", Some(frame::MASK)) } else { ("s2c", None) };
        let mut frame = Vec::new();
        frame::encode(frame::TEXT, text.as_bytes(), mask, &mut frame);
        let (at, conn) = (1000 + number * 1000, 1 + number % CONNECTIONS);
        line(format!(
            r#"{{"at":{at},"conn":{conn},"type":"received","dir":"{dir}","base64":"{}"}}"#,
            BASE64_STANDARD.encode(frame)
        ));
    }
}

/// Opens a transcript as the screen does, and looks for things in it as the screen does.
fn opened(what: &str, path: &Path) {
    let began = Instant::now();
    let player = Player::open(path, Mode::AtOnce, MAX_MESSAGE).expect("a transcript");
    let session = player.session().clone();
    let units = || session.read().expect("no panic").len();
    wait(|| units() >= ROWS);
    row(&format!("{what}: the first screen"), began.elapsed());
    let grew = player.grew();
    wait(|| grew.has_changed().is_err());
    row(&format!("{what}: all of it"), began.elapsed());
    let filter = |text: &str| Filter::parse(text).expect("a filter");
    for text in [
        "conn == 3 && dir == c2s",
        "socketio.event == \"message\" && json.value.string == \"u7\"",
        "websocket.opcode == 1",
    ] {
        let asked = Request::Filter(Asked { number: 1, what: Some(filter(text)) });
        row(&format!("filter `{text}`"), scanned(&session, asked, units()));
    }
    for text in ["number 0999999", "re:number 0*77777\\b"] {
        let query = Query::parse(text).expect("a query");
        let asked = Request::Search(Asked { number: 1, what: Some(query) });
        row(&format!("search `{text}`"), scanned(&session, asked, units()));
    }
    let resident = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = resident
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .map(str::trim)
        .unwrap_or("unknown")
        .to_owned();
    println!("| memory then | {resident} |");
    player.finish();
}

/// How long it takes until all units were looked at.
fn scanned(
    session: &std::sync::Arc<std::sync::RwLock<wirewalk::session::Session>>,
    asked: Request,
    units: usize,
) -> Duration {
    let began = Instant::now();
    let (tell, told) = mpsc::channel();
    let ask = scan::start(session.clone(), move |found| tell.send(found.upto.0).is_ok()).expect("a thread");
    ask.send(asked).expect("it is there");
    while told.recv().is_ok_and(|upto| (upto as usize) < units) {}
    began.elapsed()
}

fn wait(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn row(what: &str, took: Duration) {
    println!("| {what} | {:.2} |", took.as_secs_f64());
}

/// The same messages in other tools.
fn tools(path: &Path, folder: &Path) {
    let wirewalk = env!("CARGO_BIN_EXE_wirewalk");
    let capture = folder.join("long.pcapng");
    let exported = Command::new(wirewalk)
        .args(["export", "--keep-secrets", "--out"])
        .args([&capture, &path.to_owned()])
        .output();
    assert!(exported.is_ok_and(|output| output.status.success()), "the capture file was not written");
    let quiet = |command: &mut Command| {
        let began = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success()).then(|| began.elapsed())
    };
    let paths: [PathBuf; 2] = [path.to_owned(), capture];
    if let Some(took) = quiet(
        Command::new(wirewalk)
            .args(["open", "--print", "summary", "--filter", "socketio.event == \"message\""])
            .arg(&paths[0]),
    ) {
        row("`wirewalk open --filter 'socketio.event == \"message\"'`, printed", took);
    }
    if let Some(took) =
        quiet(Command::new("tshark").args(["-Y", "websocket.opcode == 1", "-r"]).arg(&paths[1]))
    {
        row("`tshark -Y 'websocket.opcode == 1'`, printed", took);
    }
}
