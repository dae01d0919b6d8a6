//! `wirewalk check`, `lock` and `new`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{said, wirewalk};
use super::kit::{SHIPPED, SOUND, folder, shipped};
use super::peers;

/// What is installed here is another test's matter.
const NOTHING_INSTALLED: &[&str] = &["--python", "no-such-python", "--node", "/"];

fn check(folder: &Path) -> (Option<i32>, String) {
    said(&[&["check", folder.to_str().unwrap()], NOTHING_INSTALLED].concat())
}

#[test]
fn all_that_ship_are_so() {
    for name in SHIPPED {
        let (code, told) = check(&shipped(name));
        assert!(code == Some(0) && told.contains("all is so"), "{name}: {told}");
    }
    let (code, told) = said(&[&["check"], NOTHING_INSTALLED].concat());
    // And that of the demo, which is run for it.
    assert_eq!((code, told.matches("all is so").count()), (Some(0), SHIPPED.len() + 1), "{told}");
}

#[test]
fn a_sound_one_is_so() {
    let (code, told) = check(folder(SOUND).path());
    assert!(code == Some(0) && told.contains("9 steps, all is so"), "{told}");
}

/// What is changed in the sound one: this text, to that; where the fault must be, as the first character of a text that is in it then
/// and how many characters behind; and what must be said.
type Broken = (&'static str, &'static str, &'static str, usize, &'static str);

const BROKEN: &[Broken] = &[
    (
        "format     = 1",
        "format     = 2",
        "2\ntitle",
        0,
        "this is format 2; here format 1 is read: a newer wirewalk reads it",
    ),
    ("audience ", "audiense ", "audiense", 0, "there is no key \"audiense\" here; did you mean audience?"),
    (
        "summary    = \"What a walkthrough may have, in a few steps.\"\n",
        "",
        "format  ",
        0,
        "missing field `summary`",
    ),
    ("minutes    = 4", "minutes    = 2", "2\ntranscript", 0, "which is more"),
    (
        "\"session.wirewalk\"",
        "\"lost.wirewalk\"",
        "lost.wirewalk",
        0,
        "there is no file \"lost.wirewalk\" beside this text",
    ),
    (
        "python-engineio =",
        "python-enginio =",
        "python-enginio",
        0,
        "the recording has no call of a package \"python-enginio\"; did you mean python-engineio",
    ),
    (
        ">=4.13, <5",
        ">=5",
        "python-engineio",
        0,
        "the recording has python-engineio 4.15.1, and the text is true of >=5",
    ),
    (">=4.13, <5", "new ones", "new ones", 0, "are no versions"),
    (
        "(#message)",
        "(#mesage)",
        "[to a step]",
        0,
        "there is no step \"mesage\" to link to; did you mean #message?",
    ),
    ("id    = \"first\"", "id    = \"First\"", "First\"", 0, "\"First\" is no id"),
    (
        "id    = \"handlers\"",
        "id    = \"first\"",
        "first\"\nwhen  = 'http.request.method == \"GET\" && engineio.transport == \"polling\" && !engineio.sid'\ncalls",
        0,
        "another step has the id \"first\" already",
    ),
    (
        "focus = \"engineio.transport\"",
        "focus = \"engineio.transporter\"",
        "engineio.transporter",
        0,
        "there is no field engineio.transporter; did you mean engineio.transport?",
    ),
    (
        "focus = \"websocket.masking_key\"",
        "focus = \"http.host\"",
        "http.host",
        0,
        "unit 28 has no http.host",
    ),
    (
        "focus = \"websocket.masking_key\"",
        "focus = \"websocket.opcode#1\"",
        "websocket.opcode#1",
        0,
        "there is no #1",
    ),
    (
        "pane  = \"source\"",
        "pane  = \"sorce\"",
        "sorce",
        0,
        "there is no pane \"sorce\"; there are layers, bytes, explain, calls, sequence, source; did you mean source?",
    ),
    (
        "socketio.event == \"message\" &&",
        "socketio.evnt == \"message\" &&",
        "socketio.evnt",
        0,
        "there is no field socketio.evnt; did you mean socketio.event",
    ),
    (
        "socketio.event == \"message\" &&",
        "socketio.event == \"bye\" &&",
        "socketio.event == \"bye\"",
        0,
        "no unit from unit 12 on, where step \"upgrade\" is fulfils this; none in the whole recording does",
    ),
    (
        "id    = \"message\"\nwhen  = 'socketio.event == \"message\" && dir == c2s'",
        "id    = \"message\"\nwhen  = 'unit == 2'",
        "unit == 2",
        0,
        "unit 2 does, which comes before",
    ),
    (
        "[\"flask_socketio:SocketIO.init_app\"]",
        "[\"flask_socketio:SocketIO.init_ap\"]",
        "flask_socketio:SocketIO.init_ap\"",
        0,
        "the recording has no call of flask_socketio:SocketIO.init_ap; did you mean flask_socketio:SocketIO.init_app",
    ),
    (
        "[\"flask_socketio:SocketIO.init_app\"]",
        "[\"app:handle_message\"]",
        "app:handle_message",
        0,
        "app:handle_message was called, but not for the start",
    ),
    (
        "[[\"socketio.server:Server.handle_request\"], [\"no.such:name\", \"engineio.server:Server.handle_request\"]]",
        "[[\"engineio.server:Server.handle_request\"], [\"socketio.server:Server.handle_request\"]]",
        "socketio.server:Server.handle_request\"]]",
        0,
        "was called for unit 2, but not behind the one that is named before it",
    ),
    (
        "choices = [\"101\", \"200\"]",
        "choices = [\"101\", \"404\"]",
        "Which status?",
        0,
        "the answer is \"200\"",
    ),
    (
        "choices = [\"text\", \"binary\"]",
        "choices = [\"text\"]",
        "Which opcode?",
        0,
        "a question has two to eight choices, or none",
    ),
    (
        "field = \"http.response.code\"",
        "field = \"websocket.fin\"",
        "websocket.fin",
        0,
        "the response of this step has no websocket.fin, so the question has no answer",
    ),
    (
        "of = \"response\"",
        "of = \"reply\"",
        "reply\"",
        0,
        "there is no answer of a \"reply\"; there are unit, request, response, answer",
    ),
    (
        "time  = \"1m\"",
        "time  = \"1 minute\"",
        "1 minute",
        0,
        "\"1 minute\" is no time; write 90s, 2m or 1m30s",
    ),
    (
        "any-order = \"race\"\n```\n\nIn any",
        "any-order = \"rice\"\n```\n\nIn any",
        "reply\"",
        0,
        "no step beside this one is in the group \"rice\"",
    ),
    ("<!-- notes:", "<!-- note:", "<!-- note:", 0, "a comment that begins with note:; did you mean notes:?"),
    (
        "```toml step\nid    = \"end\"\n```",
        "```toml steps\nid    = \"end\"\n```",
        "## The end",
        0,
        "this step has no block ```toml step below its heading",
    ),
    ("id    = \"end\"\n", "id    = \"end\"\nnext  = true\n", "end\"", 0, "this one has no when"),
    ("id    = \"end\"\n", "id    = \"end\"\nnote  = 1\n", "note ", 0, "there is no key \"note\" here"),
    ("minutes    = 4\n", "minutes    = four\n", "four", 0, ""),
];

