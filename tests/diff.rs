//! `wirewalk diff` as a user meets it: recordings of the same thing are the same, and where one fails it says at what.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

#[allow(dead_code, reason = "what it prints is wanted with its exit code")]
#[path = "support/command.rs"]
mod command;

use command::wirewalk;

const TRANSCRIPTS: [&str; 6] = [
    "tests/formats/v1.wirewalk",
    "tests/formats/v1-calls.wirewalk",
    "walkthroughs/flask-socketio/session.wirewalk",
    "walkthroughs/socketio-events/session.wirewalk",
    "walkthroughs/websocket-from-scratch/session.wirewalk",
    WHEN_IT_FAILS,
];

/// Its connection #1 is upgraded; on #4, whose request came through something that removed what asks for the upgrade, the
/// server refuses.
const WHEN_IT_FAILS: &str = "walkthroughs/when-it-fails/session.wirewalk";

/// What it prints, and its exit code.
fn diff(a: &Path, b: &Path, more: &[&str]) -> (String, Option<i32>) {
    let files = ["diff", a.to_str().unwrap(), b.to_str().unwrap()];
    let output = wirewalk(&[&files, more].concat());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

/// A transcript with the records of one connection of another.
fn only(conn: u64, file: &str, folder: &Path) -> PathBuf {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let is_wanted = |line: &&str| {
        let record: Value = serde_json::from_str(line).unwrap();
        record.get("wirewalk").is_some() || record["conn"] == conn
    };
    let lines: String = text.lines().filter(is_wanted).map(|line| format!("{line}\n")).collect();
    let path = folder.join(format!("{conn}.wirewalk"));
    fs::write(&path, lines).unwrap();
    path
}

/// Without the first lines, which name the files.
fn body(text: &str) -> String {
    text.lines().skip(2).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_session_does_not_differ_from_itself() {
    for file in TRANSCRIPTS {
        let (text, code) = diff(Path::new(file), Path::new(file), &["--exit-code"]);
        assert!(text.contains("\nNo difference: "), "{file}: {text}");
        assert_eq!(code, Some(0));
        let (all, _) = diff(Path::new(file), Path::new(file), &["--all"]);
        assert!(all.lines().all(|line| !line.starts_with(['-', '+', '~'])), "{file}: {all}");
    }
}

#[test]
fn what_is_recorded_twice_does_not_differ() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a", "b"].map(|name| folder.path().join(name));
    let demos = files.each_ref().map(|file| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirewalk"));
        command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.args(["demo", "--record", file.to_str().unwrap()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    });
    for mut demo in demos {
        assert!(demo.wait().unwrap().success());
    }
    let (text, code) = diff(&files[0], &files[1], &["--exit-code"]);
    assert_eq!((body(&text).as_str(), code), ("\nNo difference: 54 units the same\n", Some(0)));
}

#[test]
fn a_refused_upgrade_is_said_with_its_reason_and_what_is_missing_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (works, fails) = (only(1, WHEN_IT_FAILS, folder.path()), only(4, WHEN_IT_FAILS, folder.path()));
    let (text, code) = diff(&works, &fails, &[]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(body(&text));
    assert_eq!(diff(&works, &fails, &["--exit-code"]).1, Some(1));
    let (text, _) =
        diff(&works, &fails, &["--ignore", "http", "--ignore", "finding", "--ignore", "engineio.error"]);
    assert!(!text.contains("http."), "{text}");
}

#[test]
fn secrets_are_hidden_unless_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = "tests/formats/v1.wirewalk";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let changed = folder.path().join("changed");
    let request = "user-agent: wirewalk-demo/0.1.0\\r\\n";
    fs::write(
        &changed,
        text.replacen(request, &format!("{request}authorization: Bearer tr0ub4dor\\r\\n"), 1),
    )
    .unwrap();
    let (hidden, _) = diff(Path::new(file), &changed, &[]);
    assert!(hidden.contains("http.authorization: — | ••••••••") && !hidden.contains("tr0ub4dor"), "{hidden}");
    let (shown, _) = diff(Path::new(file), &changed, &["--keep-secrets"]);
    assert!(shown.contains("http.authorization: — | Bearer tr0ub4dor"), "{shown}");
}

#[test]
fn colour_is_used_where_it_is_asked_for() {
    let files = [Path::new(TRANSCRIPTS[3]), Path::new(TRANSCRIPTS[2])];
    assert!(!diff(files[0], files[1], &[]).0.contains('\x1b'));
    assert!(diff(files[0], files[1], &["--color", "always"]).0.contains('\x1b'));
}

#[test]
fn a_filter_says_what_is_compared() {
    let [a, b] = [TRANSCRIPTS[3], TRANSCRIPTS[2]].map(Path::new);
    let (text, _) = diff(a, b, &["--filter", "socketio.event == \"upload\""]);
    assert!(text.contains("\n2 units only in A, 0 only in B, 0 changed, 0 the same"), "{text}");
}

#[test]
fn mistakes_are_said_in_a_sentence() {
    let file = TRANSCRIPTS[0];
    for (arguments, code, part) in [
        (&["diff", file][..], 2, "<B>"),
        (&["diff", file, file, "--ignore", "http.dat"], 2, "no field is called so"),
        (&["diff", file, "not-there.wirewalk"], 1, "not-there.wirewalk"),
        (&["diff", file, "Cargo.toml"], 1, "Cargo.toml"),
    ] {
        let output = wirewalk(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(part), "{said}");
    }
}
