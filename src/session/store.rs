//! The byte store: where in the transcript the bytes of each direction are, and a file for derived bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::positioned;
use crate::wire::{ConnId, Direction};

/// Bytes cannot be stored or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file for derived bytes, or the transcript, cannot be used.
    #[error("cannot store or read back captured bytes: {0}")]
    Io(#[from] io::Error),
    /// The transcript changed under us.
    #[error("the transcript's line at byte {0} is not what it was when it was read")]
    Changed(u64),
    /// The bytes passed without being captured.
    #[error("these bytes were not captured")]
    NotCaptured,
}

/// Where the bytes of records can be read back: the transcript.
pub trait Records: std::fmt::Debug + Send + Sync {
    /// The bytes of the record at `offset`, of which there are `len`.
    fn bytes_at(&self, offset: u64, len: usize) -> Result<Bytes, StoreError>;
}

/// Derived bytes are written when so many have gathered.
const DERIVED_BUFFER: usize = 256 << 10;

/// So many records that were read back are kept, since neighbours are often asked for together.
const CACHED: usize = 16;

/// Where bytes are.
#[derive(Debug)]
pub(super) struct Store {
    records: Box<dyn Records>,
    derived: File,
    /// Where in that file they begin.
    derived_begin: u64,
    /// How many derived bytes the file holds; those in the buffer come behind them.
    derived_len: u64,
    derived_buffer: Vec<u8>,
    connections: HashMap<ConnId, [Stream; 2]>,
    cache: Mutex<Vec<(u64, Bytes)>>,
}

/// One direction of a connection: where each piece of it is. Pieces are in order, and each ends where the next
/// begins, the last one at `len`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Stream {
    pub pieces: Vec<Piece>,
    pub len: u64,
}

/// Sixteen bytes, since a busy session has one of these for each small message.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Piece {
    /// Where in the stream it begins.
    begin: u64,
    /// The offset of its line in the transcript; `NOT_CAPTURED` where there is none.
    line: u64,
}

const NOT_CAPTURED: u64 = u64::MAX;

/// Where derived bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Derived {
    offset: u64,
    len: u32,
}

impl Derived {
    /// How many bytes there are.
    pub fn length(self) -> u64 {
        self.len.into()
    }
}

impl Store {
    pub fn new(records: Box<dyn Records>) -> Result<Store, StoreError> {
        Ok(Store {
            records,
            derived: tempfile::tempfile()?,
            derived_begin: 0,
            derived_len: 0,
            derived_buffer: Vec::new(),
            connections: HashMap::new(),
            cache: Mutex::default(),
        })
    }

    /// The store of a session that was written down, whose derived bytes are in a file from a place on. No more can be derived.
    pub fn frozen(records: Box<dyn Records>, (derived, place): (File, Range<u64>)) -> Store {
        Store {
            records,
            derived,
            derived_begin: place.start,
            derived_len: place.end - place.start,
            derived_buffer: Vec::new(),
            connections: HashMap::new(),
            cache: Mutex::default(),
        }
    }

    /// All directions, by their connections.
    pub fn streams(&self) -> BTreeMap<&ConnId, &[Stream; 2]> {
        self.connections.iter().collect()
    }

    /// A direction, as it was written down; `None` where its pieces are not in order.
    pub fn put(&mut self, conn: ConnId, dir: Direction, pieces: Vec<Piece>, len: u64) -> Option<()> {
        let begins = pieces.iter().map(|piece| piece.begin);
        if !begins.chain([len]).is_sorted() {
            return None;
        }
        self.connections.entry(conn).or_default()[dir.index()] = Stream { pieces, len };
        Some(())
    }

    /// How many derived bytes there are.
    pub fn derived_length(&self) -> u64 {
        self.derived_len + self.derived_buffer.len() as u64
    }

    /// Copies all derived bytes.
    pub fn copy_derived(&self, out: &mut dyn Write) -> Result<(), StoreError> {
        let mut buffer = vec![0; DERIVED_BUFFER];
        let mut at = 0;
        while at < self.derived_len {
            let some = buffer.len().min(usize::try_from(self.derived_len - at).unwrap_or(usize::MAX));
            let part = buffer.get_mut(..some).unwrap_or_default();
            positioned::read_exact_at(&self.derived, part, self.derived_begin + at)?;
            out.write_all(part)?;
            at += some as u64;
        }
        Ok(out.write_all(&self.derived_buffer)?)
    }

    /// Reads records from another place from now on, which holds the same lines at the same offsets.
    pub fn read_from(&mut self, records: Box<dyn Records>) {
        self.records = records;
    }

    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    pub fn byte_count(&self) -> u64 {
        self.connections.values().flatten().fold(0, |sum, s| sum.saturating_add(s.len))
    }

