//! The command line as a user meets it: exit codes, and one clear sentence for each mistake.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

#[allow(dead_code, reason = "all that it says is wanted at once here")]
#[path = "support/command.rs"]
mod command;

use command::wirewalk;

/// Runs it, and checks its exit code and that its standard error says all of `parts`.
fn check(arguments: &[&str], code: i32, parts: &[&str]) {
    let output = wirewalk(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{arguments:?} does not say {part:?}: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    check(&[], 2, &["Usage: wirewalk", "proxy", "demo", "open"]);
    check(&["proxy"], 2, &["<UPSTREAM>"]);
    check(&["prxy"], 2, &["proxy"]);
    check(&["proxy", "http://127.0.0.1:1", "--lisen", "x"], 2, &["--listen"]);
    check(&["proxy", "ftp://example.org"], 2, &["ftp"]);
    check(&["proxy", "http://example.org:99999"], 2, &["port"]);
    check(&["proxy", "http://example.org/app"], 2, &["path"]);
    check(&["proxy", "http://127.0.0.1:1", "--listen", "foo"], 2, &["--listen", "127.0.0.1:8080"]);
    check(&["proxy", "http://127.0.0.1:1", "--listen", "127.0.0.1:80x"], 2, &["--listen"]);
    check(&["proxy", "http://127.0.0.1:1", "--ca", "x.pem"], 2, &["--ca", "https://"]);
    check(&["proxy", "http://127.0.0.1:1", "--print", "all"], 2, &["summary", "layers", "bytes", "json"]);
    check(&["open", "x", "--max-message", "lots"], 2, &["64k"]);
    let mistake = "did you mean websocket.opcode?\n  websocket.opcod == 1\n  ^^^^^^^^^^^^^^^\n";
    for command in [&["open", "x"][..], &["proxy", ":1"], &["demo"]] {
        check(&[command, &["--filter", "websocket.opcod == 1"]].concat(), 2, &["--filter", mistake]);
    }
}

#[test]
fn only_what_a_filter_lets_through_is_printed() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/v1.wirewalk");
    let units = |more: &[&str]| {
        let output = wirewalk(&[&["open", fixture, "--print", "json"], more].concat());
        let lines = String::from_utf8(output.stdout).unwrap();
        let units = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        units.map(|unit| (unit["id"].as_u64(), unit["kind"] == "frame")).collect::<Vec<_>>()
    };
    let all = units(&[]);
    let frames: Vec<_> = all.iter().copied().filter(|(_, is_frame)| *is_frame).collect();
    assert!(!frames.is_empty() && frames.len() < all.len());
    assert_eq!(units(&["--filter", "kind == frame"]), frames);
    // The last way to print follows a session that grows.
    assert_eq!(units(&["--filter", "kind == frame", "--speed", "1000"]), frames);
}

#[test]
#[cfg(unix)]
fn a_wrong_configuration_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let config = |text: Option<&str>, arguments: &[&str]| {
        let file = folder.path().join("wirewalk/config.toml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        text.into_iter().for_each(|text| std::fs::write(&file, text).unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirewalk"));
        let command = command.env("XDG_CONFIG_HOME", folder.path()).arg("config").args(arguments);
        let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), file)
    };
    let (code, printed, _, file) = config(None, &[]);
    assert_eq!((code, printed.contains("theme = \"dark\"")), (Some(0), true));
    let (code, again, ..) = config(Some(&printed), &[]);
    assert_eq!((code, again), (Some(0), printed));
    let (_, path, ..) = config(None, &["--path"]);
    assert_eq!(path.trim_end(), file.to_str().unwrap());
    let (code, printed, said, _) = config(Some("# mine\nteme = 'dark'\n"), &[]);
    assert_eq!((code, printed.as_str()), (Some(2), ""));
    assert!(said.contains("config.toml:2:1: ") && said.contains("did you mean \"theme\"?"), "{said}");
    check(&["demo", "--theme", "drak"], 2, &["did you mean \"dark\"?"]);
}

