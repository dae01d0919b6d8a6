//! The bytes of each direction, of which some become others.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::wire::{ConnId, Direction};

/// Where bytes become others.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub conn: ConnId,
    pub dir: Direction,
    /// As they were counted in their direction.
    pub range: Range<u64>,
}

/// All directions of all connections.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: HashMap<(ConnId, Direction), Stream>,
    left_out: u64,
}

#[derive(Debug, Default)]
struct Stream {
    /// In order, apart from each other.
    pieces: Vec<Piece>,
    /// What was sent in place of bytes that begin there.
    sent: HashMap<u64, VecDeque<Bytes>>,
    /// Where its last unit ends.
    end: u64,
    /// How far it passed.
    at: u64,
}

#[derive(Debug)]
struct Piece {
    range: Range<u64>,
    bytes: Bytes,
    /// How many bytes more there are in front of it now, or fewer.
    shift: i64,
}

impl Piece {
    /// Where a place inside has gone, counted from its beginning.
    fn inside(&self, at: u64) -> u64 {
        let length = self.bytes.len() as u64;
        if at >= self.range.end { length } else { at.saturating_sub(self.range.start).min(length) }
    }
}

impl Streams {
    /// A unit ends there.
    pub fn ends(&mut self, conn: ConnId, dir: Direction, end: u64) {
        let stream = self.streams.entry((conn, dir)).or_default();
        stream.end = stream.end.max(end);
    }

    /// Bytes become others.
    pub fn change(&mut self, change: Change, bytes: Bytes) {
        let stream = self.streams.entry((change.conn, change.dir)).or_default();
        stream.pieces.push(Piece { range: change.range, bytes, shift: 0 });
    }

    /// What was sent in place of bytes that begin at `at` becomes `bytes`.
    pub fn change_sent(&mut self, conn: ConnId, dir: Direction, at: u64, bytes: Bytes) {
        self.streams.entry((conn, dir)).or_default().sent.entry(at).or_default().push_back(bytes);
    }

    /// All changes are known.
    pub fn sort(&mut self) {
        for stream in self.streams.values_mut() {
            stream.pieces.sort_by_key(|piece| piece.range.start);
            let mut shift = 0;
            for piece in &mut stream.pieces {
                piece.shift = shift;
                shift += piece.bytes.len() as i64 - (piece.range.end - piece.range.start) as i64;
            }
        }
    }

    /// How many bytes were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What becomes of the next bytes of a direction.
    pub fn pass(&mut self, conn: ConnId, dir: Direction, bytes: &Bytes) -> Bytes {
        let stream = self.streams.entry((conn, dir)).or_default();
        let begin = stream.at;
        stream.at += bytes.len() as u64;
        let end = stream.at.min(stream.end).max(begin);
        self.left_out += stream.at - end;
        let first = stream.pieces.partition_point(|piece| piece.range.end <= begin);
        let mut passed = BytesMut::new();
        let mut at = begin;
        let same = |range: Range<u64>| &bytes[(range.start - begin) as usize..(range.end - begin) as usize];
        for piece in stream.pieces.iter().skip(first).take_while(|piece| piece.range.start < end) {
            passed.extend_from_slice(same(at..piece.range.start.max(at)));
            let to = piece.range.end.min(end);
            let changed = piece.inside(at.max(piece.range.start))..piece.inside(to);
            passed.extend_from_slice(&piece.bytes[changed.start as usize..changed.end as usize]);
            at = to;
        }
        passed.extend_from_slice(same(at..end));
        passed.freeze()
    }

    /// Bytes passed that are nowhere.
    pub fn lose(&mut self, conn: ConnId, dir: Direction, bytes: u64) {
        let stream = self.streams.entry((conn, dir)).or_default();
        stream.at = stream.at.saturating_add(bytes);
    }

    /// Where a place of a direction is now.
    pub fn place(&self, conn: ConnId, dir: Direction, at: u64) -> u64 {
        let Some(stream) = self.streams.get(&(conn, dir)) else { return at };
        let behind = stream.pieces.partition_point(|piece| piece.range.start <= at);
        match behind.checked_sub(1).and_then(|last| stream.pieces.get(last)) {
            None => at,
            Some(piece) if at < piece.range.end => {
                piece.range.start.saturating_add_signed(piece.shift) + piece.inside(at)
            }
            Some(piece) => {
                let grown = piece.bytes.len() as i64 - (piece.range.end - piece.range.start) as i64;
                at.saturating_add_signed(piece.shift + grown)
            }
        }
    }

    /// What is now sent in place of bytes that began at `at`.
    pub fn sent(&mut self, conn: ConnId, dir: Direction, at: u64) -> Option<Bytes> {
        self.streams.get_mut(&(conn, dir))?.sent.get_mut(&at)?.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONN: ConnId = ConnId(1);
    const DIR: Direction = Direction::ToServer;

    proptest! {
        #[test]
        fn however_the_bytes_come_the_same_becomes_of_them(
            changes in proptest::collection::vec((1u64..20, 1u64..20, proptest::collection::vec(b'A'..=b'Z', 0..30)), 0..8),
            cuts in proptest::collection::vec(1usize..15, 1..40),
        ) {
            let mut streams = Streams::default();
            let (mut old, mut expected) = (Vec::new(), Vec::new());
            for (gap, length, bytes) in changes.iter().rev() {
                old.extend(std::iter::repeat_n(b'.', *gap as usize));
                expected.extend(std::iter::repeat_n(b'.', *gap as usize));
                let begin = old.len() as u64;
                old.extend(std::iter::repeat_n(b'x', *length as usize));
                expected.extend(bytes);
                streams.change(Change { conn: CONN, dir: DIR, range: begin..begin + length }, bytes.clone().into());
            }
            streams.ends(CONN, DIR, old.len() as u64);
            old.extend(b"of a unit that is not complete");
            streams.sort();
            let end = streams.place(CONN, DIR, old.len() as u64 - 30);
            prop_assert_eq!(end, expected.len() as u64);
            let (mut passed, mut rest) = (Vec::new(), &old[..]);
            for cut in cuts.iter().cycle() {
                let (piece, behind) = rest.split_at((*cut).min(rest.len()));
                let before = streams.place(CONN, DIR, (old.len() - rest.len()) as u64);
                if rest.len() > 30 {
                    prop_assert_eq!(before, passed.len() as u64);
                }
                passed.extend(streams.pass(CONN, DIR, &Bytes::copy_from_slice(piece)));
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(passed, expected);
            prop_assert_eq!(streams.left_out(), 30);
        }
    }
}
