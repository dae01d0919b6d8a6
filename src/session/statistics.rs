//! Figures over units: how many and how large, when, and how long answers took. Memory is bounded, whatever comes.

use std::collections::BTreeMap;

use super::{Session, StoreError, UnitRef};
use crate::decode::sink::Detail;
use crate::decode::unit::{Layer, LinkKind, Node, UnitKind, Value};

/// The columns of the chart over time. When they are full, each is made twice as wide.
pub const TIME_COLUMNS: usize = 128;

/// So many names of events are counted each for itself.
const MAX_NAMES: usize = 500;

/// The first columns of the chart are this wide, in nanoseconds.
const FIRST_WIDTH: u64 = 10_000_000;

/// Figures over the units that were added.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// How many units were added, client to server and server to client.
    pub units: [u64; 2],
    /// Their bytes on the wire.
    pub bytes: [u64; 2],
    /// Units and bytes over time.
    pub time: OverTime,
    /// The sizes of WebSocket messages, client to server and server to client, in bytes after inflating.
    pub message_sizes: [Histogram; 2],
    /// From HTTP request to response, in nanoseconds.
    pub responses: Histogram,
    /// From Socket.IO event to acknowledgement, in nanoseconds.
    pub acknowledgements: Histogram,
    /// From ping to pong, of WebSocket and Engine.IO, in nanoseconds.
    pub heartbeats: Histogram,
    /// Compressed messages: how many, their bytes on the wire, and inflated.
    pub compressed: [u64; 3],
    /// How often each event came, by its name.
    pub events: BTreeMap<String, u64>,
    /// How many events had a name that is not among them.
    pub other_events: u64,
    /// How many units have a finding.
    pub with_findings: u64,
}

impl Default for Statistics {
    fn default() -> Statistics {
        Statistics {
            units: [0; 2],
            bytes: [0; 2],
            time: OverTime { width: FIRST_WIDTH, columns: Vec::new() },
            message_sizes: Default::default(),
            responses: Histogram::default(),
            acknowledgements: Histogram::default(),
            heartbeats: Histogram::default(),
            compressed: [0; 3],
            events: BTreeMap::new(),
            other_events: 0,
            with_findings: 0,
        }
    }
}

/// Units and bytes in columns of equal width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverTime {
    /// How wide a column is, in nanoseconds.
    pub width: u64,
    /// Units and bytes of each column, from the beginning of the session.
    pub columns: Vec<(u64, u64)>,
}

/// Counts by size: bucket `n` holds what has `n` binary digits, so that each is twice as wide as the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// The counts.
    pub buckets: [u64; 65],
    /// How many there are.
    pub count: u64,
    /// The smallest and the largest.
    pub range: Option<(u64, u64)>,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { buckets: [0; 65], count: 0, range: None }
    }
}

impl Histogram {
    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        if let Some(bucket) = self.buckets.get_mut((u64::BITS - value.leading_zeros()) as usize) {
            *bucket += 1;
        }
        self.count += 1;
        let (min, max) = self.range.unwrap_or((value, value));
        self.range = Some((min.min(value), max.max(value)));
    }

    /// The values of a bucket: from its smallest on, up to but not its end.
    pub fn values(bucket: usize) -> (u64, u64) {
        let end = 1u64.checked_shl(bucket as u32).unwrap_or(u64::MAX);
        (if bucket == 0 { 0 } else { end / 2 }, end)
    }

    /// The value that `share` of all are not above, exact to the width of its bucket.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let (min, max) = self.range?;
        let wanted = (self.count as f64 * share).ceil().max(1.0) as u64;
        let mut passed = 0;
        let bucket = self.buckets.iter().position(|count| {
            passed += count;
            passed >= wanted
        })?;
        Some((Histogram::values(bucket).1 - 1).clamp(min, max))
    }

    /// The buckets between the first and the last that hold something.
    pub fn filled(&self) -> std::ops::Range<usize> {
        let first = self.buckets.iter().position(|count| *count > 0);
        let last = self.buckets.iter().rposition(|count| *count > 0);
        first.zip(last).map_or(0..0, |(first, last)| first..last + 1)
    }
}

