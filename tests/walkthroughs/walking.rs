//! `wirewalk walk` and `wirewalk notes`, as people use them.

use std::fs;
use std::path::Path;

use super::kit::{SHIPPED, SOUND, folder, shipped};
use super::terminal::Terminal;

/// The headings of a walkthrough's steps, and whether each has a question.
fn headings(folder: &Path) -> Vec<(String, bool)> {
    let text = fs::read_to_string(folder.join("walkthrough.md")).unwrap();
    let steps = text.split("\n## ").skip(1);
    steps.map(|step| (step.lines().next().unwrap().to_owned(), step.contains("\nask "))).collect()
}

/// The beginning of a heading, before anything in it that looks otherwise on the screen, or is on another line.
fn beginning(heading: &str) -> String {
    heading.replace('`', "").chars().take(24).collect::<String>().trim().to_owned()
}

#[test]
fn each_that_ships_is_walked_from_start_to_end() {
    for name in SHIPPED {
        let mut terminal = Terminal::start(&["walk", name, "--restart"], (120, 36));
        terminal.until_text("begins");
        let headings = headings(&shipped(name));
        for (at, (heading, has_question)) in headings.iter().enumerate() {
            terminal.press(" ");
            let step = format!("{} of {}", at + 1, headings.len());
            let heading = beginning(heading);
            // While the transcript is still being read, a step may wait.
            let is_there = |text: &str| {
                text.contains(&step) && text.contains(&heading) && !text.contains("not happened")
            };
            terminal.until(&format!("{name}: {step} {heading}"), |screen| is_there(&screen.contents()));
            if *has_question {
                terminal.until_text("shows the answer");
                terminal.press("r");
                terminal.until("the answer", |screen| {
                    let text = screen.contents();
                    text.contains('✓') && !text.contains("shows the answer")
                });
            }
            let text = terminal.until_text(&step);
            assert!(!text.contains("never came here") && !text.contains("not happened"), "{text}");
        }
        terminal.press(" ");
        terminal.until_text("this is the last step");
        terminal.press("Q");
        assert_eq!(terminal.ended().0, 0);
    }
}

#[test]
fn the_demo_is_walked_while_it_runs() {
    let state = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start_in(state.path(), &["walk", "demo"], (120, 36));
    terminal.until_text("begins");
    let headings = headings(&shipped("demo"));
    for (at, (heading, has_question)) in headings.iter().enumerate() {
        terminal.press(" ");
        let step = format!("{} of {}", at + 1, headings.len());
        terminal.until(&format!("{step} {heading}"), |screen| {
            let text = screen.contents();
            text.contains(&step) && text.contains(&beginning(heading)) && !text.contains("not happened")
        });
        if *has_question {
            terminal.until_text("shows the answer");
            terminal.press("r");
            terminal.until("the answer", |screen| !screen.contents().contains("shows the answer"));
        }
    }
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
}

