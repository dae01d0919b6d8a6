//! Whatever peers send, they change nothing on the screen but the cells that show it.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::{fs, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::terminal::{Left, Terminal};

/// What all that a peer sends is marked with.
const MARK: &str = "h0st1le";

const SIZE: (u16, u16) = (120, 36);

/// Codes that no terminal may be given by a peer: to clear it, to name its window, to fill its clipboard, to move its cursor,
/// to leave its second screen, to make it answer, to reset it; with seven and with eight bits.
const CODES: &[&str] = &[
    "\x1b[2Jh0st1le",
    "\x1b]0;h0st1le\x07",
    "\x1b]52;c;aDBzdDFsZQ==\x07",
    "\x1b[777;777Hh0st1le",
    "\x1b[?1049lh0st1le",
    "\x1b[6nh0st1le",
    "\x1bch0st1le",
    "\x1bP$qh0st1le\x1b\\",
    "\u{9b}2Jh0st1le",
    "\u{9d}0;h0st1le\u{9c}",
    "\x07\x08\x0b\x0c\x0e\x7fh0st1le",
];

#[test]
fn codes_of_a_peer_reach_no_terminal() {
    look_through("codes", CODES.concat().into_bytes());
}

#[test]
fn a_line_of_a_mebibyte_is_cut() {
    look_through("line", format!("{MARK}{}", "x".repeat(1 << 20)).into_bytes());
}

#[test]
fn ten_thousand_header_fields_are_looked_through() {
    let fields = (0..10_000).fold(String::new(), |mut fields, number| {
        let _ = write!(fields, "\r\nX-{MARK}-{number}: {number}");
        fields
    });
    look_through("fields", format!("{MARK}{fields}").into_bytes());
}

#[test]
fn what_is_no_utf_8_is_shown_all_the_same() {
    let mut bytes = MARK.as_bytes().to_vec();
    bytes.extend((0x80..=0xff).chain(*b"\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82"));
    look_through("utf-8", bytes);
}

#[test]
fn nothing_is_turned_round_or_hidden() {
    let text = format!(
        "{MARK}\u{202e}evil\u{202c}\u{2066}x\u{2069}\u{200f}\u{61c} a\u{200b}b\u{feff}c\u{2028}d\u{ad}"
    );
    look_through("bidi", text.into_bytes());
}

#[test]
fn wide_characters_move_no_border() {
    let text = format!(
        "{MARK} 你好こんにちは👩\u{200d}💻👨\u{200d}👩\u{200d}👧🇩🇪❤\u{fe0f}e{}ﷺ한ｗ",
        "\u{301}".repeat(200)
    );
    look_through("wide", text.repeat(20).into_bytes());
}

/// What is said on two connections: the payload in every part of a request and its answer, then in a frame.
fn said(payload: &[u8]) -> [[Vec<u8>; 2]; 2] {
    let one_line = payload.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let join = |parts: &[&[u8]]| parts.concat();
    let request =
        join(&[b"GET /", one_line.trim_ascii_end(), b" HTTP/1.1\r\nHost: h\r\nX: ", payload, b"\r\n\r\n"]);
    let length = payload.len().to_string();
    let answer = join(&[
        b"HTTP/1.1 200 ",
        one_line,
        b"\r\nContent-Type: text/plain\r\nX: ",
        payload,
        b"\r\nContent-Length: ",
        length.as_bytes(),
        b"\r\n\r\n",
        payload,
    ]);
    let upgrade = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let text = join(&[b"42[\"", payload, b"\"]"]);
    let switch = join(&[
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x7f",
        &(text.len() as u64).to_be_bytes(),
        &text,
    ]);
    [[request, answer], [upgrade.to_vec(), switch]]
}

/// Looks at what a peer sends, as it passes and in a transcript.
fn look_through(name: &str, payload: Vec<u8>) {
    let said = said(&payload);
    let upstream = serve(said.clone().map(|[_, answer]| answer));
    let terminal = Terminal::start(&["proxy", &upstream, "--listen", "127.0.0.1:0"], SIZE);
    let listening = terminal.until("the address", |screen| {
        ["LIVE", "http://"].iter().all(|text| screen.contents().contains(text))
    });
    let (_, address) = listening.split_once("http://").expect("the address in the title");
    let (address, _) = address.split_once(' ').expect("the server behind it");
    for [request, _] in &said {
        fetch(address, request);
    }
    look_at_everything(terminal, true);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{name}.wirewalk"));
    fs::write(&path, transcript(&said)).unwrap();
    look_at_everything(Terminal::start(&["open", path.to_str().unwrap()], SIZE), false);
}

