//! The tracers, and the environment that slips them into a process.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

const PYTHON: &str = include_str!("../../assets/tracers/wirewalk_trace.py");
const NODE: &str = include_str!("../../assets/tracers/wirewalk-trace.cjs");
/// Changes JavaScript for the Node tracer.
pub(super) const SOURCE: &str = include_str!("../../assets/tracers/wirewalk-source.cjs");
/// Reads JavaScript for it; by others, under the MIT licence that stands beside it.
pub(super) const ACORN: &str = include_str!("../../assets/tracers/acorn.js");

/// A runtime that can be traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// CPython 3.8 to 3.13.
    Python,
    /// Node.js 18.19 and newer.
    Node,
}

/// Where the tracers are, for processes to load them.
#[derive(Clone, Debug)]
pub struct Tracers {
    folder: PathBuf,
}

/// What a traced process is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where wirewalk listens for tracers.
    pub addr: SocketAddr,
    /// What they must say first.
    pub token: String,
    /// Packages to trace beside the default ones.
    pub packages: Vec<String>,
    /// Whether a few calls say what they were given.
    pub arguments: bool,
    /// Whether wirewalk may take the place of the socket that it binds first.
    pub moves: bool,
    /// The folder of the person's own project, where it is not the one that the process is started in.
    pub project: Option<PathBuf>,
}

impl Tracers {
    /// Puts the tracers into `folder`. They stay there, since a process may outlive wirewalk.
    pub fn install(folder: &Path) -> io::Result<Tracers> {
        let folder = std::path::absolute(folder)?.join(concat!("tracers-", env!("CARGO_PKG_VERSION")));
        for (path, text) in [
            ("python/sitecustomize.py", PYTHON),
            ("node/wirewalk-trace.cjs", NODE),
            ("node/wirewalk-source.cjs", SOURCE),
            ("node/acorn.js", ACORN),
        ] {
            write(&folder.join(path), text)?;
        }
        Ok(Tracers { folder })
    }

    /// The variables of the environment by which processes of these runtimes trace themselves. What stands in them now stays in
    /// force.
    pub fn environment(&self, runtimes: &[Runtime], told: &Told) -> Vec<(&'static str, OsString)> {
        let mut variables = Vec::new();
        if runtimes.contains(&Runtime::Python) {
            let mut paths = vec![self.folder.join("python")];
            paths.extend(std::env::var_os("PYTHONPATH").iter().flat_map(std::env::split_paths));
            // A path that has the separator in it cannot be said at all.
            variables.extend(std::env::join_paths(paths).ok().map(|paths| ("PYTHONPATH", paths)));
        }
        if runtimes.contains(&Runtime::Node) {
            let mut options = OsString::from("--require ");
            options.push(quoted(&self.folder.join("node/wirewalk-trace.cjs")));
            if let Some(given) = std::env::var_os("NODE_OPTIONS") {
                options.push(" ");
                options.push(given);
            }
            variables.push(("NODE_OPTIONS", options));
        }
        variables.push(("WIREWALK_TRACE", told.addr.to_string().into()));
        variables.push(("WIREWALK_TRACE_TOKEN", told.token.clone().into()));
        if !told.packages.is_empty() {
            variables.push(("WIREWALK_TRACE_PACKAGES", told.packages.join(",").into()));
        }
        if told.arguments {
            variables.push(("WIREWALK_TRACE_ARGUMENTS", "1".into()));
        }
        if told.moves {
            variables.push(("WIREWALK_TRACE_MOVE", "1".into()));
        }
        variables.extend(told.project.as_ref().map(|folder| ("WIREWALK_TRACE_PROJECT", folder.into())));
        variables
    }
}

/// A path as `NODE_OPTIONS` has it where there are spaces in it.
fn quoted(path: &Path) -> OsString {
    let text = path.to_string_lossy();
    if text.contains([' ', '"', '\\']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")).into()
    } else {
        path.into()
    }
}

/// Writes a file, unless it is there as it should be. A process that reads it meanwhile reads the old one or the new one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// A new token.
pub fn new_token() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The token that is kept in `folder`, so that one wirewalk can print what another listens for; made where there is none yet.
pub fn kept_token(folder: &Path) -> io::Result<String> {
    let path = folder.join("trace-token");
    let is_token = |text: &String| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(token) = fs::read_to_string(&path).ok().filter(is_token) {
        return Ok(token);
    }
    fs::create_dir_all(folder)?;
    let token = new_token()?;
    // Files of this kind are their owner's alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, token.as_bytes())?;
    file.persist(&path)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        Told {
            addr: "127.0.0.1:7878".parse().unwrap(),
            token: "abc".to_owned(),
            packages: vec!["flask".to_owned(), "jinja2".to_owned()],
            arguments: false,
            moves: true,
            project: None,
        }
    }

    #[test]
    fn the_environment_names_the_tracers_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let tracers = Tracers::install(folder.path()).unwrap();
        let variables = tracers.environment(&[Runtime::Python, Runtime::Node], &told());
        let of = |name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone());
        let path = of("PYTHONPATH").unwrap();
        let python = std::env::split_paths(&path).next().unwrap();
        assert_eq!(fs::read_to_string(python.join("sitecustomize.py")).unwrap(), PYTHON);
        let node = of("NODE_OPTIONS").unwrap().into_string().unwrap();
        let node = node.strip_prefix("--require ").unwrap().split(' ').next().unwrap();
        assert_eq!(fs::read_to_string(node).unwrap(), NODE);
        assert_eq!(of("WIREWALK_TRACE_PACKAGES").unwrap(), "flask,jinja2");
        assert_eq!((of("WIREWALK_TRACE_MOVE").unwrap(), of("WIREWALK_TRACE_ARGUMENTS")), ("1".into(), None));
        let python_alone = tracers.environment(&[Runtime::Python], &told());
        assert!(python_alone.iter().all(|(name, _)| *name != "NODE_OPTIONS"));
    }

    #[test]
    fn a_token_is_kept_and_a_broken_one_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let token = kept_token(folder.path()).unwrap();
        assert_eq!((token.len(), kept_token(folder.path()).unwrap()), (32, token));
        fs::write(folder.path().join("trace-token"), "x").unwrap();
        assert_eq!(kept_token(folder.path()).unwrap().len(), 32);
    }

    #[test]
    fn a_path_with_spaces_is_quoted() {
        assert_eq!(quoted(Path::new("/a b/c")), "\"/a b/c\"");
        assert_eq!(quoted(Path::new("/a/c")), "/a/c");
    }
}
