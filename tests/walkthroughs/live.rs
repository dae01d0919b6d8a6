//! The walk through Flask-SocketIO on live traffic: the real server, a real browser, and someone who does what the steps say.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use portable_pty::CommandBuilder;

use super::browser::{self, Browser};
use super::kit::shipped;
use super::peers::Peers;
use super::process::{Output, Process};
use super::terminal::Terminal;

/// Serves the client's script, as a CDN would; its address.
fn cdn(peers: &Peers) -> (Process, String) {
    let mut command = Command::new("python3");
    command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]);
    command.arg(peers.folder.join("node_modules/socket.io-client/dist"));
    let mut process = Process::start("a server of files", &mut command);
    let port: u16 =
        process.wait_for(Output::Out, |line| line.split(" port ").nth(1)?.split(' ').next()?.parse().ok());
    (process, format!("http://127.0.0.1:{port}/socket.io.min.js"))
}

/// What a step says is to be done, done.
fn do_it(browser: &mut Browser, todo: &str, port: u16) {
    if todo.contains("Open the app") {
        browser.tell(&format!("open http://127.0.0.1:{port}/"));
    } else if todo.contains("Type something") {
        browser.tell("fill #text hello");
        browser.tell("press #text Enter");
    } else if todo.contains("Press Disconnect") {
        browser.tell("click #leave");
    } else {
        assert!(todo.contains("Wait"), "{todo}");
    }
}

/// A step.
struct Step {
    /// Its number, from 1.
    number: usize,
    heading: String,
    /// What it says is to be done.
    todo: Option<String>,
    has_question: bool,
}

fn steps() -> Vec<Step> {
    let text = fs::read_to_string(shipped("flask-socketio").join("walkthrough.md")).unwrap();
    let step = |(number, step): (usize, &str)| Step {
        number,
        heading: step.lines().next().unwrap().to_owned(),
        todo: step
            .lines()
            .find_map(|line| line.strip_prefix("do    = \""))
            .map(|todo| todo.trim_end_matches('"').to_owned()),
        has_question: step.contains("\nask "),
    };
    (1..).zip(text.split("\n## ").skip(1)).map(step).collect()
}

fn walk(peers: &Peers, chromium: &str) {
    let (_cdn, script) = cdn(peers);
    let folder = tempfile::tempdir().unwrap();
    for file in ["app.py", "index.html"] {
        fs::copy(shipped("flask-socketio").join(file), folder.path().join(file)).unwrap();
    }
    // Free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wirewalk"));
    command.args(["run", "--log", "log", "--walk", "flask-socketio", "--"]);
    command.arg(peers.folder.join("venv/bin/python"));
    command.arg("app.py");
    command.cwd(folder.path());
    command.env("PORT", port.to_string());
    command.env("SOCKETIO_CLIENT", script);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut terminal = Terminal::run(command, (120, 36));
    terminal.until_text("begins");
    let mut browser = Browser::start(peers, chromium);
    let steps = steps();
    for Step { number, heading, todo, has_question } in &steps {
        terminal.press(" ");
        let place = format!("{number} of {}", steps.len());
        terminal.until(&format!("step {place}, {heading}"), |screen| screen.contents().contains(&place));
        if let Some(todo) = todo {
            // It happens by itself, or by what the step says.
            let is_awaited =
                terminal.until(&place, |screen| screen.contents().contains(&place)).contains("not happened");
            if is_awaited {
                do_it(&mut browser, todo, port);
            }
        }
        terminal.until(&format!("what step {place}, {heading}, is about"), |screen| {
            let text = screen.contents();
            text.contains(&place) && !text.contains("not happened") && !text.contains("never came here")
        });
        if *has_question {
            terminal.until_text("shows the answer");
            terminal.press("r");
            terminal.until("the answer", |screen| !screen.contents().contains("shows the answer"));
        }
    }
    terminal.press("Q");
    // What was seen is not recorded.
    terminal.until_text("End wirewalk?");
    terminal.press("y");
    terminal.ended();
}

#[test]
fn the_walk_through_flask_socketio_is_walked_live() {
    let Some((peers, chromium)) = browser::installed() else { return };
    let times = std::env::var("WIREWALK_WALKS").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    for _ in 0..times {
        walk(peers, &chromium);
    }
}
