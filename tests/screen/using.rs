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
    let text = terminal.until_text("Method");
    assert!(text.contains("HTTP/1.1"), "{text}");
    terminal.press("\t");
    terminal.until_text("47 45 54 20");
    terminal.press("q?");
    terminal.until_text("show all keys");
    terminal.press("x:filt");
    terminal.until_text("show only what a filter lets through");
    terminal.press("\x1b");
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
