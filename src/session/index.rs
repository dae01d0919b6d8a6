//! The index of units: a fixed, small number of bytes for each, and tables for what few units have.

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::calls::Ordinals;
use super::connections::Connections;
use super::engine::{EngineId, Engines};
use super::store::Derived;
use crate::decode::connection::Units;
use crate::decode::field::{Rule, Severity};
use crate::decode::limits::MAX_FINDINGS_OF_A_RULE;
use crate::decode::tcp::FINDINGS_LEFT_OUT;
use crate::decode::unit::{
    Announced, Finding, Happening, Link, LinkKind, Memory, SourceId, Span, Unit, UnitId, UnitKind,
};
use crate::wire::{ConnId, Direction, Record, Timestamp};

/// All units of a session.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Index {
    #[serde(skip)]
    entries: Vec<Entry>,
    pub findings: Sparse<Finding>,
    pub links: Sparse<Link>,
    pub happenings: Sparse<Box<Happening>>,
    pub sent: Sparse<Box<Record>>,
    pub inflated: Sparse<Derived>,
    pub engines: Engines,
    pub connections: Connections,
    #[serde(skip)]
    pub ordinals: Ordinals,
    /// How many findings there were, those that are not kept included.
    pub finding_count: usize,
    /// The first unit that each rule was found on, and how often it was found, by the rule's key.
    #[serde(with = "found")]
    found: HashMap<&'static str, (UnitId, usize)>,
    /// Inflated messages that the store has not taken yet.
    #[serde(skip)]
    fresh: Vec<(UnitId, Bytes)>,
}

/// Rules are written by their keys; what a later wirewalk does not know any more is no rule.
mod found {
    use std::collections::HashMap;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::decode::field::by_key;
    use crate::decode::unit::UnitId;

    type Found = HashMap<&'static str, (UnitId, usize)>;

    pub fn serialize<S: Serializer>(found: &Found, serializer: S) -> Result<S::Ok, S::Error> {
        found.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Found, D::Error> {
        let found: Vec<(String, (UnitId, usize))> = Vec::deserialize(deserializer)?;
        Ok(found.into_iter().filter_map(|(key, of)| Some((by_key::rule(&key)?.key, of))).collect())
    }
}

/// What is kept of every unit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    at: Timestamp,
    begin: u64,
    length: u64,
    /// From its first byte to its last, in microseconds, at most 71 minutes.
    took: u32,
    conn: ConnId,
    engine: Option<EngineId>,
    memory: Memory,
    kind: UnitKind,
    dir: Direction,
    undecoded: bool,
    severity: Option<Severity>,
}

// Twelve bytes of the 150 that a small message may cost go to its place in the byte store; what is left
// here leaves room for the allocator.
const _: () = assert!(size_of::<Entry>() <= 64);

/// What the index knows of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitRef {
    /// Its number.
    pub id: UnitId,
    /// The connection it was seen on.
    pub conn: ConnId,
    /// The way it travelled.
    pub dir: Direction,
    /// When its first byte came.
    pub at: Timestamp,
    /// How long it took from its first byte to its last, in nanoseconds, exact to a microsecond.
    pub took: u64,
    /// What it is.
    pub kind: UnitKind,
    /// Where in its direction's stream it begins.
    pub begin: u64,
    /// How many bytes it has on the wire.
    pub length: u64,
    /// The gravest of its findings.
    pub severity: Option<Severity>,
    pub(super) engine: Option<EngineId>,
    pub(super) memory: Memory,
    pub(super) undecoded: bool,
}

impl UnitRef {
    /// The number of the engine session that it belongs to, from 1, as the session lists them.
    pub fn engine_number(&self) -> Option<u32> {
        self.engine.map(EngineId::number)
    }
}

impl Index {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// What is kept of every unit, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes what was kept of the next units.
    pub fn extend(&mut self, entries: Vec<Entry>) {
        self.entries.extend(entries);
    }

