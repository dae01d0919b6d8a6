//! The forms in which a session is given away, and what writes each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::{ShareError, Shared};
use crate::decode::unit::UnitId;
use crate::export::page::Page;
use crate::export::page::session::MAX_UNITS;
use crate::export::pcapng::Capture;
use crate::export::report::Outside;
use crate::export::{har, json, svg};
use crate::session::{Session, StoreError, UnitRef};
use crate::wire::{ConnId, Direction, What};
use crate::words;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Markdown: a sequence diagram, then each unit with its layers.
    Md,
    /// One self-contained page that is stepped through with the arrow keys.
    Html,
    /// A drawing of the ladder, for slides.
    Svg,
    /// HAR 1.2, for the network panel of a browser.
    Har,
    /// A capture file for Wireshark and tshark.
    Pcapng,
    /// One JSON object a line for each unit.
    Json,
}

impl Form {
    /// The form that a file of this name has.
    pub fn of(path: &Path) -> Option<Form> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "md" | "markdown" => Form::Md,
            "html" | "htm" => Form::Html,
            "svg" => Form::Svg,
            "har" => Form::Har,
            "pcapng" | "pcap" => Form::Pcapng,
            "json" | "jsonl" | "ndjson" => Form::Json,
            _ => return None,
        })
    }

    /// At most how many units it takes.
    pub fn limit(self) -> usize {
        match self {
            Form::Md | Form::Html => MAX_UNITS,
            Form::Svg => svg::MAX_ROWS,
            Form::Har | Form::Pcapng | Form::Json => usize::MAX,
        }
    }
}

/// Makes the file that an export goes to, or empties it. The file that is exported (`of`) stays as it is.
pub fn create(path: &Path, of: Option<&Path>) -> Result<File, ShareError> {
    let real = |path: &Path| path.canonicalize().ok();
    if real(path).is_some_and(|path| of.and_then(real) == Some(path)) {
        return Err(ShareError::Itself(path.to_owned()));
    }
    File::create(path).map_err(|error| ShareError::Create { path: path.to_owned(), error })
}

/// Writes units of a session, in their order, under a title. A capture file has all of the connections that any of them is on.
pub fn write(
    form: Form,
    shared: &Shared,
    units: &[UnitId],
    title: &str,
    out: &mut dyn Write,
) -> Result<(), ShareError> {
    let session = &shared.session;
    let units: Vec<UnitRef> = units.iter().filter_map(|id| session.unit(*id)).collect();
    let units = units.as_slice();
    let page = || Page::of_session(session, units, title, &summary(shared, units), &Outside::default());
    match form {
        Form::Md => page()?.handout(out)?,
        Form::Html => page()?.html(out)?,
        Form::Svg => svg::write(session, units, title, out)?,
        Form::Har => {
            har::write(session, &mut units.iter().copied(), &shared.header.started, &shared.header.by, out)?
        }
        Form::Pcapng => capture(shared, units, out)?,
        Form::Json => units.iter().try_for_each(|unit| json::unit(session, unit, out))?,
    }
    Ok(())
}

/// The units of a session that are wanted, in order; at most as many as the form takes. The second number says how many more there are. Ask
/// before secrets are left out: what is wanted may depend on one.
pub fn units(
    form: Form,
    session: &Session,
    is_wanted: impl Fn(&UnitRef) -> Result<bool, StoreError>,
) -> Result<(Vec<UnitId>, usize), StoreError> {
    let (mut wanted, mut more) = (Vec::new(), 0);
    for unit in session.ids().filter_map(|id| session.unit(id)) {
        if !is_wanted(&unit)? {
            continue;
        }
        if wanted.len() < form.limit() {
            wanted.push(unit.id);
        } else {
            more += 1;
        }
    }
    Ok((wanted, more))
}

/// `41 units of 3 connections, recorded 2026-11-22T20:15:00Z in front of http://127.0.0.1:5000`.
fn summary(shared: &Shared, units: &[UnitRef]) -> String {
    let all = shared.session.len();
    let some = match units.len() {
        n if n == all => words::count(n as u64, "unit"),
        n => format!("{} of {}", words::thousands(n as u64), words::count(all as u64, "unit")),
    };
    let connections = words::count(shared.session.connection_count() as u64, "connection");
    let header = &shared.header;
    format!("{some}, {connections}, recorded {} in front of {}", header.started, header.upstream)
}

/// Writes the connections that units are on.
fn capture(shared: &Shared, units: &[UnitRef], out: &mut dyn Write) -> Result<(), ShareError> {
    let header = &shared.header;
    let started = header.started.parse::<jiff::Timestamp>().map_or(0, |at| at.as_nanosecond());
    let started = u64::try_from(started).unwrap_or_default();
    let wanted: BTreeSet<ConnId> = units.iter().map(|unit| unit.conn).collect();
    let mut notes = Notes::of(&shared.session);
    let mut capture = Capture::begin(io::BufWriter::new(out), started, &header.by)?;
    let mut records = shared.records()?;
    while let Some((_, record)) = records.next_record()? {
        if matches!(record.what, What::Told { .. }) {
            return Err(ShareError::NoPackets);
        }
        let note = notes.at(record.conn, &record.what);
        if wanted.contains(&record.conn) {
            capture.record(&record, note.as_deref())?;
        }
    }
    capture.finish()?;
    Ok(())
}

/// Which notes stand at which bytes.
struct Notes {
    /// By where the unit's last byte is.
    waiting: BTreeMap<(ConnId, usize, u64), String>,
    /// How far each direction has passed.
    passed: BTreeMap<(ConnId, usize), u64>,
}

impl Notes {
    fn of(session: &Session) -> Notes {
        let mut waiting = BTreeMap::new();
        for (id, note) in session.notes() {
            let Some(unit) = session.unit(id) else { continue };
            let text = if note.text.is_empty() { "★" } else { &note.text };
            let end = unit.begin.saturating_add(unit.length);
            waiting.insert((unit.conn, unit.dir.index(), end), format!("unit {}: {text}", id.0));
        }
        Notes { waiting, passed: BTreeMap::new() }
    }

    /// The notes of the units that end in a record.
    fn at(&mut self, conn: ConnId, what: &What) -> Option<String> {
        let (dir, length) = match what {
            What::Received { dir, bytes } => (*dir, bytes.len() as u64),
            What::Sent { dir, replaces, bytes, .. } if replaces.is_empty() => (*dir, bytes.len() as u64),
            What::Lost { dir, bytes, .. } => (*dir, *bytes),
            What::Opened(_) => (Direction::ToServer, 0),
            _ => return None,
        };
        let passed = self.passed.entry((conn, dir.index())).or_default();
        *passed = passed.saturating_add(length);
        let until = (conn, dir.index(), *passed);
        let keys: Vec<_> = self.waiting.range((conn, dir.index(), 0)..=until).map(|(key, _)| *key).collect();
        let texts: Vec<String> = keys.iter().filter_map(|key| self.waiting.remove(key)).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_in_the_name() {
        for (name, form) in [
            ("a.md", Some(Form::Md)),
            ("a.b.HTML", Some(Form::Html)),
            ("x/y.pcapng", Some(Form::Pcapng)),
            ("a.wirewalk", None),
            ("a", None),
        ] {
            assert_eq!(Form::of(Path::new(name)), form, "{name}");
        }
    }
}
