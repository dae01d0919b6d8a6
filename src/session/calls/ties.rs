//! Which calls belong to which units, both ways, and how sure that is.
//!
//! Both sides count: units on the wire, marks in the process. Two that have the same number are one thing if what the mark says of the
//! bytes is true of the unit. Where it says nothing the tie is only inferred, and where it says something else there is none.

use flate2::Crc;

use super::{CallId, Check, Key, TurnId};
use crate::decode::http1::head::{Head, Parsed, Role, StartLine};
use crate::decode::limits::MAX_HEAD;
use crate::decode::unit::{LinkKind, UnitId, UnitKind};
use crate::session::{Session, StoreError, UnitRef};

/// How sure a tie is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// By its number, but its bytes were not compared.
    Inferred,
    /// By its number, and its bytes are those that the process saw.
    Certain,
}

impl Certainty {
    /// `certain` or `inferred`.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Inferred => "inferred",
            Certainty::Certain => "certain",
        }
    }
}

/// A unit that a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tied {
    /// The unit.
    pub unit: UnitId,
    /// How sure that is.
    pub certainty: Certainty,
}

/// The calls that belong to a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitCalls {
    /// The turns that it caused by itself, in the order in which they began; those that share their cause hang on these.
    pub caused: Vec<(TurnId, Certainty)>,
    /// The turns that wrote it, and which of what each wrote it is.
    pub written: Vec<(TurnId, usize, Certainty)>,
}

impl UnitCalls {
    /// Whether no call belongs to it.
    pub fn is_empty(&self) -> bool {
        self.caused.is_empty() && self.written.is_empty()
    }
}

impl Session {
    /// The calls that belong to a unit. Fails where its bytes cannot be read back to be compared.
    pub fn calls_of(&self, unit: &UnitRef) -> Result<UnitCalls, StoreError> {
        let mut calls = UnitCalls::default();
        let Some(key) = self.key_of(unit) else { return Ok(calls) };
        for id in self.calls.caused.get(&key).into_iter().flatten() {
            let Some((_, check)) = self.calls.turn(*id).and_then(|turn| turn.cause.as_ref()) else {
                continue;
            };
            calls.caused.extend(self.certainty(key, check)?.map(|certainty| (*id, certainty)));
        }
        for (id, place) in self.calls.written.get(&key).into_iter().flatten() {
            let Some(wrote) = self.calls.turn(*id).and_then(|turn| turn.wrote.get(*place)) else { continue };
            calls
                .written
                .extend(self.certainty(key, &wrote.check)?.map(|certainty| (*id, *place, certainty)));
        }
        Ok(calls)
    }

    /// Whether calls may belong to a unit, as far as the index alone knows.
    pub fn may_have_calls(&self, unit: &UnitRef) -> bool {
        self.key_of(unit)
            .is_some_and(|key| self.calls.caused.contains_key(&key) || self.calls.written.contains_key(&key))
    }

    /// The unit that a call was made because of.
    pub fn cause_of(&self, call: CallId) -> Result<Option<Tied>, StoreError> {
        let cause = self.calls.get(call).and_then(|call| self.calls.cause(call.turn));
        cause.map_or(Ok(None), |(key, check)| self.tied(*key, check))
    }

    /// The unit that a call wrote, itself or one that it called; or that its turn wrote, where that did nothing else.
    pub fn written_by(&self, call: CallId) -> Result<Option<Tied>, StoreError> {
        let turn = self.calls.get(call).and_then(|call| self.calls.turn(call.turn));
        let wrote = turn.and_then(|turn| {
            let own = turn.wrote.iter().find(|wrote| self.calls.is_within(wrote.call, call));
            let only = turn.wrote.iter().find(|wrote| call <= wrote.call).or(turn.wrote.last());
            own.or(only.filter(|_| turn.cause.is_none()))
        });
        wrote.map_or(Ok(None), |wrote| self.tied(wrote.key, &wrote.check))
    }

