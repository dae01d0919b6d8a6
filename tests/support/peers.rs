//! The peers: programs in Node and Python, in `tests/peers`, that speak through real libraries.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::process::{Output, Process};

/// The versions of all libraries of the peers.
pub const PINS: &str = include_str!("../peers/pins.toml");

/// The libraries of the peers, installed in `target/peers`.
pub struct Peers {
    pub folder: PathBuf,
}

/// The peers, installed if they were not.
///
/// `None` where they cannot be: without Python or Node, or without a network the first time. That is said on
/// standard error, and the test should then return. Where `CI` is `true` it is a failure, so that no run of
/// the continuous integration passes without them.
pub fn installed() -> Option<&'static Peers> {
    static PEERS: OnceLock<Result<Peers, String>> = OnceLock::new();
    let peers = PEERS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
        install(&folder).map(|()| Peers { folder })
    });
    match peers {
        Ok(peers) => Some(peers),
        Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("no peers: {why}"),
        Err(why) => {
            // Not by eprintln!, which the test harness would keep to itself.
            let _ = writeln!(io::stderr(), "SKIPPED: a test with real peers, since {why}");
            None
        }
    }
}

/// Installs what [`PINS`] names, unless that is what is installed. Other test programs wait meanwhile.
fn install(folder: &Path) -> Result<(), String> {
    let said = |error: io::Error| format!("{} cannot be prepared: {error}", folder.display());
    fs::create_dir_all(folder).map_err(said)?;
    let lock = File::create(folder.join("lock")).map_err(said)?;
    lock.lock().map_err(said)?;
    run(Command::new("node").arg("--version"))?;
    let stamp = folder.join("installed.toml");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == PINS) {
        return Ok(());
    }
    for old in ["venv", "node_modules"] {
        match fs::remove_dir_all(folder.join(old)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(said(error)),
            _ => {}
        }
    }
    let python: Vec<String> =
        pins("python").map(|(package, version)| format!("{package}=={version}")).collect();
    let npm: serde_json::Map<String, Value> =
        pins("npm").map(|(package, version)| (package.to_owned(), version.into())).collect();
    let package = serde_json::json!({ "private": true, "dependencies": npm });
    fs::write(folder.join("package.json"), package.to_string()).map_err(said)?;

    run(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(folder.join("venv/bin/python")).args(pip).args(python).current_dir(folder))?;
    let npm = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
    run(Command::new("npm").args(npm).current_dir(folder))?;
    fs::write(&stamp, PINS).map_err(said)
}

/// The packages and versions of one section of [`PINS`].
pub fn pins(section: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let header = format!("[{section}]");
    let lines = PINS.lines().skip_while(move |line| *line != header).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(package, version)| (package.trim_matches('"'), version.trim_matches('"')))
}

/// Runs a program to its end; why not, as a sentence, where it fails.
pub fn run(command: &mut Command) -> Result<(), String> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string();
    let output = command.output().map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed ({}): {}", output.status, said.trim()))
}

/// A running peer, and its log.
pub struct Peer {
    process: Process,
}

impl Peers {
    /// Starts a program of `tests/peers` with its options, a JSON object.
    pub fn start(&self, program: &str, options: &Value) -> Peer {
        self.start_with(program, options, &[])
    }

    /// The same, with more in its environment.
    pub fn start_with(&self, program: &str, options: &Value, environment: &[(String, String)]) -> Peer {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(program);
        let mut command = if program.ends_with(".py") {
            Command::new(self.folder.join("venv/bin/python"))
        } else {
            Command::new("node")
        };
        command
            .arg(path)
            .arg(options.to_string())
            .env("NODE_PATH", self.folder.join("node_modules"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(environment.iter().cloned());
        Peer { process: Process::start(program, &mut command) }
    }
}

impl Peer {
    /// Waits until a line with this key was logged, and gives its value.
    pub fn wait_for(&mut self, key: &str) -> Value {
        self.process.wait_for(Output::Out, |line| {
            let mut logged: Value = serde_json::from_str(line).ok()?;
            logged.get_mut(key).map(Value::take)
        })
    }

    /// The port that a server listens on, on 127.0.0.1.
    pub fn port(&mut self) -> u16 {
        let port = self.wait_for("listening");
        port.as_u64().and_then(|port| port.try_into().ok()).expect("a port")
    }

    /// Waits until a client has ended, or ends a server. What it logged; it must have failed at nothing.
    pub fn finish(self) -> Vec<Value> {
        // A library may write lines of its own, which are not JSON.
        self.process.finish().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
