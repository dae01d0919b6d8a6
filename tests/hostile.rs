//! What a peer or a file of a stranger may try: no crash, no terminal codes, no quadratic time, nothing said twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

const HEADER: &str = r#"{"wirewalk":"transcript","version":1,"by":"\u001b[2J","started":"\u001b[31mnow","upstream":"\u009bx"}"#;

/// Opens a transcript of these lines; gives what it said on both streams.
fn opened(lines: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.wirewalk");
    fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wirewalk")).arg("open").arg(&path).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    said
}

#[test]
fn numbers_of_a_stranger_neither_overflow_nor_cost_memory() {
    let said = opened(&[HEADER, r#"{"at":0,"conn":4294967295,"type":"closed","by":"server","how":"fin"}"#]);
    assert!(said.contains("1 connection, 1 unit"), "{said}");
    let lost = r#"{"at":0,"conn":1,"type":"lost","dir":"s2c","bytes":18446744073709551615,"why":"x"}"#;
    let more = r#"{"at":1,"conn":1,"type":"received","dir":"s2c","text":"HTTP/1.1 200 OK\r\n\r\n"}"#;
    assert!(opened(&[HEADER, lost, lost, more]).contains("3 units"));
}

#[test]
fn a_header_or_an_error_writes_no_terminal_codes() {
    let newer = HEADER.replace("\"version\":1", "\"version\":9");
    for said in [opened(&[HEADER]), opened(&[&newer])] {
        assert!(said.contains("\\u{1b}"), "{said}");
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
    }
}

#[test]
fn nobody_reading_standard_error_is_no_failure() {
    let transcript = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/v1.wirewalk");
    let mut child = Command::new(env!("CARGO_BIN_EXE_wirewalk"))
        .args(["open", transcript])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
