//! The parts of two conversations beside each other.

use std::collections::{BTreeSet, VecDeque};

use super::align::align;
use super::conversation::{Conversation, Lane};
use crate::decode::unit::UnitId;

/// A part of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The unit.
    pub unit: UnitId,
    /// Which part of it.
    pub(super) part: u16,
    pub(super) whole: u64,
    pub(super) identity: u64,
}

/// A part of one session, or of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The part in the first session.
    pub a: Option<Item>,
    /// The part in the second.
    pub b: Option<Item>,
}

impl Row {
    /// Whether both sessions say the same here.
    pub fn is_same(&self) -> bool {
        matches!((self.a, self.b), (Some(a), Some(b)) if a.whole == b.whole)
    }
}

/// The parts of two conversations beside each other, in the order of the first, or of the second where it alone has them.
pub(super) fn of<'c>(a: Option<&'c Conversation>, b: Option<&'c Conversation>) -> Vec<Row> {
    let all: BTreeSet<&Lane> = [a, b].into_iter().flatten().flat_map(|side| side.lanes.keys()).collect();
    let lane = |lane: &Lane| {
        let items = |side: Option<&'c Conversation>| side.and_then(|side| side.lanes.get(lane));
        let [a, b] = [a, b].map(|side| items(side).map(Vec::as_slice).unwrap_or_default());
        VecDeque::from(beside(a, b))
    };
    merge(all.into_iter().map(lane).collect())
}

/// The rows of one lane: first what is equal is found, then between that what is of one kind.
fn beside(a: &[Item], b: &[Item]) -> Vec<Row> {
    let mut rows = Vec::new();
    let exact = pairs(a, b, |item| item.whole);
    for (gap_a, gap_b, equal) in gaps(a, b, &exact) {
        let alike = pairs(gap_a, gap_b, |item| item.identity);
        for (only_a, only_b, changed) in gaps(gap_a, gap_b, &alike) {
            rows.extend(only_a.iter().map(|item| Row { a: Some(*item), b: None }));
            rows.extend(only_b.iter().map(|item| Row { a: None, b: Some(*item) }));
            rows.extend(changed);
        }
        rows.extend(equal);
    }
    rows
}

fn pairs(a: &[Item], b: &[Item], key: fn(&Item) -> u64) -> Vec<(usize, usize)> {
    align(&a.iter().map(key).collect::<Vec<_>>(), &b.iter().map(key).collect::<Vec<_>>())
}

/// What stands before each pair on either side, and the pair; at last what stands behind all.
fn gaps<'i>(
    a: &'i [Item],
    b: &'i [Item],
    pairs: &[(usize, usize)],
) -> Vec<(&'i [Item], &'i [Item], Option<Row>)> {
    let (mut from_a, mut from_b) = (0, 0);
    let mut gaps = Vec::new();
    for (at_a, at_b) in pairs.iter().copied() {
        let row = Row { a: a.get(at_a).copied(), b: b.get(at_b).copied() };
        gaps.push((&a[from_a..at_a], &b[from_b..at_b], Some(row)));
        (from_a, from_b) = (at_a + 1, at_b + 1);
    }
    gaps.push((&a[from_a..], &b[from_b..], None));
    gaps
}

/// Puts lanes into one order, in which each keeps its own.
fn merge(mut lanes: Vec<VecDeque<Row>>) -> Vec<Row> {
    let mut rows = Vec::new();
    loop {
        let heads = lanes.iter().enumerate().filter_map(|(lane, rows)| Some((lane, *rows.front()?)));
        let first = heads.reduce(|first, next| if is_before(&next.1, &first.1) { next } else { first });
        let Some((lane, _)) = first else { return rows };
        rows.extend(lanes[lane].pop_front());
    }
}

fn is_before(row: &Row, other: &Row) -> bool {
    match (row.a.zip(other.a), row.b.zip(other.b)) {
        (Some((row, other)), _) => (row.unit, row.part) < (other.unit, other.part),
        (None, Some((row, other))) => (row.unit, row.part) < (other.unit, other.part),
        (None, None) => row.a.is_some(),
    }
}