    pub fn unit(&self, id: UnitId) -> Option<UnitRef> {
        let entry = self.entries.get((id.0 as usize).checked_sub(1)?)?;
        Some(UnitRef {
            id,
            conn: entry.conn,
            dir: entry.dir,
            at: entry.at,
            took: u64::from(entry.took) * 1000,
            kind: entry.kind,
            begin: entry.begin,
            length: entry.length,
            severity: entry.severity,
            engine: entry.engine,
            memory: entry.memory,
            undecoded: entry.undecoded,
        })
    }

    /// Whether no unit before this one broke the rule.
    pub fn is_first(&self, rule: &Rule, unit: UnitId) -> bool {
        self.found.get(rule.key).is_some_and(|(first, _)| *first == unit)
    }

    /// Keeps a finding, unless there are many like it.
    fn find(&mut self, id: UnitId, finding: Finding) {
        self.finding_count += 1;
        let (_, times) = self.found.entry(finding.rule.key).or_insert((id, 0));
        *times += 1;
        let times = *times;
        if times > MAX_FINDINGS_OF_A_RULE {
            return;
        }
        let title = finding.rule.title;
        self.findings.push(id, finding);
        if times == MAX_FINDINGS_OF_A_RULE {
            let span = Span::bits(SourceId::WIRE, 0..0);
            self.find(id, Finding { rule: &FINDINGS_LEFT_OUT, span, detail: title.to_owned() });
        }
    }

    /// The inflated messages that came since the last call.
    pub fn take_inflated(&mut self) -> Vec<(UnitId, Bytes)> {
        std::mem::take(&mut self.fresh)
    }

    /// Says where an inflated message was stored.
    pub fn place_inflated(&mut self, unit: UnitId, place: Derived) {
        self.inflated.push(unit, place);
    }
}

impl Units for Index {
    fn next_id(&self) -> UnitId {
        UnitId(u32::try_from(self.entries.len() + 1).unwrap_or(u32::MAX))
    }

    fn push(&mut self, mut unit: Unit) {
        let id = self.next_id();
        let request = unit.links.iter().find(|link| link.kind == LinkKind::Request);
        let requested = request.and_then(|link| self.unit(link.to)?.engine);
        self.connections.push(id, &unit);
        self.ordinals.push(id, &unit);
        let engine = self.engines.tie(id, &mut unit, requested);
        let took = unit.end.since(unit.at).as_micros();
        self.entries.push(Entry {
            at: unit.at,
            begin: unit.range.start,
            length: unit.range.end - unit.range.start,
            took: u32::try_from(took).unwrap_or(u32::MAX),
            conn: unit.conn,
            engine,
            memory: unit.memory,
            kind: unit.kind,
            dir: unit.dir,
            undecoded: unit.undecoded,
            severity: unit.findings.iter().map(|f| f.rule.severity).max(),
        });
        for finding in unit.findings {
            self.find(id, finding);
        }
        unit.links.into_iter().for_each(|link| self.links.push(id, link));
        unit.sent.into_iter().for_each(|record| self.sent.push(id, Box::new(record)));
        unit.happening.into_iter().for_each(|happening| self.happenings.push(id, happening));
        self.fresh.extend(unit.inflated.map(|bytes| (id, bytes)));
    }

    fn announced(&self, sid: &str, dir: Direction) -> Option<Announced> {
        self.engines.announced(sid, dir)
    }

    fn announce(&mut self, sid: &str, dir: Direction, announced: Option<Announced>) {
        self.engines.announce(sid, dir, announced);
    }
}

/// A table of what few units have, in the order of the units.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sparse<T>(Vec<(UnitId, T)>);

impl<T> Default for Sparse<T> {
    fn default() -> Sparse<T> {
        Sparse(Vec::new())
    }
}

impl<T> Sparse<T> {
    fn push(&mut self, id: UnitId, value: T) {
        self.0.push((id, value));
    }

    /// What the unit has.
    pub fn of(&self, id: UnitId) -> &[(UnitId, T)] {
        self.between(id, UnitId(id.0.saturating_add(1)))
    }

    /// What the units from `first` on, up to but not `end`, have.
    pub fn between(&self, first: UnitId, end: UnitId) -> &[(UnitId, T)] {
        let begin = self.0.partition_point(|(id, _)| *id < first);
        let end = self.0.partition_point(|(id, _)| *id < end);
        self.0.get(begin..end).unwrap_or_default()
    }
}
