//! `wirewalk run` before a server, and what it recorded.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;

use super::peers::{PINS, Peers, pins, run};
use super::process::{Output, Process};

impl Peers {
    /// The interpreter that has the libraries.
    pub fn python(&self) -> String {
        self.folder.join("venv/bin/python").to_str().expect("UTF-8").to_owned()
    }

    /// Where that interpreter has them.
    pub fn site_packages(&self) -> PathBuf {
        let lib = self.folder.join("venv/lib");
        let python = fs::read_dir(lib).expect("a folder").filter_map(Result::ok).next().expect("a version");
        python.path().join("site-packages")
    }

    /// Another interpreter, with the libraries at versions that it can have; `None` where it is not on this machine.
    pub fn interpreter(&self, version: &str) -> Option<String> {
        let original = original(version)?;
        let folder = self.folder.with_file_name(format!("peers-{version}"));
        fs::create_dir_all(&folder).expect("a folder");
        let stamp = folder.join("installed.toml");
        if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == PINS) {
            let own: Vec<_> = pins(&format!("python-{version}")).collect();
            let packages = if own.is_empty() { pins("python").collect() } else { own };
            let packages = packages.into_iter().map(|(package, version)| format!("{package}=={version}"));
            run(Command::new(original).args(["-m", "venv", "--clear", "venv"]).current_dir(&folder))
                .expect("a venv");
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
            run(Command::new(folder.join("venv/bin/python")).args(pip).args(packages)).expect("packages");
            fs::write(&stamp, PINS).expect("a stamp");
        }
        Some(folder.join("venv/bin/python").to_str().expect("UTF-8").to_owned())
    }

    /// Has Socket.IO clients say the same a number of times each, and waits until all is answered.
    pub fn chat(&self, port: u16, clients: u32, messages: u32) {
        self.chat_with(port, clients, messages, &[]);
    }

    /// The same, with this environment.
    pub fn chat_with(&self, port: u16, clients: u32, messages: u32, environment: &[(String, String)]) {
        let url = format!("http://127.0.0.1:{port}");
        let options = serde_json::json!({ "url": url, "clients": clients, "messages": messages });
        let said = self.start_with("chat_client.cjs", &options, environment).finish();
        assert_eq!(said.len() as u32, clients * messages, "{said:?}");
    }

    /// Sends a text over a WebSocket, and waits until it comes back.
    pub fn echo(&self, port: u16) {
        let said = self
            .start("echo_client.cjs", &serde_json::json!({ "url": format!("ws://127.0.0.1:{port}") }))
            .finish();
        assert_eq!(said, [serde_json::json!({ "heard": "hello" })]);
    }
}

/// An interpreter of this version: on the path, or among those that pyenv keeps.
fn original(version: &str) -> Option<PathBuf> {
    let name = format!("python{version}");
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")))?;
    let kept = fs::read_dir(root.join("versions")).into_iter().flatten().filter_map(Result::ok);
    let kept = kept.map(|entry| entry.path().join("bin").join(&name));
    let runs =
        |path: &PathBuf| Command::new(path).arg("--version").output().is_ok_and(|said| said.status.success());
    std::iter::once(PathBuf::from(&name)).chain(kept).find(runs)
}

/// A server of `tests/peers/calls`.
pub fn app(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/calls").join(name)
}

/// What a wirewalk that has ended recorded of a server.
pub struct Traced {
    folder: TempDir,
    recording: String,
    /// What it said on standard error, the server's output included.
    pub said: String,
}

/// A wirewalk that runs a server.
pub struct Running {
    process: Process,
    folder: TempDir,
    /// Where clients reach the server.
    pub port: u16,
}

/// A port that was free a moment ago, since a server that must be told one cannot be told to take any. It is none of those that the
/// system gives to whoever does not care, so that nobody takes it meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewalk"));
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.env(
        "NODE_PATH",
        Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers").join("node_modules"),
    );
    command
}

