//! Where functions are in the packages that are installed here, and what they say. Python and Node.js are asked, which read the files
//! and run none of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::tracers;

const PYTHON: &str = include_str!("../../assets/installed.py");
const NODE: &str = include_str!("../../assets/installed.cjs");

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

/// For each package the symbols that are asked for.
pub type Asked = BTreeMap<String, Vec<String>>;

/// What is known of each package; `None` where it is not installed.
pub type Answered = BTreeMap<String, Option<InstalledPackage>>;

/// Asks for functions of Python packages. Fails where the interpreter cannot be run or does not answer as it should.
pub fn python(interpreter: &str, asked: &Asked) -> io::Result<Answered> {
    ask(Command::new(interpreter).args(["-c", PYTHON]), asked)
}

/// Asks for functions of the packages that Node.js finds from a folder. Fails as [`python`] does.
pub fn node(folder: &Path, asked: &Asked) -> io::Result<Answered> {
    if !folder.is_dir() {
        return Err(io::Error::other(format!("{} is no folder", folder.display())));
    }
    let scripts = tempfile::tempdir()?;
    let main = scripts.path().join("installed.cjs");
    fs::write(&main, NODE)?;
    fs::write(scripts.path().join("wirewalk-source.cjs"), tracers::SOURCE)?;
    fs::write(scripts.path().join("acorn.js"), tracers::ACORN)?;
    ask(Command::new("node").env_remove("NODE_OPTIONS").arg(main).arg(folder), asked)
}

fn ask(command: &mut Command, asked: &Asked) -> io::Result<Answered> {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|error| io::Error::other(format!("{program} cannot be run: {error}")))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&serde_json::to_vec(asked)?)?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{program} cannot say what is installed ({})", output.status)));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