/// The line and the column, from 1, of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap();
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[test]
fn a_broken_one_is_pointed_at_where_it_is_broken() {
    for (from, to, at, behind, expected) in BROKEN {
        assert!(SOUND.contains(from), "{from}");
        let text = SOUND.replacen(from, to, 1);
        let folder = folder(&text);
        let (code, told) = check(folder.path());
        let (line, column) = place(&text, text.find(at).unwrap_or_else(|| panic!("{at}")) + behind);
        let file = folder.path().join("walkthrough.md");
        let begin = format!("{}:{line}:{column}: ", file.display());
        let fault = told.lines().find(|told| told.starts_with(&begin));
        assert!(
            code == Some(1) && fault.is_some_and(|fault| fault.contains(expected)),
            "{to}: {begin}{expected}\n{told}"
        );
        assert!(!told.contains("panicked"), "{told}");
    }
}

#[test]
fn what_is_no_walkthrough_is_said() {
    let empty = tempfile::tempdir().unwrap();
    let (code, told) = check(empty.path());
    assert!(
        code == Some(1)
            && told.contains("no such folder with a walkthrough.md")
            && told.contains("flask-socketio"),
        "{told}"
    );
    let folder = folder("no block");
    let (_, told) = check(folder.path());
    assert!(told.contains("walkthrough.md:1:1: there is no block ```toml walkthrough"), "{told}");
    fs::write(folder.path().join("walkthrough.md"), SOUND).unwrap();
    fs::write(folder.path().join("lock.json"), "{}").unwrap();
    let (code, told) = check(folder.path());
    assert!(code == Some(1) && told.contains("lock.json:1:1: this is no lock file"), "{told}");
    fs::remove_file(folder.path().join("lock.json")).unwrap();
    let (code, told) = check(folder.path());
    assert!(
        code == Some(1) && told.contains("there is no lock.json; write it with: wirewalk lock"),
        "{told}"
    );
    fs::write(folder.path().join("session.wirewalk"), "nonsense\n").unwrap();
    let (code, told) = check(folder.path());
    assert!(code == Some(1) && told.contains("session.wirewalk"), "{told}");
}

#[test]
fn a_draft_can_be_locked_and_is_so() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("my-walk");
    let transcript = super::kit::repository("tests/formats/v1-calls.wirewalk");
    let (made, transcript) = (made.to_str().unwrap(), transcript.to_str().unwrap());
    let (code, told) = said(&["new", made, transcript]);
    assert!(code == Some(0) && told.contains("drafted"), "{told}");
    let (code, told) = said(&[&["lock", made], NOTHING_INSTALLED].concat());
    assert!(code == Some(0), "{told}");
    let (code, told) = said(&[&["check", made], NOTHING_INSTALLED].concat());
    assert!(code == Some(0) && told.contains("all is so"), "{told}");
    let text = fs::read_to_string(folder.path().join("my-walk/walkthrough.md")).unwrap();
    assert!(text.contains("title      = \"My walk\"") && text.contains("app:handle_message"), "{text}");
    // It is not written over.
    let (code, told) = said(&["new", made, transcript]);
    assert!(code == Some(1) && told.contains("is there already"), "{told}");
}

