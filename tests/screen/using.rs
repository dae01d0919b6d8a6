//! Start, look, move about, resize.

use super::terminal::Terminal;

#[test]
fn the_demo_is_seen_selected_and_looked_into() {
    let mut terminal = Terminal::start(&["demo"], (120, 36));
    terminal.until_text("event \"join\"");
    terminal.press("g");
    terminal.until_text("1/");
    // The first request's layers and bytes.
    terminal.press("\r");
    terminal.until("the request's layers", |screen| {
        ["Method", "HTTP/1.1"].iter().all(|text| screen.contents().contains(text))
    });
    terminal.press("\t");
    terminal.until_text("47 45 54 20");
    terminal.press("q?");
    terminal.until_text("show all keys");
    terminal.press("x:filt");
    terminal.until_text("show only what a filter lets through");
    leave_the_line(&mut terminal);
    terminal.resize(160, 50);
    terminal.until("explanation", |screen| screen.contents().contains("Explain"));
    terminal.resize(40, 10);
    terminal.until_text("wirewalk needs");
    terminal.resize(80, 24);
    terminal.until_text("Flow");
    terminal.press("q");
    let (code, left) = terminal.ended();
    assert_eq!(code, 0);
    assert!(left.is_restored);
}

#[test]
fn a_terminal_that_does_not_know_its_size_shows_something() {
    let mut terminal = Terminal::start(&[], (0, 0));
    terminal.until_text("Walk through");
    terminal.press("q");
    assert_eq!(terminal.ended().0, 0);
}

/// Escape closes the line that is typed. What is sent before that would make another key of it.
fn leave_the_line(terminal: &mut Terminal) {
    terminal.press("\x1b");
    terminal.until("bar at the bottom", |screen| screen.contents().contains("tab next pane"));
}

#[test]
fn a_transcript_is_filtered_searched_marked_and_copied_from() {
    let transcript = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/v1.wirewalk");
    let mut terminal = Terminal::start(&["open", transcript], (120, 36));
    terminal.until_text("END");
    // Only some rows; what is wrong with a filter is said, and the line stays.
    terminal.press("fsocketio.event == \"message\"\r");
    terminal.until("only messages", |screen| {
        screen.contents().contains("/5 ") && !screen.contents().contains("GET /")
    });
    terminal.press("f nonsense\r");
    terminal.until_text("expected `and` or `or` here");
    leave_the_line(&mut terminal);
    terminal.press("F");
    terminal.until_text("/67 ");
    // A search goes round.
    terminal.press("g/Hello everyone\r");
    terminal.until_text("· /Hello everyone 3 hits");
    terminal.until_text("Layers of unit 25 ");
    for (key, unit) in [("n", 26), ("n", 28), ("n", 25), ("N", 28)] {
        terminal.press(key);
        terminal.until_text(&format!("Layers of unit {unit} "));
    }
    for (key, text) in [("P", "secrets"), ("P", "Layers"), ("2", "┏ Connections"), ("3", "┏ Statistics")]
    {
        terminal.press(key);
        terminal.until_text(text);
    }
    for (key, text) in
        [("4", "┏ Conversation"), ("1", "┏ Flow"), ("m", "★"), ("aremember this\r", "✎ remember this")]
    {
        terminal.press(key);
        terminal.until_text(text);
    }
    terminal.press("y");
    terminal.until_text("as hexadecimal");
    terminal.press("h");
    terminal.until_text("copied as hexadecimal");
    terminal.press("q");
    terminal.until_text("End wirewalk?");
    terminal.press("n");
    terminal.until("question", |screen| !screen.contents().contains("End wirewalk?"));
    terminal.press("qy");
    let (code, left) = terminal.ended();
    assert_eq!(code, 0);
    assert!(left.is_restored);
    assert!(left.raw.windows(7).any(|w| w == b"\x1b]52;c;"), "nothing was put on the clipboard");
}