#[test]
fn what_fails_is_exit_code_1() {
    check(&["open", "/nowhere/at.all"], 1, &["wirewalk: cannot read /nowhere/at.all"]);
    check(&["open", env!("CARGO_MANIFEST_DIR")], 1, &["wirewalk: "]);
    check(
        &["open", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")],
        1,
        &["is not a wirewalk transcript"],
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    check(&["proxy", "http://127.0.0.1:1", "--listen", &address], 1, &[&address, "--listen"]);
    check(&["proxy", "https://127.0.0.1:1", "--listen", ":0", "--ca", "/nowhere.pem"], 1, &["/nowhere.pem"]);
    check(&["proxy", "http://127.0.0.1:1", "--listen", ":0", "--record", "/nowhere/x"], 1, &["/nowhere/x"]);
}

#[test]
fn what_the_system_says_is_said_once() {
    // An address for documentation (RFC 5737), which no machine has.
    let output = wirewalk(&["proxy", "http://127.0.0.1:1", "--listen", "192.0.2.1:0"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("os error").count(), 1, "{said}");
}

#[test]
fn help_is_enough_to_use_it() {
    let output = wirewalk(&["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for part in ["proxy", "open", "demo", "Examples:", "--record", "Exit codes"] {
        assert!(help.contains(part), "{part}");
    }
    for command in ["proxy", "open", "demo"] {
        let output = wirewalk(&[command, "--help"]);
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("--print"));
    }
}

#[test]
fn colour_is_there_when_asked_for_and_only_then() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/v1.wirewalk");
    let plain = wirewalk(&["open", fixture]);
    assert!(plain.status.success());
    assert!(!plain.stdout.contains(&0x1b) && !plain.stdout.is_empty());
    let coloured = wirewalk(&["open", fixture, "--color", "always"]);
    assert!(coloured.stdout.contains(&0x1b));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/v1.wirewalk");
    let mut child = Command::new(env!("CARGO_BIN_EXE_wirewalk"))
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .args(["open", fixture, "--print", "bytes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_transcript_that_is_played_shows_the_same() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/v1.wirewalk");
    let at_once = wirewalk(&["open", file]);
    let played = wirewalk(&["open", file, "--speed", "1000", "--max-pause", "0"]);
    assert_eq!(String::from_utf8_lossy(&played.stdout), String::from_utf8_lossy(&at_once.stdout));
    assert_eq!(String::from_utf8_lossy(&played.stderr), String::from_utf8_lossy(&at_once.stderr));
    assert_eq!(wirewalk(&["open", file, "--speed", "0"]).status.code(), Some(2));
    assert_eq!(wirewalk(&["open", file, "--max-pause", "1"]).status.code(), Some(2));
}

/// More clients than files may be open: those that find no room wait until others leave, and nobody is dropped.
#[cfg(unix)]
#[test]
fn when_no_more_files_may_be_open_clients_wait() {
    const CLIENTS: usize = 40;
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = upstream.local_addr().unwrap();
    thread::spawn(move || {
        for client in upstream.incoming() {
            let mut client = client.unwrap();
            thread::spawn(move || io::copy(&mut client.try_clone().unwrap(), &mut client).is_ok());
        }
    });
    let mut wirewalk = Command::new("sh")
        .args(["-c", r#"ulimit -n 32 && exec "$0" proxy "http://$1" --listen :0"#])
        .args([env!("CARGO_BIN_EXE_wirewalk"), &address.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(wirewalk.stderr.take().unwrap()).lines();
    let listening = said.find_map(|line| {
        let line = line.unwrap();
        line.split_once("listening on http://").map(|(_, rest)| rest.split(',').next().unwrap().to_owned())
    });
    let listening = listening.unwrap();
    thread::spawn(move || said.count());

    let connect = |_| TcpStream::connect(&listening).unwrap();
    let clients: Vec<TcpStream> = (0..CLIENTS).map(connect).collect();
    for mut client in clients {
        client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        client.write_all(b"?").unwrap();
        let mut answer = [0];
        client.read_exact(&mut answer).unwrap();
        // Where there was room for the client but not for the server, wirewalk answers with a 502.
        assert!(answer == *b"?" || answer == *b"H", "{answer:?}");
    }
    assert_eq!(wirewalk.try_wait().unwrap(), None);
    wirewalk.kill().unwrap();
    wirewalk.wait().unwrap();
}

/// The demo needs nothing else to be installed, and shows its own calls.
#[test]
fn the_demo_shows_the_calls_of_its_server() {
    let output = wirewalk(&["demo", "--print", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let units: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let calls = |summary: &str, dir: &str| {
        let unit = units
            .iter()
            .find(|unit| unit["dir"] == dir && unit["summary"].as_str().unwrap().contains(summary));
        let calls = unit.unwrap_or_else(|| panic!("no {summary}"))["calls"].clone();
        assert_eq!(calls["certainty"], "certain", "{summary}");
        calls.to_string()
    };
    for (summary, handler) in
        [("event \"join\"", "join"), ("event \"history\"", "tell"), ("event \"rollcall\"", "roll_call")]
    {
        let said = calls(summary, "c2s");
        assert!(said.contains(&format!("\"wirewalk.demo.chat:{handler}\"")), "{summary}: {said}");
        for other in ["join", "tell", "roll_call", "show"].iter().filter(|other| **other != handler) {
            assert!(!said.contains(&format!("\"wirewalk.demo.chat:{other}\"")), "{summary}: {said}");
        }
    }
    assert!(calls("event \"joined\"", "s2c").contains("Watched.poll_write"));
    assert!(calls("transport=polling", "c2s").contains("wirewalk.demo.server:connection"));
}
