//! Where functions are in the packages that are installed here, and what they say. A Python interpreter is asked, which reads the files
//! and runs none of them.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// What is run in the interpreter.
const SCRIPT: &str = include_str!("../../assets/installed.py");

/// A package that is installed.
#[derive(Clone, Debug, Deserialize)]
pub struct InstalledPackage {
    /// Its version.
    pub version: String,
    /// For each symbol that was asked for, where it is.
    pub functions: BTreeMap<String, Found>,
}

/// Where a function is.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Found {
    /// Here.
    Here {
        /// The file, from the folder of the packages on.
        file: String,
        /// The line of its definition, from 1.
        line: u32,
        /// Its source, decorators included.
        body: String,
    },
    /// Not where its symbol says; the package has functions of its name elsewhere, as `symbol (file:line)`.
    Elsewhere {
        /// Those.
        elsewhere: Vec<String>,
    },
}

/// Asks an interpreter for functions: for each package the symbols. A package that is not installed is `None`. Fails where the interpreter
/// cannot be run or does not answer as it should.
pub fn ask(
    interpreter: &str,
    symbols: &BTreeMap<String, Vec<String>>,
) -> io::Result<BTreeMap<String, Option<InstalledPackage>>> {
    let mut child = Command::new(interpreter)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&serde_json::to_vec(symbols)?)?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!(
            "{interpreter} cannot say what is installed ({})",
            output.status
        )));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
