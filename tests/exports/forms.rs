//! `wirewalk export`, in every form, from the command line and from the screen.

use std::fs;

use serde_json::Value;

use super::command::{printed, said};
use super::kit::{DEMO, repository, transcript};
use super::terminal::Terminal;

#[test]
fn every_recording_is_exported_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["flask-socketio", "when-it-fails", "socketio-events", "websocket-from-scratch"];
    let walks = names.map(|name| repository(&format!("walkthroughs/{name}/session.wirewalk")));
    let formats = ["v1.wirewalk", "v1.wirewalk.zst", "v1-calls.wirewalk"]
        .map(|name| repository(&format!("tests/formats/{name}")));
    for file in walks.iter().chain(&formats) {
        for form in ["md", "html", "svg", "har", "pcapng", "json"] {
            let out = folder.path().join(format!("out.{form}"));
            let (code, told) = said(&["export", file, "--out", out.to_str().unwrap()]);
            assert_eq!(code, Some(0), "{file} as {form}: {told}");
            assert!(told.contains("left out") || told.contains("no secrets were found"), "{told}");
            assert!(fs::metadata(&out).unwrap().len() > 500, "{file} as {form}");
        }
    }
}

#[test]
fn the_report_has_a_diagram_and_then_each_unit_with_its_layers() {
    let text = String::from_utf8(printed(&["export", DEMO.to_str().unwrap(), "--to", "md"])).unwrap();
    let diagram = text.split("```mermaid\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(
        diagram.starts_with("sequenceDiagram\n    participant C as client\n    participant S as server\n")
    );
    let arrows = diagram.lines().filter(|line| line.contains("C->>S: ") || line.contains("S-->>C: ")).count();
    let units = printed(&["open", DEMO.to_str().unwrap(), "--print", "json"]);
    let units = String::from_utf8(units).unwrap().lines().count();
    assert_eq!(arrows, units);
    let is_heading = |line: &&str| line.starts_with("## ") && line.contains(". ");
    assert_eq!(text.lines().filter(is_heading).count(), units);
    for part in ["event \"join\"", "- WebSocket: ", "  - Masking key: ", "- Socket.IO: ", "47 45 54 20"] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn what_stands_in_a_diagram_is_none_of_its_language() {
    let folder = tempfile::tempdir().unwrap();
    let path = transcript(folder.path(), &["end", "a;b #35; %% <b> `x` \"q\" \\n", "```\n# not a heading"]);
    let text = String::from_utf8(printed(&["export", &path, "--to", "md"])).unwrap();
    let diagram = text.split("```mermaid\n").nth(1).unwrap().split("```\n").next().unwrap();
    assert_eq!(diagram.lines().count(), 3 + 5, "{diagram}");
    assert!(diagram.contains("a#59;b #35;35#59;"), "{diagram}");
    assert!(!text.contains("\n# not a heading"), "{text}");
}

#[test]
fn only_what_is_asked_for_is_exported() {
    let demo = DEMO.to_str().unwrap();
    let lines = |arguments: &[&str]| {
        let printed = printed(&[&["export", demo, "--to", "json"], arguments].concat());
        let lines: Vec<Value> = String::from_utf8(printed)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines
    };
    let joined = lines(&["--filter", "socketio.event == \"join\""]);
    assert_eq!(joined.len(), 1);
    let some: Vec<u64> =
        lines(&["--units", "3-5,9"]).iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert_eq!(some, [3, 4, 5, 9]);
    let svg = String::from_utf8(printed(&[
        "export",
        demo,
        "--to",
        "svg",
        "--units",
        "2-4",
        "--title",
        "<One> & two",
    ]))
    .unwrap();
    assert_eq!(svg.matches("Z\" fill=").count(), 3, "an arrow each");
    assert!(svg.contains("&lt;One&gt; &amp; two") && !svg.contains("<One>"));
}

#[test]
fn what_cannot_be_exported_is_said() {
    let demo = DEMO.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let har = folder.path().join("x.har");
    assert_eq!(said(&["export", demo, "--out", har.to_str().unwrap()]).0, Some(0));
    for (arguments, code, expected) in [
        (&["export", demo][..], 2, "say as what"),
        (&["export", demo, "--to", "gif"], 2, "invalid value"),
        (&["export", demo, "--to", "md", "--units", "9-3"], 2, "expected numbers from 1"),
        (&["export", demo, "--to", "md", "--filter", "conn == 99"], 1, "no unit is such"),
        (&["export", "demo", "--to", "svg"], 2, "exported as html or md"),
        (&["export", "no-such", "--to", "md"], 1, "there is no walkthrough"),
        (&["export", har.to_str().unwrap(), "--to", "pcapng"], 1, "no packets"),
        (&["export", demo, "--out", "/nowhere/x.md"], 1, "cannot write /nowhere/x.md"),
        (&["export", har.to_str().unwrap(), "--out", har.to_str().unwrap()], 1, "name another file"),
        (&["report", har.to_str().unwrap(), "--out", har.to_str().unwrap()], 1, "name another file"),
    ] {
        let (ended, told) = said(arguments);
        assert_eq!(ended, Some(code), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}

#[test]
fn a_capture_file_is_not_written_to_a_terminal() {
    let terminal =
        Terminal::start(&["export", &repository("tests/formats/v1.wirewalk"), "--to", "pcapng"], (120, 36));
    terminal.until_text("with --out");
    assert_eq!(terminal.ended().0, 2);
}

#[test]
fn what_is_shown_on_the_screen_is_exported_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&["open", &repository("tests/formats/v1.wirewalk")], (120, 36));
    terminal.until_text("END");
    let file = |name: &str| folder.path().join(name);
    terminal.press("X");
    terminal.until_text("export (all, marked, this; else what is shown) into: session.html");
    terminal.press(&format!("\x15{}\r", file("a.gif").display()));
    terminal.until_text("the name's ending says as what");
    terminal.press(&format!("\x15{}\r", file("all.json").display()));
    terminal.until_text("exported 76 units to");
    terminal.press("fsocketio.event == \"message\"\r");
    terminal.until_text("/5 ");
    terminal.press(&format!(":export {}\r", file("some.json").display()));
    terminal.until_text("exported 5 units to");
    terminal.press(&format!(":export this {}\r", file("one.svg").display()));
    terminal.until_text("exported 1 unit to");
    terminal.press("Q");
    assert_eq!(terminal.ended().0, 0);
    let lines = |name: &str| fs::read_to_string(file(name)).unwrap().lines().count();
    assert_eq!((lines("all.json"), lines("some.json")), (76, 5));
}

#[test]
fn notes_are_comments_of_packets() {
    let folder = tempfile::tempdir().unwrap();
    let path = transcript(folder.path(), &["hello"]);
    let note = r#"{"at":9,"conn":1,"type":"note","unit":3,"marked":true,"text":"here it is"}"#;
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{note}\n")).unwrap();
    let capture = printed(&["export", &path, "--to", "pcapng"]);
    assert!(String::from_utf8_lossy(&capture).contains("unit 3: here it is"));
    let report = String::from_utf8(printed(&["export", &path, "--to", "md"])).unwrap();
    assert!(report.contains("**★** here it is"), "{report}");
}