    fn tied(&self, key: Key, check: &Check) -> Result<Option<Tied>, StoreError> {
        let Some(unit) = self.unit_of(key) else { return Ok(None) };
        Ok(self.certainty(key, check)?.map(|certainty| Tied { unit, certainty }))
    }

    /// The unit of something on the wire.
    pub fn unit_of(&self, key: Key) -> Option<UnitId> {
        let unit = self.index.ordinals.unit(key)?;
        match key {
            Key::Request(..) | Key::Message(..) | Key::Close(..) => Some(unit),
            // The last answer: before it there may have been interim ones.
            Key::Response(..) => {
                self.answers(unit).filter(|(_, kind)| *kind == LinkKind::Request).map(|(id, _)| id).last()
            }
        }
    }

    /// What a unit is on the wire, by its number; a fragment counts as the message that it is of.
    fn key_of(&self, unit: &UnitRef) -> Option<Key> {
        let ordinals = &self.index.ordinals;
        match unit.kind {
            UnitKind::Frame | UnitKind::Closed if ordinals.is_close(unit.conn, unit.dir, unit.id) => {
                Some(Key::Close(unit.conn, unit.dir))
            }
            UnitKind::HttpRequest => Some(Key::Request(unit.conn, ordinals.request(unit.conn, unit.id)?)),
            UnitKind::HttpResponse => {
                let (_, link) =
                    self.links(unit.id).iter().find(|(_, link)| link.kind == LinkKind::Request)?;
                Some(Key::Response(unit.conn, ordinals.request(unit.conn, link.to)?))
            }
            UnitKind::Frame => {
                let number = ordinals.message(unit.conn, unit.dir, unit.id)?;
                let key = Key::Message(unit.conn, unit.dir, number);
                // A control frame may stand before the message, or between its fragments.
                (self.unit_of(key) == Some(unit.id) || self.is_data(unit)).then_some(key)
            }
            _ => None,
        }
    }

    fn is_data(&self, unit: &UnitRef) -> bool {
        let header = self.wire(unit, 1).unwrap_or_default();
        header.first().is_some_and(|first| first & 0x08 == 0)
    }

    /// How sure it is that a mark means what it says it means; `None` where it cannot be.
    fn certainty(&self, key: Key, check: &Check) -> Result<Option<Certainty>, StoreError> {
        let Some(unit) = self.unit_of(key).and_then(|id| self.unit(id)) else { return Ok(None) };
        let is_so = match check {
            // A direction ends once.
            _ if matches!(key, Key::Close(..)) => true,
            Check::Nothing => return Ok(Some(Certainty::Inferred)),
            Check::Payload(length, crc32) => match self.message_of(&unit)?.map(|message| message.bytes) {
                Some(bytes) => bytes.len() as u64 == *length && crc(&bytes) == *crc32,
                None => return Ok(Some(Certainty::Inferred)),
            },
            Check::Request(method, target) => self.start_of(&unit, Role::Request)?.is_some_and(|line| {
                let mut parts = line.split(' ');
                parts.next() == Some(method) && parts.next() == Some(target)
            }),
            Check::Status(status) => self
                .start_of(&unit, Role::Response)?
                .is_some_and(|line| line.split(' ').nth(1) == Some(&status.to_string())),
        };
        Ok(is_so.then_some(Certainty::Certain))
    }

    /// The first line of an HTTP message: method and target, or version and status, with one space between.
    fn start_of(&self, unit: &UnitRef, role: Role) -> Result<Option<String>, StoreError> {
        let bytes = self.wire(unit, MAX_HEAD as u64)?;
        let Parsed::Complete(head) = Head::parse(&bytes, role) else { return Ok(None) };
        let text = |range: &std::ops::Range<usize>| {
            String::from_utf8_lossy(bytes.get(range.clone()).unwrap_or_default()).into_owned()
        };
        Ok(Some(match &head.start {
            StartLine::Request { method, target, .. } => format!("{} {}", text(method), text(target)),
            StartLine::Response { version, code, .. } => format!("{} {code}", text(version)),
        }))
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
