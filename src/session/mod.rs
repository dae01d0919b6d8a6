//! Everything captured between start and stop: the index of units, the byte store, the links between units.
//!
//! A unit takes a fixed, small number of bytes of memory; its bytes stay in the transcript, and what is shown of
//! it is decoded again whenever someone looks.

pub mod calls;
pub mod compare;
pub mod connections;
mod engine;
pub mod filter;
mod frozen;
pub mod headline;
mod index;
mod look;
mod notes;
pub mod positioned;
pub mod search;
pub mod secrets;
pub mod statistics;
mod store;
#[cfg(test)]
pub(crate) mod testing;
pub mod value;

use std::collections::HashMap;

use calls::{Calls, Output};
pub use connections::ConnectionInfo;
pub use engine::EngineSession;
pub use index::UnitRef;
pub use notes::Note;
pub use store::{Records, StoreError};

use crate::decode::connection::{Connection, Ended};
use crate::decode::field::Rule;
use crate::decode::limits::MAX_HELD;
use crate::decode::unit::{Finding, Link, LinkKind, UnitId, UnitKind};
use crate::wire::{ConnId, Record, What};
use index::Index;
use notes::Notes;
use store::Store;

/// So many links of later units are searched for those to a unit.
pub const MAX_LINKS_SEARCHED: usize = 50_000;

/// A session: live, or opened from a transcript.
#[derive(Debug)]
pub struct Session {
    decoders: HashMap<ConnId, Decoder>,
    index: Index,
    store: Store,
    notes: Notes,
    calls: Calls,
    output: Output,
    max_message: usize,
    /// How many bytes of what is not complete the decoders hold, and how many they may.
    held: usize,
    max_held: usize,
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

    fn held(&self) -> usize {
        match self {
            Decoder::Live(connection) => connection.held(),
            Decoder::Over(_) => 0,
        }
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
        Ok(Session::with(Index::default(), Store::new(records)?, Notes::default(), max_message))
    }

    fn with(index: Index, store: Store, notes: Notes, max_message: usize) -> Session {
        Session {
            decoders: HashMap::new(),
            index,
            store,
            notes,
            calls: Calls::default(),
            output: Output::default(),
            max_message,
            held: 0,
            max_held: MAX_HELD,
        }
    }

    /// Reads records back from another place from now on, which holds the same lines at the same offsets.
    pub fn read_from(&mut self, records: Box<dyn Records>) {
        self.store.read_from(records);
    }

    /// Takes the next record, whose line begins at `offset` of the transcript and can be read there. Fails where
    /// derived bytes cannot be stored; the unit is then there without them.
    pub fn ingest(&mut self, record: &Record, offset: u64) -> Result<(), StoreError> {
        match &record.what {
            What::Received { dir, bytes } => self.store.received(record.conn, *dir, bytes.len(), offset),
            What::Sent { dir, replaces, bytes, .. } if replaces.is_empty() => {
                self.store.received(record.conn, *dir, bytes.len(), offset);
            }
            What::Told { dir, bytes, .. } => self.store.received(record.conn, *dir, bytes.len(), offset),
            What::Lost { dir, bytes, .. } => self.store.lost(record.conn, *dir, *bytes),
            What::Note { unit, marked, text } => {
                if self.unit(UnitId(*unit)).is_some() {
                    self.notes.take(UnitId(*unit), *marked, text);
                }
                return Ok(());
            }
            What::Trace { process, said } => {
                self.index.ordinals.enable();
                self.calls.take(record.at, *process, said);
                return Ok(());
            }
            What::Output { bytes } => {
                self.output.take(record.at, bytes);
                return Ok(());
            }
            What::Exited { how } => {
                self.output.exit(record.at, how);
                return Ok(());
            }
            What::Opened(opened) => {
                self.store.seen(record.conn);
                self.calls.opened(record.conn, record.at, opened);
                self.index.ordinals.opened(record.conn);
            }
            _ => self.store.seen(record.conn),
        }
        let max_message = self.max_message;
        let decoder = self.decoders.entry(record.conn).or_insert_with(|| Decoder::new(max_message));
        let before = decoder.held();
        decoder.record(record, &mut self.index);
        self.held = self.held - before + decoder.held();
        while self.held > self.max_held && self.let_go() {}
        self.index.take_inflated().into_iter().try_for_each(|(unit, bytes)| {
            let place = self.store.derive(&bytes)?;
            self.index.place_inflated(unit, place);
            Ok(())
        })
    }

