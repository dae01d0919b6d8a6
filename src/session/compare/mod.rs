//! Two sessions laid beside each other by what they mean.
//!
//! Each session is read into conversations ([`reading`]): an engine session or a WebSocket with the requests that opened it,
//! the requests for one address, or a connection that carries something else. A unit is one or more parts ([`parts`]), and a
//! part a list of fields without what differs anyway ([`ignored`], [`said`]). Conversations are paired by what they are about, and
//! in each pair the parts of each direction are aligned ([`align`]); between the directions nothing is said to be earlier or later,
//! since that is chance. Only hashes are kept of a part; what differs is read again when someone looks.

mod align;
mod ignored;
mod parts;
mod reading;
mod said;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::filter::Filter;
use super::{Session, StoreError};
use crate::decode::field::Severity;
use crate::decode::sink::Detail;
use crate::decode::unit::{Finding, Tree, UnitId};
use crate::wire::{ConnId, Timestamp};
use align::align;
use ignored::Ignorance;
pub use ignored::{is_key, reasons};
pub use parts::{Count, Role};
use reading::Reading;
pub use said::Said;
use said::hash;

/// Conversations that begin with the same so many parts are likely to be the same.
const BEGINNING: usize = 3;

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A WebSocket or an engine session, with the requests that opened it or tried to.
    Socket,
    /// The requests for one address.
    Http,
    /// What becomes of connections before anything is said on them.
    Connections,
    /// A connection on which something else is spoken.
    Connection,
}

/// What belongs together in one session.
#[derive(Debug)]
pub struct Conversation {
    /// What it is.
    pub kind: Kind,
    /// The path that its requests ask for, with the method where it is plain HTTP. A peer's text.
    pub place: String,
    /// The connections that carried it.
    pub connections: BTreeSet<ConnId>,
    lanes: BTreeMap<Lane, Vec<Item>>,
    counts: BTreeMap<Count, u64>,
}

/// What keeps its order: the parts of one role in one direction.
type Lane = (Role, usize);

/// A part of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The unit.
    pub unit: UnitId,
    /// Which part of it.
    part: u16,
    whole: u64,
    identity: u64,
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

/// A field in which two parts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What the first says, where it says it.
    pub a: Option<Said>,
    /// What the second says.
    pub b: Option<Said>,
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
        let counts = [total(&of_a), total(&of_b)];
        let pairs = pair(of_a, of_b).into_iter().map(|(a, b)| {
            let rows = rows(a.as_ref(), b.as_ref());
            Pair { a, b, rows }
        });
        let mut pairs: Vec<Pair> = pairs.filter(|pair| !pair.rows.is_empty()).collect();
        let side = |session, ignorance| Side { session, ignorance };
        let sides = [side(a, ignorance_a), side(b, ignorance_b)];
        pairs.sort_by_key(|pair| pair.rows.first().map(|row| began(&sides, row)));
        Ok(Comparison { sides, counts, pairs })
    }

    /// The fields in which the two parts of a row differ, with the trees of their units.
    pub fn differences(&self, a: Item, b: Item) -> Result<(Vec<Difference>, [Tree; 2]), StoreError> {
        let ((said_a, tree_a), (said_b, tree_b)) = (self.said(0, a)?, self.said(1, b)?);
        Ok((differences(said_a, said_b), [tree_a, tree_b]))
    }

    fn said(&self, side: usize, item: Item) -> Result<(Vec<Said>, Tree), StoreError> {
        let Side { session, ignorance } = &self.sides[side];
        let Some(unit) = session.unit(item.unit) else { return Ok(Default::default()) };
        let tree = session.look(&unit, Detail::Tree)?;
        let part = parts::of(session, &unit, &tree, ignorance).into_iter().nth(usize::from(item.part));
        Ok((part.map(|part| part.said).unwrap_or_default(), tree))
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
            findings[side].iter().filter(is_only).map(move |finding| (*row, side, *finding)).collect::<Vec<_>>()
        };
        [only(0), only(1)].concat()
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

