//! `wirewalk check` and `wirewalk lock`: whether what a walkthrough says is so.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueHint};

use super::walkthroughs::{self, Loaded, SHIPPED, counted, tell};
use super::{Size, say};
use crate::calls::installed::{self, Answered, Asked};
use crate::calls::permalink;
use crate::capture::Recorder;
use crate::decode::limits::MAX_MESSAGE;
use crate::session::Session;
use crate::walkthrough::lock::{self, Change, Installed, Lock};
use crate::walkthrough::{Fault, LOCK, Walkthrough, check, fits};

/// Check walkthroughs: is everything in them so?
///
/// Every filter must find its unit in the transcript, in order; every field, pane, link and function that is named must be there; every
/// question must have its answer. The functions are compared with the lock file, and with the packages that are installed here.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folders [default: those that come with wirewalk]
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    folders: Vec<PathBuf>,

    /// Check it over another transcript than its own, such as one of another version
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    transcript: Option<PathBuf>,

    #[command(flatten)]
    environment: Environment,
}

/// Write a walkthrough's lock file: where each function that it names stands, in which version, and what its body is.
#[derive(Debug, Args)]
pub(super) struct LockOptions {
    /// The folders
    #[arg(value_name = "FOLDER", required = true, value_hint = ValueHint::DirPath)]
    folders: Vec<PathBuf>,

    #[command(flatten)]
    environment: Environment,
}

/// Where packages are looked for.
#[derive(Debug, Args)]
struct Environment {
    /// The Python whose packages are looked at [default: that of the active environment, else python3]
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    python: Option<String>,

    /// The folder from which the packages of Node.js are found [default: this one]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    node: Option<PathBuf>,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let mut failed = Vec::new();
        let given = self.folders.iter().map(|folder| walkthroughs::load(folder));
        let shipped = SHIPPED.iter().filter(|_| self.folders.is_empty()).map(walkthroughs::inside);
        let mut count = 0;
        for loaded in given.chain(shipped) {
            count += 1;
            match loaded.and_then(|loaded| self.check(&loaded)) {
                Ok(()) => {}
                Err(error) => failed.push(format!("{error:#}")),
            }
        }
        match failed.as_slice() {
            [] => Ok(()),
            [one] if count == 1 => bail!("{one}"),
            several => bail!("{} of {count} failed: {}", several.len(), several.join("; ")),
        }
    }

    fn check(&self, loaded: &Loaded) -> anyhow::Result<()> {
        let walk = &loaded.text;
        let session = match &self.transcript {
            Some(path) => Recorder::open(path, MAX_MESSAGE)?.0,
            None => loaded.session(Size(MAX_MESSAGE).0)?.0,
        };
        let mut faults = check::check(walk, &session)?;
        if let Some(lock) = read_lock(loaded, &mut faults) {
            self.functions(walk, &session, &lock, &mut faults)?;
        }
        faults.sort_by_key(|fault| (fault.line, fault.column));
        tell(&faults);
        if faults.is_empty() {
            say(format_args!("{}: {} steps, all is so", walk.file, walk.steps.len()));
            return Ok(());
        }
        bail!("{}", counted(faults.len(), &walk.file))
    }

    /// Compares the functions that are named with the lock file, as they were recorded and as they are installed.
    fn functions(
        &self,
        walk: &Walkthrough,
        session: &Session,
        lock: &Lock,
        faults: &mut Vec<Fault>,
    ) -> anyhow::Result<()> {
        let installed = self.environment.ask(walk, lock);
        let symbols = check::symbols(walk);
        for (name, versions) in &walk.packages {
            let of_package =
                |symbol: &str| lock.functions.get(symbol).is_some_and(|locked| locked.package == name.value);
            let here =
                installed.iter().filter(|(symbol, _)| of_package(symbol)).find_map(|(_, now)| now.version());
            if let Some(version) = here.filter(|version| !fits(versions, version)) {
                say(format_args!(
                    "{}: {} {version} is installed here, and the text is true of {versions}",
                    walk.file, name.value
                ));
            }
        }
        for symbol in &symbols {
            let Some(locked) = lock.functions.get(&symbol.value) else {
                // An alternative is there for other versions.
                if lock::called(session, &symbol.value).is_some() {
                    faults.push(walk.fault(
                        symbol,
                        format!("{} is not in {LOCK}; write it with: wirewalk lock", symbol.value),
                    ));
                }
                continue;
            };
            if let (Some(recorded), None) = (lock::called(session, &symbol.value), &self.transcript)
                && (lock::file(session, recorded), recorded.line) != (locked.file.clone(), locked.line)
            {
                let now = format!("{}:{}", lock::file(session, recorded), recorded.line);
                let message = format!(
                    "{LOCK} has {}:{} and the recording {now}; write it anew with: wirewalk lock",
                    locked.file, locked.line
                );
                faults.push(walk.fault(symbol, message));
            }
            let now = installed.get(&symbol.value).unwrap_or(&Installed::NoPackage);
            let change = locked.compare(now);
            let has_alternative = || is_alternative_here(walk, &symbol.value, &installed);
            match change {
                Change::Missing if !has_alternative() => {
                    faults.push(walk.fault(symbol, told(&symbol.value, locked, now, &change)));
                }
                Change::Ok | Change::NotCompared => {}
                _ => say(format_args!("{}: {}", walk.file, told(&symbol.value, locked, now, &change))),
            }
        }
        for (id, now) in lock::chains(walk, session)? {
            let said =
                lock.chains.get(&id).map(|locked| lock::changes_of_chain(locked, &now)).unwrap_or_default();
            said.iter().for_each(|said| say(format_args!("{}: step {id:?}: {said}", walk.file)));
        }
        let compared = symbols.iter().filter_map(|symbol| {
            Some(lock.functions.get(&symbol.value)?.compare(installed.get(&symbol.value)?))
        });
        say_counts(walk, compared);
        Ok(())
    }
}

