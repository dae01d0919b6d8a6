//! However it ends, the terminal is left as it was.

use portable_pty::CommandBuilder;

use super::terminal::Terminal;

/// Asks this test program to panic in front of the screen.
const PANIC: &str = "WIREWALK_TEST_PANIC";

#[test]
fn the_terminal_is_restored_after_quitting() {
    let mut terminal = Terminal::start(&["demo"], (80, 24));
    terminal.until_text("event \"join\"");
    terminal.press("q");
    let (code, left) = terminal.ended();
    assert_eq!(code, 0, "{}", left.text);
    assert!(left.is_restored);
    assert!(left.text.contains("connection"), "the closing words are there: {}", left.text);
}

#[test]
fn the_terminal_is_restored_after_sigterm() {
    let terminal = Terminal::start(&["demo", "--loop"], (80, 24));
    terminal.until_text("GET /");
    terminal.signal("-TERM");
    let (code, left) = terminal.ended();
    assert_eq!(code, 0, "{}", left.text);
    assert!(left.is_restored);
}

#[test]
fn the_start_page_gives_the_terminal_back() {
    let mut terminal = Terminal::start(&[], (80, 24));
    terminal.until_text("Watch the demo");
    terminal.press("q");
    let (code, left) = terminal.ended();
    assert_eq!(code, 0);
    assert!(left.is_restored);
}

#[test]
fn the_terminal_is_restored_after_a_panic() {
    if std::env::var_os(PANIC).is_some() {
        let _guard = wirewalk::tui::terminal::Guard::take().unwrap();
        panic!("as a test");
    }
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "endings::the_terminal_is_restored_after_a_panic", "--nocapture"]);
    command.env(PANIC, "1");
    let (code, left) = Terminal::run(command, (80, 24)).ended();
    assert_ne!(code, 0);
    assert!(left.raw.windows(8).any(|w| w == b"\x1b[?1049h"), "the screen was taken: {}", left.text);
    assert!(left.is_restored, "{}", left.text);
    assert!(left.text.contains("as a test"), "what went wrong can be read: {}", left.text);
}