fn total(conversations: &[Conversation]) -> BTreeMap<Count, u64> {
    let mut total = BTreeMap::new();
    for (what, times) in conversations.iter().flat_map(|conversation| &conversation.counts) {
        *total.entry(*what).or_default() += times;
    }
    total
}

impl Conversation {
    /// By what it is found again in the other session, the surest first.
    fn keys(&self) -> [u64; 4] {
        let lane = |item: fn(&Item) -> u64, many: usize| {
            let lanes = self.lanes.iter();
            lanes.map(move |(lane, items)| (*lane, items.iter().take(many).map(item).collect::<Vec<_>>()))
        };
        let (place, kind) = (hash((self.kind, &self.place)), hash(self.kind));
        let content = hash((place, lane(|item| item.whole, usize::MAX).collect::<Vec<_>>()));
        let beginning = hash((place, lane(|item| item.identity, BEGINNING).collect::<Vec<_>>()));
        // A page is no other page, but a socket may have been looked for at the wrong path.
        [content, beginning, place, if self.kind == Kind::Http { place } else { kind }]
    }

}

/// Which conversations are the same. Their order does not matter, since it is chance, but where nothing else decides.
fn pair(
    a: Vec<Conversation>,
    b: Vec<Conversation>,
) -> Vec<(Option<Conversation>, Option<Conversation>)> {
    let (keys_a, keys_b) = (keys(&a), keys(&b));
    let mut of_a: Vec<Option<usize>> = vec![None; a.len()];
    let mut is_free = vec![true; b.len()];
    for level in 0..4 {
        let mut waiting: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for at in (0..b.len()).filter(|at| is_free[*at]) {
            waiting.entry(keys_b[at][level]).or_default().push_back(at);
        }
        for (at, found) in of_a.iter_mut().enumerate().filter(|(_, found)| found.is_none()) {
            *found = waiting.get_mut(&keys_a[at][level]).and_then(VecDeque::pop_front);
            found.iter().for_each(|at| is_free[*at] = false);
        }
    }
    let mut b: Vec<Option<Conversation>> = b.into_iter().map(Some).collect();
    let mut pairs: Vec<_> =
        a.into_iter().zip(of_a).map(|(a, at)| (Some(a), at.and_then(|at| b[at].take()))).collect();
    pairs.extend(b.into_iter().flatten().map(|b| (None, Some(b))));
    pairs
}

fn keys(conversations: &[Conversation]) -> Vec<[u64; 4]> {
    conversations.iter().map(Conversation::keys).collect()
}

/// The parts of two conversations beside each other, in the order of the first, or of the second where it alone has them.
fn rows(a: Option<&Conversation>, b: Option<&Conversation>) -> Vec<Row> {
    let lanes = |side: Option<&Conversation>| side.map(|side| side.lanes.keys().copied()).into_iter().flatten().collect::<Vec<_>>();
    let all: BTreeSet<Lane> = [lanes(a), lanes(b)].concat().into_iter().collect();
    let items = |side: Option<&'_ Conversation>, lane: &Lane| {
        side.and_then(|side| side.lanes.get(lane)).cloned().unwrap_or_default()
    };
    merge(all.iter().map(|lane| beside(&items(a, lane), &items(b, lane)).into()).collect())
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

/// The fields that differ: the n-th of a name on one side is the n-th on the other.
fn differences(a: Vec<Said>, b: Vec<Said>) -> Vec<Difference> {
    let mut of_b: HashMap<(&str, String), VecDeque<Said>> = HashMap::new();
    let mut order = Vec::new();
    for said in b {
        order.push((said.key, said.which.clone()));
        of_b.entry((said.key, said.which.clone())).or_default().push_back(said);
    }
    let mut found = Vec::new();
    for said in a {
        let other = of_b.get_mut(&(said.key, said.which.clone())).and_then(VecDeque::pop_front);
        if other.as_ref().is_none_or(|other| other.counts != said.counts) {
            found.push(Difference { a: Some(said), b: other });
        }
    }
    let rest = order.iter().filter_map(|name| of_b.get_mut(name)?.pop_front());
    found.extend(rest.map(|said| Difference { a: None, b: Some(said) }));
    found
}
