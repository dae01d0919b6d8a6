//! The real binary between a client and a server, and what it printed and recorded.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{Output, Process};
use super::schema;

/// What wirewalk's standard error says once it listens, before its address.
const LISTENING: &str = "wirewalk: listening on http://";

/// The address in the line that says where wirewalk listens; a comma and more may follow it.
fn address(line: &str) -> Option<SocketAddr> {
    line.strip_prefix(LISTENING)?.split(',').next()?.trim().parse().ok()
}

/// A running `wirewalk proxy`.
pub struct Wirewalk {
    process: Process,
    folder: TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What wirewalk saw from its start to its end.
pub struct Seen {
    /// The units, as `--print json` prints them.
    pub units: Vec<Value>,
    /// The bytes that the recording says were received, by connection: client to server, then server to client.
    pub received: BTreeMap<u64, [Vec<u8>; 2]>,
}

impl Wirewalk {
    /// Starts `wirewalk proxy` in front of a server, with a recording.
    pub fn start(upstream: SocketAddr) -> Wirewalk {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirewalk"));
        command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.args(["proxy", &format!("http://{upstream}"), "--listen", "127.0.0.1:0", "--print", "json"]);
        command.arg("--record").arg(folder.path().join("recording"));
        let mut process = Process::start("wirewalk", &mut command);
        let address = process.wait_for(Output::Err, address);
        Wirewalk { process, folder, address }
    }

    /// Stops it as Ctrl-C would, and gives what it saw.
    pub fn stop(self) -> Seen {
        let pid = self.process.id().to_string();
        let stopped = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(stopped.success(), "kill: {stopped}");
        let units = self.process.finish();
        let units = units.iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let recording = self.folder.path().join("recording");
        schema::check(&recording);
        let recording = fs::read_to_string(recording).unwrap();
        let mut received: BTreeMap<u64, [Vec<u8>; 2]> = BTreeMap::new();
        for line in recording.lines() {
            let record: Value = serde_json::from_str(line).expect("a line of JSON");
            if record["type"] == "received" {
                let dir = if record["dir"] == "c2s" { 0 } else { 1 };
                let streams = received.entry(record["conn"].as_u64().unwrap()).or_default();
                streams[dir].extend(bytes_of(&record));
            }
        }
        Seen { units, received }
    }
}

/// The bytes of a record: as text where they are UTF-8, else as base64.
fn bytes_of(record: &Value) -> Vec<u8> {
    match (&record["text"], &record["base64"]) {
        (Value::String(text), Value::Null) => text.clone().into_bytes(),
        (Value::Null, Value::String(base64)) => BASE64_STANDARD.decode(base64).unwrap(),
        _ => panic!("a record has text or base64: {record}"),
    }
}
