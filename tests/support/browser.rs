//! A real browser, told what to do.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::peers::{self, Peers};
use super::process::{Output, Process};

/// A browser that does what it is told.
pub struct Browser {
    process: Process,
    told: u64,
}

/// Chromium, and the peers that drive it. `None` where either is missing, which is said; in CI it is a failure.
pub fn installed() -> Option<(&'static Peers, String)> {
    let peers = peers::installed()?;
    let named = std::env::var("CHROMIUM").ok();
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found =
        named.or_else(|| known.iter().find(|path| Path::new(path).exists()).map(|path| (*path).to_owned()));
    if found.is_none() {
        let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!is_ci, "no Chromium; install it, or name it in CHROMIUM");
        let _ = writeln!(io::stderr(), "SKIPPED: a test with a browser, since there is no Chromium");
    }
    Some((peers, found?))
}

impl Browser {
    pub fn start(peers: &Peers, chromium: &str) -> Browser {
        let mut command = Command::new("node");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/browser.cjs"));
        command.arg(json!({ "chromium": chromium, "deadline": 120_000 }).to_string());
        command.env("NODE_PATH", peers.folder.join("node_modules"));
        let mut process = Process::start("the browser", &mut command);
        process.wait_for(Output::Out, |line| line.contains("\"ready\"").then_some(()));
        Browser { process, told: 0 }
    }

    /// Does what a line says, and waits until it is done; what came of it.
    pub fn tell(&mut self, line: &str) -> Value {
        self.process.tell(line);
        self.told += 1;
        let number = self.told;
        self.process.wait_for(Output::Out, |line| {
            let mut said: Value = serde_json::from_str(line).ok()?;
            assert!(said.get("failed").is_none(), "{said}");
            (said["done"] == number).then(|| said["value"].take())
        })
    }
}
