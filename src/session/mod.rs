//! Everything captured between start and stop: the index of units, the byte store, the links between units.
//!
//! A unit takes a fixed, small number of bytes of memory; its bytes stay in the transcript, and what is shown of
//! it is decoded again whenever someone looks.

mod engine;
pub mod headline;
mod index;
mod look;
pub mod positioned;
mod store;
pub mod value;

use std::collections::HashMap;

pub use engine::EngineSession;
pub use index::UnitRef;
pub use store::{Records, StoreError};

use crate::decode::connection::{Connection, Ended};
use crate::decode::field::Rule;
use crate::decode::unit::{Finding, Link, UnitId};
use crate::wire::{ConnId, Record, What};
use index::Index;
use store::Store;

/// A session: live, or opened from a transcript.
#[derive(Debug)]
pub struct Session {
    decoders: HashMap<ConnId, Decoder>,
    index: Index,
    store: Store,
    max_message: usize,
}

/// The decoder of a connection, or what is left of it when the connection is over: a transcript may have records
/// behind the end, and a session may have had a million connections.
#[derive(Debug)]
enum Decoder {
    Live(Box<Connection>),
    Over(Ended),
}

impl Decoder {
    fn new(max_message: usize) -> Decoder {
        Decoder::Live(Box::new(Connection::new(max_message)))
    }

    fn record(&mut self, record: &Record, index: &mut Index) {
        if let Decoder::Over(ended) = self {
            *self = Decoder::Live(Box::new(Connection::behind(*ended)));
        }
        if let Decoder::Live(connection) = self {
            connection.record(record, index);
            if let Some(ended) = connection.ended() {
                *self = Decoder::Over(ended);
            }
        }
    }
}

impl Session {
    /// An empty session whose records can be read back from `records`. `max_message` is the longest WebSocket message, in bytes
    /// after inflating, that is put together. Fails where no file for derived bytes can be made.
    pub fn new(records: Box<dyn Records>, max_message: usize) -> Result<Session, StoreError> {
        Ok(Session {
            decoders: HashMap::new(),
            index: Index::default(),
            store: Store::new(records)?,
            max_message,
        })
    }

    /// Takes the next record, whose line begins at `offset` of the transcript and can be read there. Fails where
    /// derived bytes cannot be stored; the unit is then there without them.
    pub fn ingest(&mut self, record: &Record, offset: u64) -> Result<(), StoreError> {
        match &record.what {
            What::Received { dir, bytes } => self.store.received(record.conn, *dir, bytes.len(), offset),
            What::Sent { dir, replaces, bytes, .. } if replaces.is_empty() => {
                self.store.received(record.conn, *dir, bytes.len(), offset);
            }
            What::Lost { dir, bytes, .. } => self.store.lost(record.conn, *dir, *bytes),
            _ => self.store.seen(record.conn),
        }
        let max_message = self.max_message;
        let decoder = self.decoders.entry(record.conn).or_insert_with(|| Decoder::new(max_message));
        decoder.record(record, &mut self.index);
        self.index.take_inflated().into_iter().try_for_each(|(unit, bytes)| {
            let place = self.store.derive(&bytes)?;
            self.index.place_inflated(unit, place);
            Ok(())
        })
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All unit numbers, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = UnitId> + use<> {
        (1..=u32::try_from(self.len()).unwrap_or(u32::MAX)).map(UnitId)
    }

    /// What the index knows of a unit.
    pub fn unit(&self, id: UnitId) -> Option<UnitRef> {
        self.index.unit(id)
    }

    /// What is wrong with a unit or worth saying.
    pub fn findings(&self, id: UnitId) -> &[(UnitId, Finding)] {
        self.index.findings.of(id)
    }

    /// The earlier units that a unit belongs to.
    pub fn links(&self, id: UnitId) -> &[(UnitId, Link)] {
        self.index.links.of(id)
    }

    /// Whether a unit is the first that broke a rule, so that what the rule means is worth saying.
    pub fn is_first(&self, rule: &Rule, unit: UnitId) -> bool {
        self.index.is_first(rule, unit)
    }

    /// How long the message that ends in a unit is after inflating, where it was compressed.
    pub fn inflated_length(&self, unit: UnitId) -> Option<u64> {
        self.index.inflated.of(unit).first().map(|(_, place)| place.length())
    }

    /// How many findings there are.
    pub fn finding_count(&self) -> usize {
        self.index.findings.len()
    }

    /// How many connections there were.
    pub fn connection_count(&self) -> usize {
        self.store.connection_count()
    }

    /// How many bytes passed, both ways.
    pub fn byte_count(&self) -> u64 {
        self.store.byte_count()
    }

    /// The engine sessions, in the order in which they were first seen.
    pub fn engine_sessions(&self) -> &[EngineSession] {
        self.index.engines.all()
    }

    /// The engine session that a unit belongs to.
    pub fn engine_session(&self, unit: &UnitRef) -> Option<&EngineSession> {
        self.index.engines.get(unit.engine?)
    }
}
