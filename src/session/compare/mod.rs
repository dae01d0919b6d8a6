//! Two sessions laid beside each other by what they mean.
//!
//! Each session is read into conversations (`reading`): an engine session or a WebSocket with the requests that opened it,
//! the requests for one address, or a connection that carries something else. A unit is one or more parts (`parts`), and a
//! part a list of fields without what differs anyway (`ignored`, `said`). Conversations are paired by what they are about
//! (`conversation`), and in each pair the parts of each direction are aligned (`rows`, `align`); between the directions nothing is said to be earlier or later,
//! since that is chance. Only hashes are kept of a part; what differs is read again when someone looks.

mod align;
mod conversation;
mod ignored;
mod parts;
mod reading;
mod rows;
mod said;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::filter::Filter;
use super::{Session, StoreError};
use crate::decode::field::Severity;
use crate::decode::sink::Detail;
use crate::decode::unit::{Finding, Tree};
use crate::wire::Timestamp;
pub use conversation::{Conversation, Kind};
use ignored::Ignorance;
pub use ignored::{is_key, reasons};
pub use parts::Count;
use reading::Reading;
pub use rows::{Item, Row};
pub use said::{Difference, Said};

/// Conversations that are the same one, or one that the other session has not.
#[derive(Debug)]
pub struct Pair {
    /// In the first session.
    pub a: Option<Conversation>,
    /// In the second.
    pub b: Option<Conversation>,
    /// Their parts beside each other.
    pub rows: Vec<Row>,
}

/// A part, read again since someone looks.
#[derive(Debug, Default)]
pub struct Seen {
    /// The unit that it is in.
    pub tree: Tree,
    /// What it says in a line. A peer's text.
    pub text: String,
    said: Vec<Said>,
}

/// Two sessions beside each other.
#[derive(Debug)]
pub struct Comparison<'s> {
    sides: [Side<'s>; 2],
    counts: [BTreeMap<Count, u64>; 2],
    /// The pairs, in the order in which they began.
    pub pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Side<'s> {
    session: &'s Session,
    ignorance: Ignorance<'s>,
}

impl<'s> Comparison<'s> {
    /// Compares the units that a filter lets through, without the fields that `ignore` names. Fails where units cannot be read back.
    pub fn of(
        a: &'s Session,
        b: &'s Session,
        ignore: &'s [String],
        filter: Option<&Filter>,
    ) -> Result<Comparison<'s>, StoreError> {
        let (of_a, ignorance_a) = Reading::new(a, ignore).read(filter)?;
        let (of_b, ignorance_b) = Reading::new(b, ignore).read(filter)?;
        let counts = [conversation::total(&of_a), conversation::total(&of_b)];
        let pairs = conversation::pair(of_a, of_b).into_iter().map(|(a, b)| {
            let rows = rows::of(a.as_ref(), b.as_ref());
            Pair { a, b, rows }
        });
        let mut pairs: Vec<Pair> = pairs.filter(|pair| !pair.rows.is_empty()).collect();
        let side = |session, ignorance| Side { session, ignorance };
        let sides = [side(a, ignorance_a), side(b, ignorance_b)];
        pairs.sort_by_key(|pair| pair.rows.first().map(|row| began(&sides, row)));
        Ok(Comparison { sides, counts, pairs })
    }

    /// Reads a part of one of the sessions again: 0 is the first.
    pub fn look(&self, side: usize, item: Item) -> Result<Seen, StoreError> {
        let Side { session, ignorance } = &self.sides[side];
        let Some(unit) = session.unit(item.unit) else { return Ok(Seen::default()) };
        let tree = session.look(&unit, Detail::Tree)?;
        let part = usize::from(item.part);
        let said = parts::of(session, &unit, &tree, ignorance).into_iter().nth(part).map(|part| part.said);
        let heard = said.into_iter().flatten().filter(|said| !said.is_muted).collect();
        Ok(Seen { text: parts::text(&unit, &tree, part), said: heard, tree })
    }

    /// The two sessions.
    pub fn sessions(&self) -> [&'s Session; 2] {
        [self.sides[0].session, self.sides[1].session]
    }

    /// What is not compared but counted, and how often it is on each side.
    pub fn counts(&self) -> [(Count, [u64; 2]); 4] {
        let count = |side: usize, what| self.counts[side].get(&what).copied().unwrap_or_default();
        Count::ALL.map(|what| (what, [count(0, what), count(1, what)]))
    }

    /// What is found in one session and not in the other, in the order of time: where to look first.
    pub fn first_that_matters(&self) -> Option<(Row, usize, &Finding)> {
        if self.sides[0].ignorance.has_key("finding") {
            return None;
        }
        let rows = self.pairs.iter().flat_map(|pair| &pair.rows).filter(|row| !row.is_same());
        let found = rows.flat_map(|row| self.found(row));
        found.min_by_key(|(row, _, _)| began(&self.sides, row))
    }

    /// What is found on one side of a row only.
    fn found(&self, row: &Row) -> Vec<(Row, usize, &Finding)> {
        let findings = [(0, row.a), (1, row.b)].map(|(side, item)| {
            let session = self.sides[side].session;
            let all = item.filter(|item| item.part == 0).map(|item| session.findings(item.unit));
            let grave = |finding: &&Finding| finding.rule.severity > Severity::Note;
            all.unwrap_or_default().iter().map(|(_, finding)| finding).filter(grave).collect::<Vec<_>>()
        });
        let only = |side: usize| {
            let other = &findings[1 - side];
            let is_only = |finding: &&&Finding| !other.iter().any(|known| known.rule == finding.rule);
            findings[side]
                .iter()
                .filter(is_only)
                .map(move |finding| (*row, side, *finding))
                .collect::<Vec<_>>()
        };
        [only(0), only(1)].concat()
    }
}

impl Seen {
    /// The fields in which it differs from a part of the other session.
    pub fn differences(&self, other: &Seen) -> Vec<Difference> {
        said::differences(&self.said, &other.said)
    }
}

impl Pair {
    /// What a conversation that the other session has not says, so that those that say the same can be told once.
    pub fn alone(&self) -> Option<(usize, u64)> {
        match (&self.a, &self.b) {
            (Some(a), None) => Some((0, a.keys()[0])),
            (None, Some(b)) => Some((1, b.keys()[0])),
            _ => None,
        }
    }
}

/// When a row was said: in the first session, where that has it.
fn began(sides: &[Side<'_>; 2], row: &Row) -> Option<Timestamp> {
    let unit = |side: usize, item: Option<Item>| sides[side].session.unit(item?.unit);
    unit(0, row.a).or_else(|| unit(1, row.b)).map(|unit| unit.at)
}