/// A server that takes a connection for each answer, reads as much as `fetch` sends, and gives the answer.
fn serve(answers: [Vec<u8>; 2]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for answer in answers {
            let (mut client, _) = listener.accept().unwrap();
            client.read_to_end(&mut Vec::new()).unwrap();
            client.write_all(&answer).unwrap();
        }
    });
    format!("http://{address}")
}

/// Sends a request, and waits for the end of the answer.
fn fetch(address: &str, request: &[u8]) {
    let mut server = TcpStream::connect(address).unwrap();
    server.write_all(request).unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    server.read_to_end(&mut Vec::new()).unwrap();
}

/// The same as a file that a stranger sends.
fn transcript(said: &[[Vec<u8>; 2]]) -> String {
    let codes = serde_json::to_string(&CODES.concat()).unwrap();
    let mut lines = format!(
        "{{\"wirewalk\":\"transcript\",\"version\":1,\"by\":{codes},\"started\":{codes},\"upstream\":{codes}}}\n"
    );
    for (conn, pieces) in (1..).zip(said) {
        for (dir, bytes) in ["c2s", "s2c"].iter().zip(pieces) {
            let bytes = BASE64.encode(bytes);
            let _ = writeln!(
                lines,
                "{{\"at\":{conn},\"conn\":{conn},\"type\":\"received\",\"dir\":\"{dir}\",\"base64\":\"{bytes}\"}}"
            );
        }
    }
    lines
}

/// Goes through all panes of all units and through all screens, and ends.
fn look_at_everything(mut terminal: Terminal, asks: bool) {
    shows(&terminal, MARK);
    terminal.press("g");
    for unit in 1..=5 {
        shows(&terminal, &format!(" {unit}/"));
        for (key, pane) in [("\r", "┏ Layers"), ("G\t", "┏ Bytes"), ("G\t", "┏ Explain"), ("G\t", "┏ Flow")]
        {
            terminal.press(key);
            shows(&terminal, pane);
        }
        terminal.press("4");
        shows(&terminal, "┏ Conversation");
        terminal.press("G1");
        shows(&terminal, "┏ Flow");
        terminal.press("j");
    }
    for (key, screen) in
        [("2", "┏ Connections"), ("3", "┏ Statistics"), ("?", "┏ Keys"), ("q", "┏ Statistics")]
    {
        terminal.press(key);
        shows(&terminal, screen);
    }
    terminal.press("1P");
    terminal.until_text("secrets");
    terminal.press("PQ");
    if asks {
        terminal.until_text("End wirewalk?");
        terminal.press("y");
    }
    let (code, left) = terminal.ended();
    assert_eq!(code, 0, "{}", left.text);
    assert!(left.is_restored);
    assert_harmless(&left);
}

/// Waits until the screen shows a text, and every border is whole and in its place.
fn shows(terminal: &Terminal, text: &str) {
    terminal.until(&format!("{text:?} in whole frames"), |screen| {
        screen.contents().contains(text) && has_whole_frames(screen)
    });
}

/// Whether both edges of the screen are borders between its bars, and whatever is side by side is divided down to the bottom.
fn has_whole_frames(screen: &vt100::Screen) -> bool {
    let (columns, rows) = SIZE;
    let is = |row: u16, column: u16, borders: &str| {
        screen
            .cell(row, column)
            .is_some_and(|cell| !cell.contents().is_empty() && borders.contains(cell.contents()))
    };
    let body = 1..rows - 1;
    let edges = body.clone().all(|row| is(row, 0, "╭│╰┏┃┗") && is(row, columns - 1, "╮│╯┓┃┛▐"));
    let divided = (body.start..body.end).flat_map(|row| (1..columns - 1).map(move |column| (row, column)));
    let mut tops = divided.filter(|(row, column)| is(*row, *column, "╮┓") && is(*row, column + 1, "╭┏"));
    edges
        && tops.all(|(top, column)| {
            (top + 1..rows - 2).all(|row| is(row, column, "│┃▐") && is(row, column + 1, "│┃"))
        })
}

/// Checks that nothing of a peer's codes was written, nor any character that turns or hides others.
fn assert_harmless(left: &Left) {
    let written = std::str::from_utf8(&left.raw).expect("UTF-8 alone");
    for code in CODES {
        assert!(!written.contains(code), "{code:?} was written");
    }
    // wirewalk itself gives no commands but those that begin with CSI, unless it copies.
    let other = written.split('\x1b').skip(1).find(|code| !code.starts_with('['));
    assert_eq!(other, None);
    let is_harmful = |c: &char| {
        matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1a}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe0f}' | '\u{feff}')
    };
    assert_eq!(written.chars().find(is_harmful), None);
}
