//! Holds the walls that ARCHITECTURE.md draws, which one crate's compiler cannot hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// A module, and the modules that it may use.
const WALLS: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("escape", &[]),
    ("words", &[]),
    ("decode", &["wire", "words"]),
    ("session", &["wire", "decode", "words", "escape"]),
    ("capture", &["wire", "decode", "session"]),
    ("calls", &["wire", "decode", "session", "words", "escape"]),
    ("explain", &["wire", "decode", "session", "words"]),
    ("walkthrough", &["wire", "decode", "session", "words"]),
    ("proxy", &["wire", "decode::http1", "decode::limits"]),
    ("demo", &[]),
    (
        "tui",
        &[
            "wire",
            "decode",
            "session",
            "calls",
            "capture",
            "explain",
            "walkthrough",
            "export",
            "sharing",
            "escape",
            "words",
        ],
    ),
    ("sharing", &["wire", "decode", "session", "capture", "calls", "export", "escape", "words"]),
    ("config", &["session", "tui"]),
    ("export", &["wire", "decode", "session", "calls", "explain", "walkthrough", "escape", "words"]),
    ("launch", &["wire"]),
];

/// Outside crates and modules that a module may not use.
const BANS: &[(&str, &[&str])] = &[
    (
        "decode",
        &[
            "tokio",
            "std::fs",
            "std::net",
            "std::io::stdin",
            "std::time::Instant",
            "std::time::SystemTime",
            "anyhow",
        ],
    ),
    ("session", &["tokio", "std::net", "anyhow", "println!", "eprintln!"]),
    (
        "walkthrough",
        &["tokio", "std::net", "std::fs", "std::time::Instant", "anyhow", "println!", "eprintln!"],
    ),
    (
        "export",
        // Addresses stand in records and are written down; sockets are not for it.
        &["tokio", "TcpStream", "TcpListener", "UdpSocket", "std::fs", "anyhow", "println!", "eprintln!"],
    ),
    ("sharing", &["tokio", "std::net", "anyhow", "println!", "eprintln!"]),
    ("wire", &["tokio", "std::fs", "std::io"]),
];

fn sources(module: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![src.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs")
                && !path.components().any(|c| c.as_os_str() == "tests")
            {
                found.push(path);
            }
        }
    }
    let file = src.join(format!("{module}.rs"));
    if file.exists() {
        found.push(file);
    }
    assert!(!found.is_empty(), "{module} has no sources");
    found
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_run_one_way() {
    let mut broken = Vec::new();
    for (module, allowed) in WALLS {
        for path in sources(module) {
            for used in code(&path).split("crate::").skip(1) {
                let begins_with = |name: &str| {
                    used.strip_prefix(name)
                        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
                };
                let own = begins_with(module) || used.starts_with('{');
                let is_allowed = allowed.iter().any(|a| begins_with(a));
                if !own && !is_allowed {
                    let what: String =
                        used.chars().take_while(|c| c.is_alphanumeric() || ":_".contains(*c)).collect();
                    broken.push(format!("{}: {module} may not use crate::{what}", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_import_hides_in_a_list() {
    for (module, _) in WALLS {
        for path in sources(module) {
            assert!(
                !code(&path).contains("use crate::{"),
                "{}: write `use crate::module::…`, a line each",
                path.display()
            );
        }
    }
}

#[test]
fn what_is_banned_is_not_used() {
    for (module, banned) in BANS {
        for path in sources(module) {
            let code = code(&path);
            for name in *banned {
                assert!(!code.contains(name), "{}: {module} may not use {name}", path.display());
            }
        }
    }
}