impl OverTime {
    fn add(&mut self, at: u64, bytes: u64) {
        while at / self.width >= TIME_COLUMNS as u64 {
            self.width = self.width.saturating_mul(2);
            let halves = self.columns.chunks(2);
            self.columns =
                halves.map(|pair| pair.iter().fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1))).collect();
        }
        let column = (at / self.width) as usize;
        if self.columns.len() <= column {
            self.columns.resize(column + 1, (0, 0));
        }
        if let Some((units, sum)) = self.columns.get_mut(column) {
            *units += 1;
            *sum += bytes;
        }
    }
}

impl Statistics {
    /// Counts a unit. Fails where its bytes cannot be read back; it is then counted by what the index knows of it.
    pub fn add(&mut self, session: &Session, unit: &UnitRef) -> Result<(), StoreError> {
        let dir = unit.dir.index();
        self.units[dir] += 1;
        self.bytes[dir] += unit.length;
        self.time.add(unit.at.0, unit.length);
        self.with_findings += u64::from(unit.severity.is_some());
        for (_, link) in session.links(unit.id) {
            let histogram = match link.kind {
                LinkKind::Request => &mut self.responses,
                LinkKind::Event => &mut self.acknowledgements,
                LinkKind::Ping => &mut self.heartbeats,
                LinkKind::Fragment | LinkKind::Announced | LinkKind::Violation => continue,
            };
            if let Some(earlier) = session.unit(link.to) {
                let took = unit.at.since(earlier.at).as_nanos();
                histogram.add(u64::try_from(took).unwrap_or(u64::MAX));
            }
        }
        if matches!(
            unit.kind,
            UnitKind::HttpRequest | UnitKind::HttpResponse | UnitKind::Frame | UnitKind::Message
        ) {
            let tree = session.look(unit, Detail::Tree)?;
            tree.layers.iter().for_each(|layer| self.layer(layer, dir));
            if let Some(inflated) = session.inflated_length(unit.id) {
                self.compressed[0] += 1;
                self.compressed[1] += session.message_length(unit);
                self.compressed[2] += inflated;
            }
        }
        Ok(())
    }

    /// Counts the messages and events of a layer and of those inside it.
    fn layer(&mut self, layer: &Layer, dir: usize) {
        layer.nodes.iter().for_each(|node| self.node(node, dir));
        layer.inside.iter().for_each(|inside| self.layer(inside, dir));
    }

    fn node(&mut self, node: &Node, dir: usize) {
        match (node.def.key, &node.value) {
            ("websocket.message.length", Value::Unsigned(length)) => self.message_sizes[dir].add(*length),
            ("socketio.event", Value::Text(name) | Value::Json(name)) => self.event(name),
            _ => node.children.iter().for_each(|child| self.node(child, dir)),
        }
    }

    fn event(&mut self, name: &str) {
        let is_known = self.events.contains_key(name);
        match is_known || self.events.len() < MAX_NAMES {
            true => *self.events.entry(name.to_owned()).or_default() += 1,
            false => self.other_events += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_knows_its_quantiles_to_a_bucket() {
        let mut histogram = Histogram::default();
        [0, 1, 2, 3, 4, 100].into_iter().for_each(|value| histogram.add(value));
        assert_eq!(histogram.filled(), 0..8);
        assert_eq!(histogram.buckets[..4], [1, 1, 2, 1]);
        assert_eq!(histogram.range, Some((0, 100)));
        assert_eq!(histogram.quantile(0.5), Some(3));
        assert_eq!(histogram.quantile(1.0), Some(100));
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(Histogram::values(7), (64, 128));
    }

    #[test]
    fn columns_are_made_wider_when_they_are_full() {
        let mut time = OverTime { width: 10, columns: Vec::new() };
        for at in 0..TIME_COLUMNS as u64 {
            time.add(at * 10, 3);
        }
        assert_eq!((time.width, time.columns.len()), (10, TIME_COLUMNS));
        time.add(TIME_COLUMNS as u64 * 10, 3);
        assert_eq!((time.width, time.columns[0], time.columns.len()), (20, (2, 6), TIME_COLUMNS / 2 + 1));
        time.add(u64::MAX, 1);
        assert!(time.columns.len() <= TIME_COLUMNS);
        assert_eq!(time.columns.iter().map(|c| c.0).sum::<u64>(), TIME_COLUMNS as u64 + 2);
    }
}
