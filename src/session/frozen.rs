//! What a session knows of its units, written down so that it need not be found out again: in sections, so that a long session is never in memory twice.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::index::Index;
use super::notes::Notes;
use super::store::{Piece, Records, Store, StoreError, Stream};
use super::{Session, index};
use crate::wire::{ConnId, Direction};

/// So many units, or pieces of a stream, are in a section.
const SECTION: usize = 1 << 16;

/// A longer section is none of wirewalk's.
const MAX_SECTION: u32 = 256 << 20;

/// What stands in front of the units.
#[derive(Serialize, Deserialize)]
struct Beginning {
    units: u64,
    /// The connections, and how many pieces each of their directions has.
    streams: Vec<(ConnId, [u64; 2], [u64; 2])>,
}

impl Session {
    /// Whether it can be written down: what is known of calls and of the server's output is found out again quickly, so it is not.
    pub fn can_be_frozen(&self) -> bool {
        self.calls.processes().len() == 0 && self.output.is_empty()
    }

    /// How many bytes were derived.
    pub fn derived_length(&self) -> u64 {
        self.store.derived_length()
    }

    /// The bytes that were derived, which [`Session::thaw`] wants back as a file.
    pub fn freeze_derived(&self, out: &mut dyn Write) -> Result<(), StoreError> {
        self.store.copy_derived(out)
    }

    /// Writes down what is known of the units. Fails where `out` does.
    pub fn freeze(&self, out: &mut dyn Write) -> io::Result<()> {
        let streams = self.store.streams();
        let lengths = |of: &[Stream; 2]| [of[0].pieces.len() as u64, of[1].pieces.len() as u64];
        let ends = |of: &[Stream; 2]| [of[0].len, of[1].len];
        let beginning = Beginning {
            units: self.index.len() as u64,
            streams: streams.iter().map(|(conn, of)| (**conn, lengths(of), ends(of))).collect(),
        };
        section(&beginning, out)?;
        section(&self.index, out)?;
        section(&self.notes, out)?;
        self.index.entries().chunks(SECTION).try_for_each(|units| section(&units, out))?;
        for stream in streams.values().flat_map(|of| of.iter()) {
            stream.pieces.chunks(SECTION).try_for_each(|pieces| section(&pieces, out))?;
        }
        Ok(())
    }

    /// A session as it was written down, whose derived bytes are at a place of a file. It is complete: no records come any more.
    /// `None` where this is not what [`Session::freeze`] wrote.
    pub fn thaw(
        from: &mut dyn Read,
        records: Box<dyn Records>,
        derived: (File, Range<u64>),
        max_message: usize,
    ) -> Option<Session> {
        let beginning: Beginning = read(from)?;
        let mut index: Index = read(from)?;
        let notes: Notes = read(from)?;
        while (index.len() as u64) < beginning.units {
            index.extend(some::<index::Entry>(read(from)?)?);
        }
        let mut store = Store::frozen(records, derived);
        for (conn, counts, ends) in beginning.streams {
            for dir in Direction::BOTH {
                let mut pieces = Vec::new();
                while (pieces.len() as u64) < counts[dir.index()] {
                    pieces.extend(some::<Piece>(read(from)?)?);
                }
                store.put(conn, dir, pieces, ends[dir.index()])?;
            }
        }
        Some(Session::with(index, store, notes, max_message))
    }
}

/// A section that has nothing would have the next one be read for ever.
fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

fn section<T: Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let bytes = postcard::to_stdvec(value).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&crc(&bytes).to_le_bytes())?;
    out.write_all(&bytes)
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn read<T: DeserializeOwned>(from: &mut dyn Read) -> Option<T> {
    let mut number = || {
        let mut bytes = [0; 4];
        from.read_exact(&mut bytes).ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    let (length, sum) = (number()?, number()?);
    let mut bytes = Vec::new();
    // As much as there is, whatever length is claimed.
    from.take(length.min(MAX_SECTION).into()).read_to_end(&mut bytes).ok()?;
    if bytes.len() != length as usize || crc(&bytes) != sum {
        return None;
    }
    postcard::from_bytes(&bytes).ok()
}