impl Running {
    fn start(
        program: &str,
        arguments: &[&str],
        options: &[&str],
        environment: &[(&str, &str)],
        folder: TempDir,
    ) -> Running {
        let port = free_port().to_string();
        let mut command = command();
        command
            .args(["run", "--print", "summary", "--record", "recording"])
            .arg("--log")
            .arg("log")
            .args(options)
            .arg("--")
            .arg(program);
        command.args(arguments.iter().map(|argument| if *argument == "PORT" { &port } else { *argument }));
        command.current_dir(folder.path()).env("PORT", &port).envs(environment.iter().copied());
        let mut process = Process::start("wirewalk run", &mut command);
        let port = process.wait_for(Output::Err, |line| {
            let address = line.split("listening on http://").nth(1)?.split(' ').next()?;
            address.rsplit(':').next()?.parse().ok()
        });
        Running { process, folder, port }
    }

    /// Where the server itself listens, which clients do not need to know: wirewalk says where it connected.
    pub fn real_port(&mut self) -> u16 {
        get(self.port, "/");
        let upstream = self.process.wait_for(Output::Out, |line| {
            line.split("passed on to ").nth(1)?.trim().rsplit(':').next()?.parse().ok()
        });
        assert_ne!(upstream, self.port);
        upstream
    }

    /// Kills wirewalk, and not the server.
    pub fn kill(&mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        // It is gone when its port is closed.
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            std::thread::yield_now();
        }
    }

    /// Ends the server that outlived wirewalk: it is in the folder of this test alone.
    pub fn end_server(&self) {
        let folder = self.folder.path().canonicalize().unwrap();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            if fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder) {
                let _ = Command::new("kill").arg("-KILL").arg(entry.file_name()).status();
            }
        }
    }

    fn stop(self) -> Traced {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let (_, said) = self.process.finish_with_errors();
        let recording = self.folder.path().join("recording").to_str().unwrap().to_owned();
        Traced { folder: self.folder, recording, said: said.join("\n") }
    }
}

