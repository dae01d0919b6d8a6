//! The lock file: where each function that a walkthrough names stood in the version that was recorded, by which is seen what another
//! version changed. It is made by `wirewalk lock`, as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::route::{self, Growth, Route};
use super::{Walkthrough, check};
use crate::session::calls::tree::Branch;
use crate::session::calls::{CallId, FunctionInfo};
use crate::session::{Session, StoreError};
use crate::wire::trace::Package;

/// The format of the lock file.
const FORMAT: u32 = 1;

/// A lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    format: u32,
    /// For each symbol where it was.
    pub functions: BTreeMap<String, Locked>,
    /// For each step, by its id, what is called on the way to the functions that it names, outermost first.
    pub chains: BTreeMap<String, Vec<String>>,
}

/// Where a function was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The package; empty for the recorded project's own code.
    pub package: String,
    /// Its version.
    pub version: Option<String>,
    /// The file, from the package's folder on.
    pub file: String,
    /// The line of its definition, from 1.
    pub line: u32,
    /// What its body is, as a SHA-256; `None` where its source was not there when this was made.
    pub digest: Option<String>,
    /// Its line at the version's tag, where that is known.
    pub link: Option<String>,
}

/// A function as it is installed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// Its package is not installed here.
    NoPackage,
    /// It cannot be told where functions of this package are.
    Unreadable {
        /// The package's version.
        version: String,
    },
    /// It stands here.
    Here {
        /// The package's version.
        version: String,
        /// The file, from the package's folder on.
        file: String,
        /// The line of its definition.
        line: u32,
        /// Its source.
        body: String,
    },
    /// The package does not have it.
    Missing {
        /// The package's version.
        version: String,
        /// Functions of the same name elsewhere in the package, as `symbol (file:line)`.
        elsewhere: Vec<String>,
    },
}

impl Installed {
    /// The version of its package that is installed, where that is.
    pub fn version(&self) -> Option<&str> {
        match self {
            Installed::NoPackage => None,
            Installed::Unreadable { version }
            | Installed::Here { version, .. }
            | Installed::Missing { version, .. } => Some(version),
        }
    }
}

/// What became of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stands where it stood, as it was.
    Ok,
    /// It is as it was, on another line or in another file.
    Moved,
    /// Its body is another one.
    BodyChanged,
    /// It is not there.
    Missing,
    /// It was not looked at: its package is not here, or cannot be read.
    NotCompared,
}

impl Change {
    /// `ok`, `moved`, `body changed`, `missing` or `not compared`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Change::Ok => "ok",
            Change::Moved => "moved",
            Change::BodyChanged => "body changed",
            Change::Missing => "missing",
            Change::NotCompared => "not compared",
        }
    }
}

impl Lock {
    /// Reads a lock file. The error says what is wrong with it.
    pub fn read(text: &str) -> Result<Lock, String> {
        let lock: Lock = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if lock.format != FORMAT {
            return Err(format!("it is of format {}; here format {FORMAT} is read", lock.format));
        }
        Ok(lock)
    }

    /// Makes one. `link` gives the link to a function's line, `installed` its source as it is installed now.
    pub fn of(
        walk: &Walkthrough,
        session: &Session,
        link: impl Fn(&Package, &FunctionInfo) -> Option<String>,
        installed: impl Fn(&str) -> Installed,
    ) -> Result<Lock, StoreError> {
        let mut functions = BTreeMap::new();
        for symbol in check::symbols(walk).into_iter().map(|symbol| symbol.value.as_str()) {
            let Some(function) = called(session, symbol) else { continue };
            let package = session.calls().package(function);
            let version = package.and_then(|package| package.version.clone());
            let digest = match installed(symbol) {
                Installed::Here { version: here, body, .. } if Some(&here) == version.as_ref() => {
                    Some(digest(&body))
                }
                _ => None,
            };
            let locked = Locked {
                package: package.map(|package| package.name.clone()).unwrap_or_default(),
                version,
                file: file(session, function),
                line: function.line,
                digest,
                link: package.and_then(|package| link(package, function)),
            };
            functions.insert(symbol.to_owned(), locked);
        }
        Ok(Lock { format: FORMAT, functions, chains: chains(walk, session)? })
    }