    /// The connection that holds the most lets go of it. Whether that was of use.
    fn let_go(&mut self) -> bool {
        let most = self.decoders.iter_mut().max_by_key(|(conn, decoder)| (decoder.held(), **conn));
        let Some((conn, decoder)) = most else { return false };
        let before = decoder.held();
        if let Decoder::Live(connection) = decoder {
            connection.let_go(*conn, &mut self.index);
        }
        let freed = before.saturating_sub(decoder.held());
        self.held -= freed;
        freed > 0
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

    /// What was sent in place of bytes of a unit.
    pub fn sent(&self, id: UnitId) -> impl Iterator<Item = &Record> {
        self.index.sent.of(id).iter().map(|(_, record)| record.as_ref())
    }

    /// What someone who looked at a unit left with it.
    pub fn note(&self, unit: UnitId) -> Option<&Note> {
        self.notes.of(unit)
    }

    /// All marked units and those with a note, in order.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = (UnitId, &Note)> {
        self.notes.all()
    }

    /// The calls that tracers saw.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// What the server that wirewalk runs wrote to its terminal.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Whether a unit is the first that broke a rule, so that what the rule means is worth saying.
    pub fn is_first(&self, rule: &Rule, unit: UnitId) -> bool {
        self.index.is_first(rule, unit)
    }

    /// How long the message that ends in a unit is after inflating, where it was compressed.
    pub fn inflated_length(&self, unit: UnitId) -> Option<u64> {
        self.index.inflated.of(unit).first().map(|(_, place)| place.length())
    }

    /// How many findings there are, those that are only counted included.
    pub fn finding_count(&self) -> usize {
        self.index.finding_count
    }

    /// How many connections there were.
    pub fn connection_count(&self) -> usize {
        self.store.connection_count()
    }

    /// How many bytes passed, both ways.
    pub fn byte_count(&self) -> u64 {
        self.store.byte_count()
    }

    /// How many bytes passed that could not be captured.
    pub fn lost(&self) -> u64 {
        let units = self.ids().filter_map(|id| self.unit(id));
        units.filter(|unit| unit.kind == UnitKind::Lost).fold(0, |sum, unit| sum.saturating_add(unit.length))
    }

    /// All connections, in the order in which they were first seen.
    pub fn connections(&self) -> &[ConnectionInfo] {
        self.index.connections.all()
    }

    /// What is known of a connection.
    pub fn connection(&self, conn: ConnId) -> Option<&ConnectionInfo> {
        self.index.connections.get(conn)
    }

    /// The later units that belong to a unit: its answers, the next fragment, attachments. Only those among the next
    /// [`MAX_LINKS_SEARCHED`] that belong to any: an answer that comes very late is not found.
    pub fn answers(&self, unit: UnitId) -> impl Iterator<Item = (UnitId, LinkKind)> {
        let later = self.index.links.between(UnitId(unit.0.saturating_add(1)), UnitId(u32::MAX));
        let near = later.iter().take(MAX_LINKS_SEARCHED);
        near.filter(move |(_, link)| link.to == unit).map(|(id, link)| (*id, link.kind))
    }

