//! Two sessions beside each other as text for people, in the spirit of a unified diff.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::decode::field::Severity;
use crate::decode::unit::{Finding, Tree};
use crate::escape;
use crate::session::compare::{Comparison, Conversation, Difference, Item, Kind, Pair, Row, Said, Seen};
use crate::session::secrets::{Known, Names, Secrets};
use crate::session::{Session, StoreError};
use crate::wire::Direction;
use crate::words;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const ONLY_A: Style = AnsiColor::Red.on_default();
const ONLY_B: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();

/// What the sessions are called.
const SIDES: [&str; 2] = ["A", "B"];

/// Where the text of a line begins.
const INDENT: usize = 22;

/// Where the fields below it begin.
const FIELDS: usize = INDENT + 2;

/// However narrow the terminal is, so many columns of a line's text are printed.
const MIN_TEXT: usize = 20;

/// Explanations are folded here where there is no terminal.
const FOLDED: usize = 100;

/// So many connections of a conversation are named.
const NAMED: usize = 8;

/// How it is printed.
#[derive(Clone, Copy, Debug)]
pub struct View<'v> {
    /// Where the two sessions came from.
    pub files: [&'v str; 2],
    /// Whether what is the same is printed too.
    pub all: bool,
    /// What is secret; `None` where secrets are printed.
    pub secret: Option<(&'v Names, &'v Known)>,
    /// The columns of the terminal, if it is one.
    pub columns: Option<usize>,
}

/// How many parts are only in one session, changed or the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the one or the other only.
    pub only: [u64; 2],
    /// Not the same in both.
    pub changed: u64,
    /// Of those, the ones that differ in nothing but what was printed before.
    pub again: u64,
    /// The same in both.
    pub same: u64,
}

impl Tally {
    /// Whether the sessions differ.
    pub fn differs(&self) -> bool {
        self.changed > 0 || self.only != [0, 0]
    }
}

/// The comparison cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A unit cannot be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Prints a comparison, and says how much was the same.
pub fn write(comparison: &Comparison<'_>, view: &View<'_>, out: &mut dyn Write) -> Result<Tally, DiffError> {
    let mut writer = Writer { comparison, view, out, said: HashSet::new(), tally: Tally::default(), same: 0 };
    writer.header()?;
    writer.first_that_matters()?;
    writer.pairs()?;
    writer.counts()?;
    writer.summary()?;
    Ok(writer.tally)
}

struct Writer<'w> {
    comparison: &'w Comparison<'w>,
    view: &'w View<'w>,
    out: &'w mut dyn Write,
    /// The differences that were printed.
    said: HashSet<u64>,
    tally: Tally,
    /// So many parts since the last line are the same.
    same: u64,
}

/// A part that both sessions have, and in what it differs.
struct Changed {
    differences: Vec<Difference>,
    seen: [Seen; 2],
}