fn sound() -> (tempfile::TempDir, String) {
    let folder = folder(SOUND);
    let path = folder.path().to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_question_hides_what_comes_after_it() {
    let (_folder, path) = sound();
    let mut terminal = Terminal::start(&["walk", &path, "first"], (120, 36));
    let before = ["GET /socket.io/", "Before the question.", "Which status?"];
    let text = terminal.until("the question", |screen| {
        // Not for one frame: also not while the transcript is still being read.
        assert!(!screen.contents().contains("After it."), "{}", screen.contents());
        before.iter().all(|text| screen.contents().contains(text))
    });
    assert!(!text.contains("After it.") && !text.contains("200 OK"), "{text}");
    // A wrong answer, and the right one beside it.
    terminal.press("a");
    let after = ["After it.", "✗ a  101", "✓ b  200", "200 OK"];
    terminal.until("what comes after", |screen| after.iter().all(|text| screen.contents().contains(text)));
    // Back is exact, and the answer stays.
    terminal.press(" ");
    terminal.until_text("3 of 9");
    terminal.press("\x1b[D");
    terminal.until_text("2 of 9");
    terminal.until_text("✗ a  101");
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn one_leaves_the_path_comes_back_jumps_and_goes_on_where_one_stopped() {
    let (_folder, path) = sound();
    let mut terminal = Terminal::start(&["walk", &path], (120, 36));
    terminal.until_text("An introduction with code");
    terminal.press(" ");
    terminal.until_text("1 of 9");
    // Look around: the flow, another unit; then back, to the same step.
    terminal.press("1");
    terminal.until_text("Explain");
    terminal.press("G");
    terminal.until_text("closed cleanly");
    terminal.press("W");
    terminal.until_text("1 of 9");
    terminal.until_text("SocketIO.init_app");
    // By a part of its heading, as people remember it.
    terminal.press("/hndlr\r");
    terminal.until("a step about a handler", |screen| {
        screen.contents().contains("3 of 9") || screen.contents().contains("8 of 9")
    });
    terminal.press("/8\r");
    terminal.until("the handler", |screen| {
        screen.contents().contains("8 of 9") && screen.contents().contains("handle_message")
    });
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
    let mut terminal = Terminal::start(&["walk", &path], (80, 24));
    terminal.until_text("8 of 9");
    terminal.press("0");
    terminal.until_text("An introduction");
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
    let terminal = Terminal::start(&["walk", &path, "no-such-step"], (80, 24));
    terminal.until_text("there is no step \"no-such-step\"; there are 1 to 9");
    assert_eq!(terminal.ended().0, 1);
}

#[test]
fn a_step_that_the_session_never_reached_says_so() {
    let text = SOUND.replace(
        "id    = \"message\"\nwhen  = 'socketio.event == \"message\" && dir == c2s'",
        "id    = \"message\"\nwhen  = 'socketio.event == \"bye\"'",
    );
    let folder = folder(&text);
    let mut terminal = Terminal::start(&["walk", folder.path().to_str().unwrap(), "message"], (120, 36));
    terminal.until_text("This session never came here");
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn the_notes_follow_and_lead_but_do_not_run_past_a_question() {
    let (folder, path) = sound();
    let state = folder.path().join("state");
    let mut walk = Terminal::start_in(&state, &["walk", &path, "start"], (100, 30));
    // What the step is about is there, so that the walk can go on.
    walk.until_text("SocketIO.init_app");
    let mut notes = Terminal::start_in(&state, &["notes"], (80, 24));
    notes.until_text("1. The app starts");
    notes.until_text("next: The first request");
    // It leads.
    notes.press(" ");
    walk.until_text("Which status?");
    let notes_of_it = ["2. The first request", "Let them vote.", "(open)", "→ 200"];
    notes.until("its notes", |screen| notes_of_it.iter().all(|text| screen.contents().contains(text)));
    // Not past the question: the audience still sees it.
    notes.press(" ");
    notes.until_text("a question is open");
    let text = walk.until_text("Which status?");
    assert!(!text.contains("After it.") && !text.contains("Let them vote."), "{text}");
    notes.press("r");
    walk.until_text("After it.");
    notes.until_text("(answered)");
    // Nor past a walk that is held.
    notes.press("p");
    walk.until_text("⏸");
    notes.until_text("held");
    notes.press(" ");
    notes.until_text("the walk is held");
    notes.press("p");
    walk.until("a walk that goes on", |screen| !screen.contents().contains('⏸'));
    // It follows.
    walk.press(" ");
    notes.until_text("3. Two handlers");
    walk.press("Q");
    assert_eq!(walk.ended().0, 0);
    assert_eq!(notes.ended().0, 0);
    let notes = Terminal::start_in(&state, &["notes"], (80, 24));
    notes.until_text("no walk is going on");
    assert_eq!(notes.ended().0, 1);
}

#[test]
fn one_is_chosen_where_none_is_named() {
    let state = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start_in(state.path(), &["walk"], (100, 30));
    terminal.until_text("How Flask-SocketIO answers a message");
    // The first is the demo's.
    terminal.press("\x1b[B\r");
    terminal.until_text("begins");
    terminal.press(" ");
    terminal.until_text("1 of ");
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn it_goes_on_by_itself_and_stops_at_a_question() {
    let text =
        SOUND.replace("time  = \"20s\"", "time  = \"1s\"").replace("time  = \"30s\"", "time  = \"1s\"");
    let folder = folder(&text);
    let mut terminal = Terminal::start(&["walk", folder.path().to_str().unwrap(), "start"], (100, 30));
    terminal.until_text("1 of 9");
    terminal.press("A");
    terminal.until_text("Which status?");
    // Its time is over long before three more seconds are.
    terminal.until_text("0:04 ");
    let text = terminal.until_text("Which status?");
    assert!(text.contains("2 of 9") && !text.contains("After it."), "{text}");
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
}
