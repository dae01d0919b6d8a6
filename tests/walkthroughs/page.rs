//! The page and the handout of a walk.

use std::fs;

use super::browser::{self, Browser};
use super::command::{said, wirewalk};
use super::kit::{SHIPPED, SOUND, folder, shipped};

/// The headings of a walkthrough's steps as they are read, and whether each has a question.
fn steps(name: &str) -> Vec<(String, bool)> {
    let text = fs::read_to_string(shipped(name).join("walkthrough.md")).unwrap();
    let steps = text.split("\n## ").skip(1);
    steps.map(|step| (step.lines().next().unwrap().replace('`', ""), step.contains("\nask "))).collect()
}

#[test]
fn the_page_is_stepped_through_with_the_keys_on_a_screen_and_on_a_phone() {
    let Some((peers, chromium)) = browser::installed() else { return };
    let made = tempfile::tempdir().unwrap();
    let file = made.path().join("walk.html");
    let path = file.to_str().unwrap();
    let (code, told) = said(&["export", "flask-socketio", "--to", "html", "--out", path]);
    assert!(code == Some(0) && told.contains("exported the walk to"), "{told}");
    assert!(fs::metadata(&file).unwrap().len() < 1_000_000);
    for size in ["1440 900", "390 844"] {
        let mut browser = Browser::start(peers, &chromium);
        browser.tell(&format!("size {size}"));
        browser.tell(&format!("open file://{path}"));
        let heading =
            |browser: &mut Browser| browser.tell("evaluate document.querySelector('h1').textContent");
        assert_eq!(heading(&mut browser), "How Flask-SocketIO answers a message");
        for (number, (expected, has_question)) in (1..).zip(steps("flask-socketio")) {
            browser.tell("keys ArrowRight");
            assert_eq!(heading(&mut browser), *expected, "step {number} at {size}");
            let of = browser.tell("evaluate document.querySelector('.count').textContent");
            assert_eq!(of, format!("Step {number} of 31"));
            if has_question {
                // What comes after it is not there, and the next step is not reached past it.
                let veiled = browser.tell("evaluate document.querySelectorAll('.veil').length");
                assert!(veiled.as_u64() > Some(0), "step {number} at {size}");
                browser.tell("keys ArrowRight");
                assert_eq!(heading(&mut browser), *expected, "past the question of step {number} at {size}");
                browser.tell("keys r");
                let verdict = browser.tell("evaluate document.querySelectorAll('.verdict').length");
                assert_eq!(verdict, 1, "step {number} at {size}");
            }
            let too_wide = browser.tell("evaluate document.documentElement.scrollWidth - innerWidth");
            assert!(too_wide.as_i64() <= Some(0), "step {number} is too wide at {size}: {too_wide}");
        }
        // Exactly back; to a step by its id; and the licence cards at the end.
        browser.tell("keys ArrowLeft");
        assert_eq!(heading(&mut browser), "The WebSocket closes");
        browser.tell("evaluate location.hash = '#accept-key'");
        browser.tell("wait document.querySelector('h1').textContent === 'The accept key'");
        browser.tell("keys End");
        let cards = browser.tell("evaluate document.body.textContent.includes('python-engineio 4.15.1')");
        assert_eq!(cards, true);
        assert_eq!(browser.tell("problems"), serde_json::json!([]));
    }
}

#[test]
fn what_a_text_or_a_peer_says_is_no_html() {
    let Some((peers, chromium)) = browser::installed() else { return };
    let hostile = "<img src=x onerror=\"window.bad=1\"><script>window.bad=1</script></script><script>window.bad=1</script> [a](javascript:window.bad=1)";
    let text = SOUND
        .replace("Masked.", hostile)
        .replace("A sound walk", "A </title><script>window.bad=1</script> walk");
    let folder = folder(&text);
    let file = folder.path().join("walk.html");
    let (code, told) =
        said(&["export", folder.path().to_str().unwrap(), "--to", "html", "--out", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
    let mut browser = Browser::start(peers, &chromium);
    browser.tell(&format!("open file://{}#message", file.display()));
    browser.tell("keys r");
    browser.tell("wait document.body.textContent.includes('onerror')");
    // A link that leads nowhere of the web is none.
    assert_eq!(browser.tell("evaluate document.querySelectorAll('.text a').length"), 0);
    assert_eq!(browser.tell("evaluate String(window.bad)"), "undefined");
    assert_eq!(browser.tell("evaluate document.querySelectorAll('img').length"), 0);
}

#[test]
fn a_handout_is_not_written_over_its_own_walkthrough() {
    let folder = folder(SOUND);
    let text = folder.path().join("walkthrough.md");
    let (code, told) = said(&["export", folder.path().to_str().unwrap(), "--out", text.to_str().unwrap()]);
    assert!(code == Some(1) && told.contains("name another file"), "{told}");
    assert_eq!(std::fs::read_to_string(&text).unwrap(), SOUND);
}

#[test]
fn the_handout_has_every_step_and_the_answers_at_the_end() {
    for name in SHIPPED {
        let output = wirewalk(&["export", name, "--to", "md"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        let mut rest = text.as_str();
        for (number, (heading, _)) in (1..).zip(steps(name)) {
            let heading = format!("## {number}. {}", heading.chars().take(12).collect::<String>());
            let at = rest.find(&heading).unwrap_or_else(|| panic!("{name}: {heading}"));
            rest = rest.get(at..).unwrap();
        }
        assert!(!text.contains("never came here"), "{name}");
        assert!(!text.contains("notes:"), "{name}: what is for the speaker is not handed out");
    }
    let text = String::from_utf8(wirewalk(&["export", "flask-socketio", "--to", "md"]).stdout).unwrap();
    assert!(text.contains("## Answers\n\n- 6. Which status will the server answer with? **200**"), "{text}");
    assert!(text.contains("blob/v4.15.1/src/engineio/server.py#L188"), "{text}");
}