    /// As text.
    pub fn text(&self) -> String {
        // What consists of texts and numbers can be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Locked {
    /// What became of the function.
    pub fn compare(&self, now: &Installed) -> Change {
        match now {
            Installed::NoPackage | Installed::Unreadable { .. } => Change::NotCompared,
            Installed::Missing { .. } => Change::Missing,
            Installed::Here { file, line, body, .. } => match &self.digest {
                None => Change::NotCompared,
                Some(locked) if *locked != digest(body) => Change::BodyChanged,
                Some(_) if (file, line) == (&self.file, &self.line) => Change::Ok,
                Some(_) => Change::Moved,
            },
        }
    }
}

/// The first function of a name that was called.
pub fn called<'a>(session: &'a Session, symbol: &str) -> Option<&'a FunctionInfo> {
    let calls = session.calls();
    calls.all().iter().filter_map(|call| calls.called(call)).find(|function| *function.symbol == *symbol)
}

/// A function's file from its package's folder on.
pub fn file(session: &Session, function: &FunctionInfo) -> String {
    let root =
        session.calls().package(function).and_then(|package| package.root.as_deref()).unwrap_or_default();
    function.file.strip_prefix(root).unwrap_or(&function.file).trim_start_matches(['/', '\\']).to_owned()
}

/// What a function's body is. How deep it is indented and blanks at the ends of lines do not count.
fn digest(body: &str) -> String {
    let depth = body.lines().next().map_or(0, |line| line.len() - line.trim_start().len());
    let mut hash = Sha256::new();
    for line in body.trim_end().lines() {
        let line = line.get(depth..).unwrap_or(line.trim_start()).trim_end();
        hash.update(line);
        hash.update("\n");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// For each step what is called on the way to the functions that it names.
pub fn chains(walk: &Walkthrough, session: &Session) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let mut route = Route::default();
    route.extend(walk, session, Growth::Over)?;
    let mut chains = BTreeMap::new();
    for (at, step) in walk.steps.iter().enumerate() {
        let Some(stop) = route.reached(at).stop().filter(|_| !step.calls.is_empty()) else { continue };
        let tree = route::tree(session, stop)?;
        let named: Vec<CallId> = route::named(session, step, &tree).into_iter().flatten().collect();
        let mut chain = Vec::new();
        on_the_way(&tree.roots, &named, &mut chain);
        let symbol = |call| route::function(session, call).map(|function| function.symbol.to_string());
        chains.insert(step.id.value.clone(), chain.into_iter().filter_map(symbol).collect());
    }
    Ok(chains)
}

/// Collects the calls that lead to some. Whether there are any.
fn on_the_way(branches: &[Branch], to: &[CallId], found: &mut Vec<CallId>) -> bool {
    let mut is_way = false;
    for branch in branches {
        let at = found.len();
        found.push(branch.call);
        let leads = on_the_way(&branch.children, to, found);
        if leads || to.contains(&branch.call) {
            is_way = true;
        } else {
            found.truncate(at);
        }
    }
    is_way
}

/// What is called now on the way to a step's functions that was not, and what no longer is: as sentences.
pub fn changes_of_chain(locked: &[String], now: &[String]) -> Vec<String> {
    let mut said = Vec::new();
    for (at, symbol) in now.iter().enumerate().filter(|(_, symbol)| !locked.contains(symbol)) {
        let place = match at.checked_sub(1).and_then(|before| now.get(before)) {
            Some(before) => format!("behind {before}"),
            None => "at the beginning".to_owned(),
        };
        said.push(format!("{symbol} is new in the chain, {place}"));
    }
    let gone = locked.iter().filter(|symbol| !now.contains(symbol));
    said.extend(gone.map(|symbol| format!("{symbol} is no longer in the chain")));
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked() -> Locked {
        let digest = Some(digest("    def f(self):\n        return 1\n"));
        let (file, line) = ("a/b.py".to_owned(), 7);
        Locked { package: "a".into(), version: Some("1.0".into()), file, line, digest, link: None }
    }

    #[test]
    fn what_became_of_a_function_is_said() {
        let here = |line, body: &str| Installed::Here {
            version: "1.1".into(),
            file: "a/b.py".into(),
            line,
            body: body.into(),
        };
        let same = "def f(self):\n    return 1";
        assert_eq!(locked().compare(&here(7, same)), Change::Ok);
        assert_eq!(locked().compare(&here(9, same)), Change::Moved);
        assert_eq!(locked().compare(&here(7, "def f(self):\n    return 2")), Change::BodyChanged);
        let missing = Installed::Missing { version: "1.1".into(), elsewhere: Vec::new() };
        assert_eq!(locked().compare(&missing), Change::Missing);
        assert_eq!(locked().compare(&Installed::NoPackage), Change::NotCompared);
    }

    #[test]
    fn a_new_function_is_placed_in_the_chain() {
        let chain = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            changes_of_chain(&chain("a b d"), &chain("a c d")),
            ["c is new in the chain, behind a", "b is no longer in the chain"]
        );
    }
}