/// A folder in which Python finds this release of python-engineio, and nothing else.
fn engineio(version: &str) -> Option<String> {
    let peers = peers::installed()?;
    let folder = peers.folder.with_file_name(format!("peers-engineio-{version}"));
    let python = folder.join("bin/python");
    if !folder.join("installed").exists() {
        let venv = ["-m", "venv", "--clear"];
        peers::run(Command::new("python3").args(venv).arg(&folder)).unwrap();
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
        peers::run(Command::new(&python).args(pip).arg(format!("python-engineio=={version}"))).unwrap();
        fs::write(folder.join("installed"), "").unwrap();
    }
    Some(python.to_str().unwrap().to_owned())
}

#[test]
fn another_version_of_a_package_is_compared() {
    let flask = shipped("flask-socketio");
    let check = |python: &str| said(&["check", flask.to_str().unwrap(), "--python", python]);
    let Some(python) = engineio("4.13.0") else { return };
    let (code, told) = check(&python);
    assert_eq!(code, Some(0), "{told}");
    for expected in [
        "engineio.server:Server.handle_request: body changed: python-engineio 4.15.1 engineio/server.py:188 → python-engineio 4.13.0 engineio/server.py:187",
        "engineio.socket:Socket._upgrade_websocket: moved: python-engineio 4.15.1 engineio/socket.py:144 → python-engineio 4.13.0 engineio/socket.py:142",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    // Older than what the text is true of: some functions were in other classes, and one is called by its other name.
    let Some(python) = engineio("4.7.0") else { return };
    let (code, told) = check(&python);
    assert_eq!(code, Some(1), "{told}");
    for expected in [
        "python-engineio 4.7.0 is installed here, and the text is true of >=4.13, <5",
        "engineio.base_server:BaseServer.generate_id: missing: python-engineio 4.15.1 engineio/base_server.py:199 → python-engineio 4.7.0 has functions of this name elsewhere: engineio.server:Server.generate_id (engineio/server.py:",
        "engineio.socket:Socket._send_ping: missing",
        "moved",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    let as_fault = told.lines().find(|line| line.contains("SimpleWebSocketWSGI.__call__: missing")).unwrap();
    assert!(as_fault.starts_with("wirewalk: "), "an alternative is there: {as_fault}");
}

/// A folder in which Node.js finds this release of socket.io, and what it needs.
fn socketio(version: &str) -> Option<PathBuf> {
    let peers = peers::installed()?;
    let folder = peers.folder.with_file_name(format!("peers-socketio-{version}"));
    if !folder.join("installed").exists() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("package.json"), r#"{"private":true}"#).unwrap();
        let npm = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
        let package = format!("socket.io@{version}");
        peers::run(Command::new("npm").args(npm).arg(package).current_dir(&folder)).unwrap();
        fs::write(folder.join("installed"), "").unwrap();
    }
    Some(folder)
}

#[test]
fn packages_of_node_are_compared() {
    let events = shipped("socketio-events");
    let check =
        |folder: &Path| said(&["check", events.to_str().unwrap(), "--node", folder.to_str().unwrap()]);
    let Some(peers) = peers::installed() else { return };
    let (code, told) = check(&peers.folder);
    assert!(code == Some(0) && told.contains("functions as installed here: 9 ok\n"), "{told}");
    let (_, told) = check(Path::new("/no/such/folder"));
    assert!(told.contains("is not compared: /no/such/folder is no folder"), "{told}");
    // It has the parser's functions in another file.
    let Some(older) = socketio("4.5.0") else { return };
    let (code, told) = check(&older);
    assert_eq!(code, Some(1), "{told}");
    for expected in [
        "socket.io/dist/client:Client.ondecoded: body changed: socket.io 4.8.4 dist/client.js:204 → socket.io 4.5.0 dist/client.js:194",
        "socket.io/dist/client:Client.connect: moved: socket.io 4.8.4 dist/client.js:76 → socket.io 4.5.0 dist/client.js:66",
        "has functions of this name elsewhere: socket.io-parser/dist/index:Decoder.add (dist/index.js:",
        "functions as installed here: 1 body changed, 2 missing, 6 moved",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
}

#[test]
fn help_says_what_each_is_for() {
    for (command, expected) in [
        ("walk", "--live"),
        ("notes", "second"),
        ("check", "--python"),
        ("lock", "lock file"),
        ("new", "Draft"),
    ] {
        let output = wirewalk(&[command, "--help"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && (text.contains(expected) || command == "notes"),
            "{command}: {text}"
        );
    }
}
