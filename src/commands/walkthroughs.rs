//! Walkthroughs by name or folder: those that are inside the binary, and the user's own.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, anyhow, bail};

use crate::calls::source;
use crate::capture::Recorder;
use crate::escape;
use crate::session::Session;
use crate::session::calls::FunctionInfo;
use crate::tui::home::WalkEntry;
use crate::walkthrough::lock;
use crate::walkthrough::{Fault, LOCK, Over, TEXT, Walkthrough};

/// A walkthrough that comes with wirewalk.
pub(super) struct Shipped {
    /// Its name, which is also that of its folder.
    pub name: &'static str,
    text: &'static str,
    transcript: &'static [u8],
    lock: &'static str,
    /// The files of its app, by their names.
    sources: &'static [(&'static str, &'static str)],
}

macro_rules! shipped {
    ($($name:literal: $($source:literal),*;)+) => {
        &[
            Shipped {
                name: "demo",
                text: include_str!("../../walkthroughs/demo/walkthrough.md"),
                transcript: &[],
                lock: "",
                sources: &[],
            },
            $(Shipped {
                name: $name,
                text: include_str!(concat!("../../walkthroughs/", $name, "/walkthrough.md")),
                transcript: include_bytes!(concat!("../../walkthroughs/", $name, "/session.wirewalk")),
                lock: include_str!(concat!("../../walkthroughs/", $name, "/lock.json")),
                sources: &[$(($source, include_str!(concat!("../../walkthroughs/", $name, "/", $source)))),*],
            },)+
        ]
    };
}

/// Those that come with wirewalk, in the order in which they are offered; each with the files of its app whose functions are called.
pub(super) static SHIPPED: &[Shipped] = shipped! {
    "flask-socketio": "app.py";
    "websocket-from-scratch":;
    "socketio-events": "server.cjs";
    "when-it-fails": "app.py";
};

/// A walkthrough that was read.
pub(super) struct Loaded {
    /// The text, taken apart.
    pub text: Walkthrough,
    /// What it is called by, and where one stopped in it is remembered under.
    pub name: String,
    /// The text of its lock file, where there is one.
    pub lock: Option<String>,
    transcript: Transcript,
    /// The source of its app.
    pub sources: Sources,
}

/// Where the source of its app is.
pub(super) enum Sources {
    Folder(PathBuf),
    Inside(&'static [(&'static str, &'static str)]),
}

impl Sources {
    /// A file of the app, by its name.
    pub fn file(&self, name: &str) -> Option<String> {
        match self {
            // A transcript is a stranger's: what it names must be in the folder.
            Sources::Folder(folder)
                if Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) =>
            {
                source::text(&folder.join(name).to_string_lossy()).ok()
            }
            Sources::Folder(_) => None,
            Sources::Inside(files) => {
                files.iter().find(|(file, _)| *file == name).map(|(_, text)| (*text).to_owned())
            }
        }
    }
}

enum Transcript {
    File(PathBuf),
    Inside(&'static [u8]),
    /// There is none: it walks through the demo.
    None,
}

/// Those that come with wirewalk, to choose from.
pub(super) fn entries() -> Vec<WalkEntry> {
    let entry = |shipped: &'static Shipped| {
        let text = inside(shipped).ok()?.text;
        Some(WalkEntry { name: shipped.name.to_owned(), title: text.title, minutes: text.minutes.value })
    };
    SHIPPED.iter().filter_map(entry).collect()
}

/// Finds and reads a walkthrough, by its folder or by the name of one that comes with wirewalk.
pub(super) fn load(what: &Path) -> anyhow::Result<Loaded> {
    let name = what.to_string_lossy();
    // Whoever writes a path means a folder.
    let shipped = SHIPPED.iter().find(|shipped| shipped.name == name).filter(|_| !what.join(TEXT).is_file());
    match shipped {
        Some(shipped) => inside(shipped),
        None => in_folder(what),
    }
}

/// Reads one that comes with wirewalk.
pub(super) fn inside(shipped: &'static Shipped) -> anyhow::Result<Loaded> {
    let text = read(&format!("{}/{TEXT}", shipped.name), shipped.text)?;
    let transcript = match text.over {
        Over::Transcript(_) => Transcript::Inside(shipped.transcript),
        Over::Demo => Transcript::None,
    };
    Ok(Loaded {
        text,
        name: shipped.name.to_owned(),
        lock: (!shipped.lock.is_empty()).then(|| shipped.lock.to_owned()),
        transcript,
        sources: Sources::Inside(shipped.sources),
    })
}

