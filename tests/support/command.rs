//! wirewalk as it is run without a terminal.

use std::process::{Command, Output, Stdio};

/// Runs it to its end, with nobody's configuration.
pub fn wirewalk(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirewalk"))
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("XDG_CONFIG_HOME", env!("CARGO_TARGET_TMPDIR"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Its exit code, and what it says on standard error.
pub fn said(arguments: &[&str]) -> (Option<i32>, String) {
    let output = wirewalk(arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// What it prints, once it is done.
pub fn printed(arguments: &[&str]) -> Vec<u8> {
    let output = wirewalk(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