/// Whether another name of the same function, for another version, is installed.
fn is_alternative_here(walk: &Walkthrough, symbol: &str, installed: &BTreeMap<String, Installed>) -> bool {
    let lists = walk.steps.iter().flat_map(|step| &step.calls);
    let with = lists.filter(|names| names.iter().any(|name| name.value == symbol));
    with.flatten().any(|name| matches!(installed.get(&name.value), Some(Installed::Here { .. })))
}

/// What became of a function, in words.
fn told(symbol: &str, locked: &lock::Locked, now: &Installed, change: &Change) -> String {
    let before = format!(
        "{} {} {}:{}",
        locked.package,
        locked.version.as_deref().unwrap_or_default(),
        locked.file,
        locked.line
    );
    let now = match now {
        Installed::Here { version, file, line, .. } => format!("{} {version} {file}:{line}", locked.package),
        Installed::Missing { version, elsewhere } if elsewhere.is_empty() => {
            format!("{} {version} has no function of this name", locked.package)
        }
        Installed::Missing { version, elsewhere } => {
            format!(
                "{} {version} has functions of this name elsewhere: {}",
                locked.package,
                elsewhere.join(", ")
            )
        }
        Installed::NoPackage | Installed::Unreadable { .. } => "not compared".to_owned(),
    };
    format!("{symbol}: {}: {before} → {now}", change.as_str())
}

fn say_counts(walk: &Walkthrough, changes: impl Iterator<Item = Change>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    changes.for_each(|change| *counts.entry(change.as_str()).or_default() += 1);
    if !counts.is_empty() {
        let counts =
            counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ");
        say(format_args!("{}: functions as installed here: {counts}", walk.file));
    }
}

fn read_lock(loaded: &Loaded, faults: &mut Vec<Fault>) -> Option<Lock> {
    let walk = &loaded.text;
    let Some(text) = &loaded.lock else {
        if let Some(first) = check::symbols(walk).first() {
            faults.push(walk.fault(first, format!("there is no {LOCK}; write it with: wirewalk lock")));
        }
        return None;
    };
    match Lock::read(text) {
        Ok(lock) => Some(lock),
        Err(why) => {
            let file = walk.file.replace(crate::walkthrough::TEXT, LOCK);
            faults.push(Fault {
                file,
                line: 1,
                column: 1,
                message: format!("this is no lock file: {why}"),
                nearest: Vec::new(),
            });
            None
        }
    }
}

impl Environment {
    /// What is installed of what a walkthrough names. Where that cannot be asked it is said, and nothing is compared.
    fn ask(&self, walk: &Walkthrough, lock: &Lock) -> BTreeMap<String, Installed> {
        let place = |symbol: &str| {
            lock.functions.get(symbol).map(|locked| (locked.package.clone(), locked.file.clone()))
        };
        self.installed(walk, place)
    }