fn in_folder(folder: &Path) -> anyhow::Result<Loaded> {
    let path = folder.join(TEXT);
    if !path.is_file() {
        let names = SHIPPED.iter().map(|shipped| shipped.name).collect::<Vec<_>>().join(", ");
        bail!(
            "there is no walkthrough {:?}: no such folder with a {TEXT}, and none that comes with wirewalk, which are {names}",
            folder.display()
        );
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = read(&path.to_string_lossy(), &text)?;
    let transcript = match &text.over {
        Over::Transcript(name) => Transcript::File(folder.join(&name.value)),
        Over::Demo => Transcript::None,
    };
    let lock = match fs::read_to_string(folder.join(LOCK)) {
        Ok(lock) => Some(lock),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.join(LOCK).display()));
        }
    };
    let name = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let sources = Sources::Folder(folder.to_owned());
    Ok(Loaded { text, name: name.to_string_lossy().into_owned(), lock, transcript, sources })
}

fn read(file: &str, text: &str) -> anyhow::Result<Walkthrough> {
    Walkthrough::read(file, text).map_err(|faults| {
        tell(&faults);
        anyhow!("{}", counted(faults.len(), file))
    })
}

/// Writes faults to standard error, a line each, as compilers do.
pub(super) fn tell(faults: &[Fault]) {
    let mut out = io::stderr().lock();
    for fault in faults {
        // That nobody reads it any more is no reason to fail.
        let _ = writeln!(out, "{}", escape::line(&fault.to_string()));
    }
}

/// What failed, once the faults were told.
pub(super) fn counted(faults: usize, file: &str) -> String {
    match faults {
        1 => format!("{file} has a fault"),
        n => format!("{file} has {n} faults"),
    }
}

/// A transcript as a file that can be opened; where it was inside the binary it is gone with this.
pub(super) struct OnDisk {
    /// The file.
    pub path: PathBuf,
    _temporary: Option<Temporary>,
}

/// What is removed when it is dropped.
enum Temporary {
    File(#[expect(dead_code, reason = "it is dropped")] tempfile::TempPath),
    Folder(#[expect(dead_code, reason = "it is dropped")] tempfile::TempDir),
}

impl Loaded {
    /// The transcript as a file; `None` where it walks through the demo.
    pub fn transcript(&self) -> anyhow::Result<Option<OnDisk>> {
        match &self.transcript {
            Transcript::None => Ok(None),
            Transcript::File(path) => Ok(Some(OnDisk { path: path.clone(), _temporary: None })),
            Transcript::Inside(bytes) => {
                let mut file = tempfile::Builder::new()
                    .prefix("wirewalk-")
                    .suffix(".wirewalk")
                    .tempfile()
                    .context("cannot unpack the transcript")?;
                file.write_all(bytes).context("cannot unpack the transcript")?;
                let path = file.into_temp_path();
                Ok(Some(OnDisk { path: path.to_path_buf(), _temporary: Some(Temporary::File(path)) }))
            }
        }
    }

    /// The text of a file of the app that was recorded, where it stands beside the walkthrough's text.
    pub fn source(&self, session: &Session, function: &FunctionInfo) -> Option<String> {
        let is_own = session.calls().package(function).is_some_and(|package| package.name.is_empty());
        is_own.then(|| self.sources.file(&lock::file(session, function)))?
    }

    /// Reads the whole transcript; that of a walk through the demo is recorded first. Fails with what is wrong, and where it is named.
    pub fn session(&self, max_message: usize) -> anyhow::Result<(Session, OnDisk)> {
        let on_disk = match self.transcript()? {
            Some(on_disk) => on_disk,
            None => demo()?,
        };
        if let (Over::Transcript(name), false) = (&self.text.over, on_disk.path.is_file()) {
            tell(&[self.text.fault(name, format!("there is no file {:?} beside this text", name.value))]);
            bail!("{}", counted(1, &self.text.file));
        }
        let (session, ..) = Recorder::open(&on_disk.path, max_message)?;
        Ok((session, on_disk))
    }
}

/// Runs the demo to its end, and records it.
fn demo() -> anyhow::Result<OnDisk> {
    let folder = tempfile::tempdir().context("cannot record the demo")?;
    let file = folder.path().join("demo.wirewalk");
    let mut command = Command::new(std::env::current_exe().context("cannot run the demo")?);
    command.args(["demo", "--print", "summary", "--record"]).arg(&file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().context("cannot run the demo")?;
    if !status.success() {
        bail!("the demo failed: {status}");
    }
    Ok(OnDisk { path: file, _temporary: Some(Temporary::Folder(folder)) })
}