/// A folder of its own with the server in it, as somebody's project.
fn project(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

/// Starts a server of `tests/peers/calls`.
pub fn start(program: &str, arguments: &[&str]) -> Running {
    let text = fs::read_to_string(app(arguments[0])).unwrap();
    Running::start(program, arguments, &[], &[], project(arguments[0], &text))
}

impl Traced {
    /// Runs a server of `tests/peers/calls` for as long as `client` lasts.
    pub fn run(program: &str, arguments: &[&str], client: impl FnOnce(u16)) -> Traced {
        Traced::run_with(program, arguments, &[], client)
    }

    /// The same, with options for wirewalk.
    pub fn run_with(program: &str, arguments: &[&str], options: &[&str], client: impl FnOnce(u16)) -> Traced {
        let text = fs::read_to_string(app(arguments[0])).unwrap();
        let running = Running::start(program, arguments, options, &[], project(arguments[0], &text));
        client(running.port);
        running.stop()
    }

    /// Runs a server with this text.
    pub fn run_text(
        program: &str,
        name: &str,
        text: &str,
        environment: &[(&str, &str)],
        client: impl FnOnce(u16),
    ) -> Traced {
        let running = Running::start(program, &[name], &[], environment, project(name, text));
        client(running.port);
        running.stop()
    }

    /// Runs a program in an empty folder; the argument `PORT` becomes a port.
    pub fn run_in(program: &str, arguments: &[&str], options: &[&str], client: impl FnOnce(u16)) -> Traced {
        let running = Running::start(program, arguments, options, &[], tempfile::tempdir().unwrap());
        client(running.port);
        running.stop()
    }

    /// Runs `wirewalk proxy --trace`, and a server and a client that were started elsewhere with the environment that `wirewalk env` prints.
    pub fn elsewhere(peers: &Peers, client: impl FnOnce(u16, &[(String, String)])) -> Traced {
        let folder = tempfile::tempdir().unwrap();
        let (port, to) = (free_port().to_string(), format!("127.0.0.1:{}", free_port()));
        let mut wirewalk = command();
        wirewalk.args([
            "proxy",
            &format!(":{port}"),
            "--listen",
            ":0",
            "--trace",
            &to,
            "--print",
            "summary",
            "--record",
            "recording",
        ]);
        let mut process = Process::start("wirewalk proxy", wirewalk.current_dir(folder.path()));
        let listens = process.wait_for(Output::Err, |line| {
            line.split("listening on http://127.0.0.1:").nth(1)?.split(',').next()?.parse().ok()
        });
        let printed =
            command().args(["env", "python", "node", "--to", &to, "--shell", "dotenv"]).output().unwrap();
        let printed = String::from_utf8(printed.stdout).unwrap();
        let variable = |line: &str| {
            line.split_once('=').map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        };
        let environment: Vec<(String, String)> = printed.lines().filter_map(variable).collect();
        fs::copy(app("asgi.py"), folder.path().join("asgi.py")).unwrap();
        let mut asgi = Command::new(peers.python());
        asgi.arg("asgi.py").current_dir(folder.path()).env("PORT", &port).envs(environment.iter().cloned());
        let server = Process::start("the server", &mut asgi);
        while TcpStream::connect(("127.0.0.1", port.parse().unwrap())).is_err() {
            std::thread::yield_now();
        }
        client(listens, &environment);
        drop(server);
        Running { process, folder, port: listens }.stop()
    }

    /// The recording's path.
    pub fn recording(&self) -> &str {
        &self.recording
    }

    /// The units that a filter lets through, as JSON.
    pub fn units(&self, filter: &str) -> Vec<Value> {
        let said = self.wirewalk(&["open", &self.recording, "--print", "json", "--filter", filter]);
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What wirewalk prints.
    pub fn wirewalk(&self, arguments: &[&str]) -> String {
        let output = command().args(arguments).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Runs a server with this text that ends before it listens.
pub fn failing(program: &str, text: &str) -> std::process::Output {
    let folder = project("app.py", text);
    command()
        .args(["run", "--print", "summary", "--", program, "app.py"])
        .current_dir(folder.path())
        .output()
        .unwrap()
}

/// Runs a server of `tests/peers/calls` on the screen of a terminal that is closed once the screen is there. The port, and wirewalk's exit code.
pub fn in_a_terminal_that_is_closed(program: &str, name: &str) -> (u16, u32) {
    let folder = project(name, &fs::read_to_string(app(name)).unwrap());
    let port = free_port();
    let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wirewalk"));
    command.args(["run", "--log", "log", "--", program, name]);
    command.cwd(folder.path());
    for (variable, value) in [
        ("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR")),
        ("TERM", "xterm-256color"),
        ("PORT", &port.to_string()),
    ] {
        command.env(variable, value);
    }
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut screen = pty.master.try_clone_reader().unwrap();
    let (mut shown, mut buffer) = (String::new(), [0; 4096]);
    while !shown.contains("Explain") {
        let length = screen.read(&mut buffer).unwrap();
        shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    drop((screen, pty.master));
    (port, child.wait().unwrap().exit_code())
}

/// The calls of a unit, each before those that it led to.
pub fn flattened(unit: &Value) -> Vec<Value> {
    fn collect(calls: &Value, all: &mut Vec<Value>) {
        for call in calls.as_array().into_iter().flatten() {
            all.push(call.clone());
            collect(&call["calls"], all);
        }
    }
    let mut all = Vec::new();
    collect(&unit["calls"]["tree"], &mut all);
    all
}

/// The functions that were called for a unit.
pub fn symbols(unit: &Value) -> Vec<String> {
    flattened(unit).iter().map(|call| call["symbol"].as_str().unwrap().to_owned()).collect()
}

/// The answer to a GET request.
pub fn get(port: u16, target: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