    /// The same; `place` says in which package and file a function was.
    fn installed(
        &self,
        walk: &Walkthrough,
        place: impl Fn(&str) -> Option<(String, String)>,
    ) -> BTreeMap<String, Installed> {
        let (mut of_python, mut of_node) = (Asked::new(), Asked::new());
        for names in walk.steps.iter().flat_map(|step| &step.calls) {
            // Those for other versions are of the same package.
            let place = names.iter().find_map(|name| place(&name.value));
            if let Some((package, file)) = place.filter(|(package, _)| !package.is_empty()) {
                let asked = if file.ends_with(".py") { &mut of_python } else { &mut of_node };
                asked.entry(package).or_default().extend(names.iter().map(|name| name.value.clone()));
            }
        }
        let folder = self.node.as_deref().unwrap_or(Path::new("."));
        let mut found = BTreeMap::new();
        let mut take = |asked: &Asked, ask: &dyn Fn(&Asked) -> io::Result<Answered>| {
            if asked.is_empty() {
                return;
            }
            match ask(asked) {
                Ok(packages) => found.extend(of_packages(asked, &packages)),
                Err(error) => say(format_args!("what is installed here is not compared: {error}")),
            }
        };
        take(&of_python, &|asked| installed::python(&self.python(), asked));
        take(&of_node, &|asked| installed::node(folder, asked));
        found
    }

    fn python(&self) -> String {
        let of_environment = || {
            let folder = PathBuf::from(std::env::var_os("VIRTUAL_ENV")?);
            let program = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
            Some(program.to_string_lossy().into_owned())
        };
        self.python.clone().or_else(of_environment).unwrap_or_else(|| "python3".to_owned())
    }
}

/// Each symbol that was asked for, as it is installed.
fn of_packages<'a>(
    asked: &'a Asked,
    packages: &'a Answered,
) -> impl Iterator<Item = (String, Installed)> + 'a {
    asked.iter().flat_map(|(package, symbols)| {
        let here = packages.get(package).and_then(Option::as_ref);
        symbols.iter().map(move |symbol| (symbol.clone(), of_package(here, symbol)))
    })
}

fn of_package(package: Option<&installed::InstalledPackage>, symbol: &str) -> Installed {
    let Some(package) = package else { return Installed::NoPackage };
    let version = package.version.clone();
    match package.functions.get(symbol) {
        Some(installed::Found::Here { file, line, body }) => {
            Installed::Here { version, file: file.clone(), line: *line, body: body.clone() }
        }
        Some(installed::Found::Elsewhere { elsewhere }) => {
            Installed::Missing { version, elsewhere: elsewhere.clone() }
        }
        None => Installed::Unreadable { version },
    }
}

impl LockOptions {
    pub fn run(self) -> anyhow::Result<()> {
        self.folders.iter().try_for_each(|folder| self.lock(folder))
    }

    fn lock(&self, folder: &Path) -> anyhow::Result<()> {
        let loaded = walkthroughs::load(folder)?;
        if !folder.is_dir() {
            bail!("{} comes with wirewalk and is locked; lock a folder of your own", folder.display());
        }
        let walk = &loaded.text;
        let (session, _) = loaded.session(MAX_MESSAGE)?;
        let place = |symbol: &str| {
            let function = lock::called(&session, symbol)?;
            let package = session.calls().package(function)?;
            Some((package.name.clone(), lock::file(&session, function)))
        };
        let installed = self.environment.installed(walk, place);
        let link = |package: &crate::wire::trace::Package, function: &crate::session::calls::FunctionInfo| {
            permalink::of(package, &function.file, function.line)
        };
        let now = |symbol: &str| installed.get(symbol).cloned().unwrap_or(Installed::NoPackage);
        let made = Lock::of(walk, &session, link, now)?;
        let path = folder.join(LOCK);
        fs::write(&path, made.text()).with_context(|| format!("cannot write {}", path.display()))?;
        let without: Vec<&str> = made
            .functions
            .iter()
            .filter(|(_, locked)| locked.digest.is_none())
            .map(|(symbol, _)| symbol.as_str())
            .collect();
        say(format_args!("{}: {} functions", path.display(), made.functions.len()));
        if !without.is_empty() {
            say(format_args!(
                "{} of them without a digest, since they are of your own or the recorded version is not installed here: {}",
                without.len(),
                without.join(", ")
            ));
        }
        Ok(())
    }
}