    /// How many bytes the frames of the message that ends in a unit have on the wire.
    pub fn message_length(&self, unit: &UnitRef) -> u64 {
        let mut length = unit.length;
        let mut id = unit.id;
        while let Some((_, link)) = self.links(id).iter().find(|(_, link)| link.kind == LinkKind::Fragment)
            && let Some(before) = self.unit(link.to)
        {
            length += before.length;
            id = before.id;
        }
        length
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::decode::sink::Detail;
    use crate::session::testing::Kept;
    use crate::wire::{Direction, How, Timestamp};

    const LIMIT: usize = 100_000;

    /// A session that holds at most [`LIMIT`], in which each connection says what it is given, in this order. What it
    /// never held more than is checked.
    fn session(said: &[(u32, Direction, Bytes)]) -> Session {
        let kept = said.iter().map(|(_, _, bytes)| bytes.clone()).collect();
        let mut session = Session::new(Box::new(Kept(kept)), 1 << 20).unwrap();
        session.max_held = LIMIT;
        for (index, (conn, dir, bytes)) in said.iter().enumerate() {
            let what = match bytes.is_empty() {
                true => What::Closed { by: dir.sender(), how: How::Fin, error: None },
                false => What::Received { dir: *dir, bytes: bytes.clone() },
            };
            let record = Record { at: Timestamp(index as u64), conn: ConnId(*conn), what };
            session.ingest(&record, index as u64).unwrap();
            let held: usize = session.decoders.values().map(Decoder::held).sum();
            assert!(held <= LIMIT && held == session.held, "{held}, {}", session.held);
        }
        session
    }

    /// The summary and the rules of each unit.
    fn units(session: &Session) -> Vec<(String, Vec<&'static str>)> {
        let unit = |id| {
            let tree = session.look(&session.unit(id).unwrap(), Detail::Tree).unwrap();
            let rules = session.findings(id).iter().map(|(_, finding)| finding.rule.key).collect();
            (headline::of(&tree).text, rules)
        };
        session.ids().map(unit).collect()
    }

    fn post(length: usize) -> Bytes {
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n").into()
    }

    const UP: Direction = Direction::ToServer;

    #[test]
    fn the_connection_that_holds_the_most_lets_go_of_a_body_and_says_so() {
        let piece = || Bytes::from(vec![b'x'; 30_000]);
        let said = [
            (1, UP, post(120_000)),
            (2, UP, post(60_000)),
            (1, UP, piece()),
            (2, UP, piece()),
            (1, UP, piece()),
            (1, UP, piece()),
            (2, UP, piece()),
            (1, UP, piece()),
        ];
        let units = units(&session(&said));
        assert_eq!(units[0].1, Vec::<&str>::new());
        assert!(units[0].0.starts_with("POST /, 60,000 bytes"), "{}", units[0].0);
        assert_eq!(units[1].1, ["tcp.let_go", "http.not_all_dissected"]);
        assert!(units[1].0.starts_with("POST /, more than 16,"), "{}", units[1].0);
    }

    #[test]
    fn a_message_is_let_go_of_and_the_next_one_is_read_again() {
        let upgrade = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
            dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        let fragment = |first: u8| {
            let header = [&[first, 127][..], &60_000u64.to_be_bytes()].concat();
            Bytes::from([header, vec![b'x'; 60_000]].concat())
        };
        let down = Direction::ToClient;
        let said = [
            (1, UP, upgrade.into()),
            (1, down, switch.into()),
            (1, down, fragment(0x01)),
            (1, down, fragment(0x00)),
            (1, down, fragment(0x80)),
            (1, down, Bytes::from_static(b"\x81\x02hi")),
        ];
        let units = units(&session(&said));
        assert_eq!(units[4].1, ["websocket.non_minimal_length", "tcp.let_go"]);
        assert_eq!(units[5], ("\"hi\"".to_owned(), vec![]));
    }

    #[test]
    fn what_is_carried_is_let_go_of_as_bytes_of_no_protocol() {
        let endless = Bytes::from([b"GET /".to_vec(), vec![b'x'; 40_000]].concat());
        let session = session(&[(1, UP, endless.clone()), (2, UP, endless.clone()), (3, UP, endless)]);
        let units = units(&session);
        assert_eq!(units.len(), 1);
        assert_eq!(units[0].1, ["tcp.let_go"]);
        assert_eq!(session.unit(UnitId(1)).unwrap().conn, ConnId(3));
    }
}