    /// Bytes came, and are in the line at `line`.
    pub fn received(&mut self, conn: ConnId, dir: Direction, len: usize, line: u64) {
        self.push(conn, dir, len as u64, line);
    }

    /// Bytes passed that are nowhere.
    pub fn lost(&mut self, conn: ConnId, dir: Direction, len: u64) {
        self.push(conn, dir, len, NOT_CAPTURED);
    }

    /// A connection was seen.
    pub fn seen(&mut self, conn: ConnId) {
        self.connections.entry(conn).or_default();
    }

    fn push(&mut self, conn: ConnId, dir: Direction, len: u64, line: u64) {
        let stream = &mut self.connections.entry(conn).or_default()[dir.index()];
        stream.pieces.push(Piece { begin: stream.len, line });
        // A transcript can claim any number of lost bytes.
        stream.len = stream.len.saturating_add(len);
    }

    /// Reads bytes of a stream back.
    pub fn read(&self, conn: ConnId, dir: Direction, range: Range<u64>) -> Result<Bytes, StoreError> {
        let stream = self.connections.get(&conn).and_then(|s| s.get(dir.index()));
        let stream = stream.ok_or(StoreError::NotCaptured)?;
        if range.start > range.end || range.end > stream.len {
            return Err(StoreError::NotCaptured);
        }
        let first = stream.pieces.partition_point(|p| p.begin <= range.start).saturating_sub(1);
        let mut out = BytesMut::new();
        for (index, piece) in stream.pieces.iter().enumerate().skip(first) {
            if piece.begin >= range.end {
                break;
            }
            let end = stream.pieces.get(index + 1).map_or(stream.len, |next| next.begin);
            let bytes = self.piece(piece, end)?;
            let wanted = range.start.max(piece.begin) - piece.begin..range.end.min(end) - piece.begin;
            if range.start >= piece.begin && range.end <= end {
                return Ok(bytes.slice(wanted.start as usize..wanted.end as usize));
            }
            out.extend_from_slice(&bytes[wanted.start as usize..wanted.end as usize]);
        }
        Ok(out.freeze())
    }

    /// The bytes of one piece, which has exactly `end - piece.begin` of them.
    fn piece(&self, piece: &Piece, end: u64) -> Result<Bytes, StoreError> {
        if piece.line == NOT_CAPTURED {
            return Err(StoreError::NotCaptured);
        }
        let cached = |cache: &mut Vec<(u64, Bytes)>| {
            let hit = cache.remove(cache.iter().position(|(line, _)| *line == piece.line)?);
            cache.push(hit.clone());
            Some(hit.1)
        };
        if let Some(bytes) = cached(&mut self.cache.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(bytes);
        }
        let len = usize::try_from(end - piece.begin).map_err(|_| StoreError::Changed(piece.line))?;
        let bytes = self.records.bytes_at(piece.line, len)?;
        if bytes.len() != len {
            return Err(StoreError::Changed(piece.line));
        }
        // Others read meanwhile.
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() == CACHED {
            cache.remove(0);
        }
        cache.push((piece.line, bytes.clone()));
        Ok(bytes)
    }

    /// Stores derived bytes.
    pub fn derive(&mut self, bytes: &[u8]) -> Result<Derived, StoreError> {
        let offset = self.derived_len + self.derived_buffer.len() as u64;
        self.derived_buffer.extend_from_slice(bytes);
        if self.derived_buffer.len() >= DERIVED_BUFFER {
            positioned::write_all_at(&self.derived, &self.derived_buffer, self.derived_len)?;
            self.derived_len += self.derived_buffer.len() as u64;
            self.derived_buffer.clear();
        }
        Ok(Derived { offset, len: u32::try_from(bytes.len()).unwrap_or(u32::MAX) })
    }

    /// Reads derived bytes back. They are in the file or in the buffer as a whole.
    pub fn derived(&self, place: Derived) -> Result<Bytes, StoreError> {
        let len = place.len as usize;
        if let Some(begin) = place.offset.checked_sub(self.derived_len) {
            let rest = usize::try_from(begin).ok().and_then(|begin| self.derived_buffer.get(begin..));
            let bytes = rest.and_then(|rest| rest.get(..len)).ok_or(StoreError::NotCaptured)?;
            return Ok(Bytes::copy_from_slice(bytes));
        }
        if place.offset.saturating_add(len as u64) > self.derived_len {
            return Err(StoreError::NotCaptured);
        }
        let mut bytes = vec![0; len];
        positioned::read_exact_at(
            &self.derived,
            &mut bytes,
            self.derived_begin.saturating_add(place.offset),
        )?;
        Ok(Bytes::from(bytes))
    }
}