impl Writer<'_> {
    fn header(&mut self) -> io::Result<()> {
        let width = self.view.files.iter().map(|file| file.chars().count()).max().unwrap_or_default();
        for ((side, session), file) in SIDES.iter().zip(self.comparison.sessions()).zip(self.view.files) {
            let connections = words::count(session.connection_count() as u64, "connection");
            let units = words::count(session.len() as u64, "unit");
            let file = escape::line(file);
            writeln!(self.out, "{BOLD}{side}  {file:width$}{BOLD:#}  {DIM}{connections}, {units}{DIM:#}")?;
        }
        Ok(())
    }

    /// Where to look first: what was found in one of them and not in the other.
    fn first_that_matters(&mut self) -> Result<(), DiffError> {
        let Some((row, side, finding)) = self.comparison.first_that_matters() else { return Ok(()) };
        writeln!(self.out, "\n{BOLD}The first difference that matters{BOLD:#}")?;
        let Some(item) = [row.a, row.b][side] else { return Ok(()) };
        let seen = self.comparison.look(side, item)?;
        self.line(&row, side, &seen)?;
        Ok(self.finding(side, finding, &seen.tree)?)
    }

    fn finding(&mut self, side: usize, finding: &Finding, tree: &Tree) -> io::Result<()> {
        let (mark, colour) = match finding.rule.severity {
            Severity::Error => ("✗ error", AnsiColor::Red),
            Severity::Warning => ("! warning", AnsiColor::Yellow),
            Severity::Note => ("· note", AnsiColor::Cyan),
        };
        let style = colour.on_default();
        let detail = match finding.detail.as_str() {
            "" => String::new(),
            detail => format!(" ({})", self.harmless(detail, tree)),
        };
        let title = format!("only in {}: {mark}: {}{detail}", SIDES[side], finding.rule.title);
        let meaning = format!("{}  {}", finding.rule.meaning, finding.rule.spec);
        let room = self.view.columns.unwrap_or(FOLDED).saturating_sub(4).max(MIN_TEXT);
        for line in words::fold(&title, room) {
            writeln!(self.out, "    {style}{line}{style:#}")?;
        }
        words::fold(&meaning, room).iter().try_for_each(|line| writeln!(self.out, "    {DIM}{line}{DIM:#}"))
    }

    fn pairs(&mut self) -> Result<(), DiffError> {
        let comparison = self.comparison;
        let mut alike: HashMap<(usize, u64), u64> = HashMap::new();
        for alone in comparison.pairs.iter().filter_map(Pair::alone) {
            *alike.entry(alone).or_default() += 1;
        }
        for pair in &comparison.pairs {
            match pair.alone().map(|alone| (alone.0, alike.remove(&alone))) {
                None => self.pair(pair, 0)?,
                Some((_, Some(times))) => self.pair(pair, times - 1)?,
                // One that says the same was printed.
                Some((side, None)) => self.tally.only[side] += pair.rows.len() as u64,
            }
        }
        Ok(())
    }

    /// A conversation, and how many more there are like it.
    fn pair(&mut self, pair: &Pair, more: u64) -> Result<(), DiffError> {
        let mut has_heading = false;
        for row in &pair.rows {
            let changed = self.changed(row)?;
            if !self.counts_as_line(row, changed.as_ref()) {
                self.same += 1;
                continue;
            }
            if !has_heading {
                self.heading(pair)?;
                has_heading = true;
            }
            self.skipped()?;
            self.row(row, changed)?;
        }
        if has_heading {
            self.skipped()?;
        }
        self.same = 0;
        if more > 0 {
            writeln!(
                self.out,
                "  {DIM}… and {} like this one{DIM:#}",
                words::count(more, "more conversation")
            )?;
        }
        Ok(())
    }

    /// In what the two sides of a row differ, where both are there.
    fn changed(&self, row: &Row) -> Result<Option<Changed>, DiffError> {
        let (Some(a), Some(b), false) = (row.a, row.b, row.is_same()) else { return Ok(None) };
        let seen = [self.comparison.look(0, a)?, self.comparison.look(1, b)?];
        let differences = seen[0].differences(&seen[1]);
        // A session id that was only known later can make a hash differ where nothing else does.
        Ok((!differences.is_empty()).then_some(Changed { differences, seen }))
    }

    /// Counts a row, and says whether it is worth a line: it says something new, or everything is wanted.
    fn counts_as_line(&mut self, row: &Row, changed: Option<&Changed>) -> bool {
        match (row.a, row.b, changed) {
            (Some(_), None, _) => self.tally.only[0] += 1,
            (None, _, _) => self.tally.only[1] += 1,
            (_, _, None) => {
                self.tally.same += 1;
                return self.view.all;
            }
            (_, _, Some(changed)) => {
                self.tally.changed += 1;
                let is_new = changed.differences.iter().any(|found| !self.said.contains(&found.number()));
                self.tally.again += u64::from(!is_new);
                return is_new || self.view.all;
            }
        }
        true
    }

    fn heading(&mut self, pair: &Pair) -> io::Result<()> {
        let side = |side: usize, of: &Option<Conversation>| {
            of.as_ref().map(|of| format!("{} of {}", connections(of), SIDES[side]))
        };
        let sides: Vec<_> = [side(0, &pair.a), side(1, &pair.b)].into_iter().flatten().collect();
        let what = pair.a.as_ref().or(pair.b.as_ref()).map(title).unwrap_or_default();
        let only = if sides.len() == 1 { "only " } else { "" };
        let heading = escape::line(&format!("{what}: {only}{}", sides.join(" with "))).into_owned();
        writeln!(self.out, "\n{BOLD}{}{BOLD:#}", self.cut(heading, 0))
    }

    /// What was passed over since the last line.
    fn skipped(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.same) {
            0 => Ok(()),
            same => writeln!(self.out, "  {DIM}      ⋮        {same} the same{DIM:#}"),
        }
    }

    fn row(&mut self, row: &Row, changed: Option<Changed>) -> Result<(), DiffError> {
        let Some(Changed { differences, seen }) = changed else {
            let side = usize::from(row.a.is_none());
            let Some(item) = [row.a, row.b][side] else { return Ok(()) };
            return Ok(self.line(row, side, &self.comparison.look(side, item)?)?);
        };
        self.line(row, 0, &seen[0])?;
        for found in &differences {
            if self.said.insert(found.number()) || self.view.all {
                self.difference(found, &seen)?;
            }
        }
        Ok(())
    }

    /// The line of a row, with what one of its sides says.
    fn line(&mut self, row: &Row, side: usize, seen: &Seen) -> io::Result<()> {
        let (mark, style) = match (row.a, row.b) {
            (Some(_), None) => ("-", ONLY_A),
            (None, _) => ("+", ONLY_B),
            _ if row.is_same() => (" ", Style::new()),
            _ => ("~", CHANGED),
        };
        let session = self.session(side);
        let unit = [row.a, row.b][side].and_then(|item| session.unit(item.unit));
        let arrow = match unit.map(|unit| unit.dir) {
            Some(Direction::ToClient) => "◀──",
            _ => "──▶",
        };
        let number = |item: Option<Item>| item.map(|item| item.unit.0.to_string()).unwrap_or_default();
        let text = self.cut(self.harmless(&seen.text, &seen.tree), INDENT);
        let (a, b) = (number(row.a), number(row.b));
        writeln!(
            self.out,
            "{style}{mark}{style:#} {DIM}{a:>6} {b:>6}{DIM:#}  {style}{arrow}  {text}{style:#}"
        )
    }

    fn difference(&mut self, found: &Difference, seen: &[Seen; 2]) -> io::Result<()> {
        let side = |side: usize, said: &Option<Said>| match said {
            Some(said) => self.field(said, &seen[side].tree),
            None => "—".to_owned(),
        };
        let (a, b) = (side(0, &found.a), side(1, &found.b));
        let Some(said) = found.a.as_ref().or(found.b.as_ref()) else { return Ok(()) };
        let which = match said.which.as_str() {
            "" => String::new(),
            which if said.key == "finding" => format!(" {which}"),
            which => format!(" ({})", escape::line(which)),
        };
        let but = if a == b { "  (not shown where they differ)" } else { "" };
        let line = self.cut(format!("{}{which}: {a} | {b}{but}", said.key), FIELDS);
        writeln!(self.out, "{:FIELDS$}{line}", "")
    }

    fn counts(&mut self) -> io::Result<()> {
        let differ =
            self.comparison.counts().into_iter().filter(|(_, [a, b])| a != b || self.view.all && *a > 0);
        let differ: Vec<String> = differ
            .map(|(what, [a, b])| {
                format!("{} in A, {} in B", words::count(a, what.name()), words::thousands(b))
            })
            .collect();
        match differ.is_empty() {
            true => Ok(()),
            false => writeln!(self.out, "\n{DIM}Only counted: {}{DIM:#}", differ.join("; ")),
        }
    }

    fn summary(&mut self) -> io::Result<()> {
        let Tally { only: [a, b], changed, again, same } = self.tally;
        if !self.tally.differs() {
            return writeln!(
                self.out,
                "\n{BOLD}No difference{BOLD:#}: {} the same",
                words::count(same, "unit")
            );
        }
        let again = match again {
            0 => String::new(),
            again => format!(" ({} of them only as above)", words::thousands(again)),
        };
        let only_a = words::count(a, "unit");
        let [b, changed, same] = [b, changed, same].map(words::thousands);
        writeln!(
            self.out,
            "\n{BOLD}{only_a} only in A, {b} only in B, {changed} changed{again}, {same} the same{BOLD:#}"
        )
    }

    fn session(&self, side: usize) -> &Session {
        self.comparison.sessions()[side]
    }

    /// A text about a unit, without its secrets and without anything that a terminal acts on.
    fn harmless(&self, text: &str, tree: &Tree) -> String {
        let mask = |(names, known): (&Names, &Known)| known.mask(&Secrets::of(tree, names).mask(text));
        let masked = self.view.secret.map(mask);
        escape::line(masked.as_deref().unwrap_or(text)).into_owned()
    }

    fn field(&self, said: &Said, tree: &Tree) -> String {
        let mask = |(names, known): (&Names, &Known)| {
            known.mask(&Secrets::of(tree, names).mask_field(&said.span, &said.shown))
        };
        let masked = self.view.secret.map(mask);
        escape::line(masked.as_deref().unwrap_or(&said.shown)).into_owned()
    }

    fn cut(&self, text: String, indent: usize) -> String {
        match self.view.columns {
            Some(columns) => words::cut(&text, columns.saturating_sub(indent).max(MIN_TEXT)),
            None => text,
        }
    }
}

fn title(conversation: &Conversation) -> String {
    let place = &conversation.place;
    match conversation.kind {
        Kind::Socket => format!("WebSocket {place}"),
        Kind::Http => place.clone(),
        Kind::Connections => "Connections".to_owned(),
        Kind::Connection => "Connection".to_owned(),
    }
}

/// The numbers of its connections.
fn connections(conversation: &Conversation) -> String {
    let all = &conversation.connections;
    let mut names: Vec<String> = all.iter().take(NAMED).map(ToString::to_string).collect();
    if all.len() > NAMED {
        names.push(format!("and {} more", all.len() - NAMED));
    }
    names.join(" ")
}
