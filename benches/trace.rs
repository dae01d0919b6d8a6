//! What tracing costs the server: CPU time a message and a request, beside the same server untraced.
//!
//! The peers are those of the tests: `cargo test --test calls` installs them, with `WIREWALK_INTERPRETERS=all` for the other
//! interpreters. Run with: `cargo bench --bench trace`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc;
use wirewalk::calls::Receiver;
use wirewalk::calls::tracers::{Runtime, Told, Tracers};
use wirewalk::wire::{Record, Tap, Timestamp};

const MESSAGES: u32 = 400;
const REQUESTS: u32 = 400;
const ROUNDS: usize = 3;

/// Takes records, and keeps none.
#[derive(Clone)]
struct Nothing;

impl Tap for Nothing {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    async fn record(&self, _: Record) {}
}

/// A server in a terminal of its own.
struct Server {
    child: Box<dyn Child + Send + Sync>,
    port: u16,
    _terminal: Box<dyn MasterPty + Send>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers")
}

impl Server {
    fn start(program: &str, script: &str, environment: Option<&[(&str, std::ffi::OsString)]>) -> Server {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/calls");
        // What it writes is not read: only its input must be a terminal.
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", "exec \"$@\" >/dev/null 2>&1", "sh", program]);
        command.arg(servers.join(script));
        command.cwd(servers);
        command.env("PORT", port.to_string());
        command.env("NODE_PATH", peers().join("node_modules"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        environment.into_iter().flatten().for_each(|(name, value)| command.env(name, value));
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let child = pty.slave.spawn_command(command).unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Server { child, port, _terminal: pty.master }
    }

    /// The CPU time that it has used, in microseconds.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        ticks as f64 * 10_000.0
    }

    /// What something costs it, in microseconds each.
    fn cost(&self, times: u32, act: impl Fn(&Server, u32)) -> f64 {
        act(self, times / 10);
        let before = self.cpu();
        act(self, times);
        (self.cpu() - before) / f64::from(times)
    }

    fn chat(&self, messages: u32) {
        let options =
            format!(r#"{{"url":"http://127.0.0.1:{}","clients":1,"messages":{messages}}}"#, self.port);
        let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/chat_client.cjs");
        let mut command = Command::new("node");
        command.arg(client).arg(options).env("NODE_PATH", peers().join("node_modules"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{} lines of {messages}: {}",
            said.lines().count(),
            said.lines().last().unwrap_or_default()
        );
    }

    fn get(&self, requests: u32) {
        for _ in 0..requests {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            write!(
                stream,
                "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() {
    let receiver = Receiver::bind("127.0.0.1:0".parse().unwrap(), "bench").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let told = Told {
        addr: receiver.local_addr(),
        token: "bench".to_owned(),
        packages: Vec::new(),
        arguments: false,
        moves: false,
        project: None,
    };
    let environment =
        Tracers::install(folder.path()).unwrap().environment(&[Runtime::Python, Runtime::Node], &told);
    tokio::spawn(receiver.run(Nothing, mpsc::channel(1).0));
    tokio::task::spawn_blocking(move || all(&environment)).await.unwrap();
}

fn all(environment: &[(&'static str, std::ffi::OsString)]) {
    let python =
        |folder: &str| peers().with_file_name(folder).join("venv/bin/python").to_str().unwrap().to_owned();
    let servers = [
        ("CPython 3.8, Flask-SocketIO", python("peers-3.8"), "app.py"),
        ("CPython 3.11, Flask-SocketIO", python("peers"), "app.py"),
        ("CPython 3.12, Flask-SocketIO", python("peers-3.12"), "app.py"),
        ("CPython 3.13, Flask-SocketIO", python("peers-3.13"), "app.py"),
        ("CPython 3.13, uvicorn", python("peers-3.13"), "asgi.py"),
        ("Node.js, socket.io", "node".to_owned(), "server.cjs"),
    ];
    println!(
        "| server | message, untraced | traced | more | request, untraced | traced | more |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    for (name, program, script) in servers {
        if program != "node" && !Path::new(&program).exists() {
            eprintln!("{name}: not installed");
            continue;
        }
        let mut figures: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            for (at, environment) in [None, Some(environment)].into_iter().enumerate() {
                let server = Server::start(&program, script, environment);
                figures[at].push(server.cost(MESSAGES, Server::chat));
                figures[at + 2].push(server.cost(REQUESTS, Server::get));
            }
        }
        let [message, traced, request, traced_request] = figures.map(median);
        println!(
            "| {name} | {message:.0} | {traced:.0} | {:.0} | {request:.0} | {traced_request:.0} | {:.0} |",
            traced - message,
            traced_request - request
        );
    }
}
