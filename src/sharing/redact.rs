//! A session without its secrets, as records: what is decoded from them is as before, but for the secrets. Lengths, checksums, codings and
//! compressed messages fit again.
//!
//! [`Redaction::of`] looks at every unit twice: first at what is secret anywhere, then at what its bytes become. [`Redaction::record`] then
//! takes the records of the session, in order.

mod streams;
mod units;

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;

use self::streams::{Change, Streams};
use crate::session::secrets::{Collected, Known, Names};
use crate::session::{Session, StoreError};
use crate::wire::trace::{Event, Trace};
use crate::wire::{ConnId, Opened, Record, Timestamp, What};

/// What becomes of the records of a session.
#[derive(Debug)]
pub struct Redaction {
    known: Known,
    names: Names,
    streams: Streams,
    /// The CRC-32 of messages that are others now, by their length and what it was.
    checksums: HashMap<(u64, u32), u32>,
    count: usize,
    /// The beginning of a line of the server's output, and when it came: a secret may be in two records.
    line: (Timestamp, Vec<u8>),
}

/// A line of output that is longer is passed on in pieces.
const MAX_LINE: usize = 64 << 10;

impl Redaction {
    /// What becomes of a session. `names` says what is secret. Fails where bytes cannot be read back.
    pub fn of(session: &Session, names: &Names) -> Result<Redaction, StoreError> {
        let mut collected = Collected::default();
        collected.session(session, names)?;
        let count = collected.count();
        let known = collected.known();
        let mut redaction = Redaction {
            known,
            names: names.clone(),
            streams: Streams::default(),
            checksums: HashMap::new(),
            count,
            line: Default::default(),
        };
        units::Units::new(session, &mut redaction).all()?;
        redaction.streams.sort();
        Ok(redaction)
    }

    /// How many secrets there were so far, each place counted where something said that it is one.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many bytes were left out so far, because they are of units that are not complete: what is secret in them cannot be known.
    pub fn left_out(&self) -> u64 {
        self.streams.left_out()
    }

    /// What becomes of the address that a session was in front of.
    pub fn upstream(&self, upstream: &str) -> String {
        let host = upstream.split_once("://").map_or(0, |(scheme, _)| scheme.len() + 3);
        let (scheme, rest) = upstream.split_at_checked(host).unwrap_or(("", upstream));
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.rsplit_once('@') {
            Some((user, _)) => {
                format!("{scheme}{}{}", "*".repeat(user.len()), rest.get(user.len()..).unwrap_or_default())
            }
            None => upstream.to_owned(),
        }
    }

    /// The next record as it may be shared; `None` where nothing is left of it.
    pub fn record(&mut self, mut record: Record) -> Option<Record> {
        let conn = record.conn;
        match &mut record.what {
            What::Received { dir, bytes } | What::Told { dir, bytes, .. } => {
                let was_empty = bytes.is_empty();
                *bytes = self.streams.pass(conn, *dir, bytes);
                return (was_empty || !bytes.is_empty()).then_some(record);
            }
            What::Sent { dir, replaces, bytes, .. } if replaces.is_empty() => {
                let at = self.streams.place(conn, *dir, replaces.start);
                (*replaces, *bytes) = (at..at, self.streams.pass(conn, *dir, bytes));
            }
            What::Sent { dir, replaces, bytes, .. } => {
                *bytes = match self.streams.sent(conn, *dir, replaces.start) {
                    Some(changed) => changed,
                    None => self.text(bytes).into(),
                };
                *replaces = self.streams.place(conn, *dir, replaces.start)
                    ..self.streams.place(conn, *dir, replaces.end);
            }
            What::Lost { dir, bytes, .. } => self.streams.lose(conn, *dir, *bytes),
            What::Opened(Opened { upstream, .. }) => *upstream = self.upstream(upstream),
            What::Note { text, .. } => {
                // Someone's own words may be about a password.
                let places = self.names.patterns_in(text.as_bytes());
                *text = String::from_utf8_lossy(&self.without(text.as_bytes(), places)).into_owned();
            }
            What::Trace { said, .. } => self.trace(said),
            What::Output { bytes } => {
                self.line.0 = record.at;
                self.line.1.extend_from_slice(bytes);
                *bytes = self.lines().into();
                return (!bytes.is_empty()).then_some(record);
            }
            What::Tls(_) | What::Closed { .. } | What::Exited { .. } => {}
        }
        Some(record)
    }

    /// What is left to be passed on when there are no more records.
    pub fn rest(&mut self) -> Option<Record> {
        let (at, line) = std::mem::take(&mut self.line);
        let what = What::Output { bytes: self.printed(&line).into() };
        (!line.is_empty()).then_some(Record { at, conn: ConnId::NONE, what })
    }

    /// The lines of the server's output that are complete.
    fn lines(&mut self) -> Vec<u8> {
        let line = &mut self.line.1;
        let end = memchr::memrchr(b'\n', line).map_or(0, |at| at + 1);
        let end = if line.len() - end > MAX_LINE { line.len() } else { end };
        let whole: Vec<u8> = line.drain(..end).collect();
        self.printed(&whole)
    }

    /// What the server printed; its secrets count.
    fn printed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let places = self.names.places_in(bytes);
        self.count += places.len();
        self.without(bytes, places)
    }

    /// Bytes that no protocol is known of.
    fn text(&self, bytes: &[u8]) -> Vec<u8> {
        self.without(bytes, self.names.places_in(bytes))
    }

    /// Bytes without what is known to be secret, and without what is in these places.
    fn without(&self, bytes: &[u8], places: Vec<Range<usize>>) -> Vec<u8> {
        let mut replaced = self.known.replace(bytes);
        for place in places {
            let stand_in = self.known.stand_in(bytes.get(place.clone()).unwrap_or_default());
            replaced.splice(place, stand_in);
        }
        replaced
    }

    fn string(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.text(text.as_bytes())).into_owned()
    }

    /// What a tracer says quotes the wire, and has checksums of messages.
    fn trace(&self, said: &mut Trace) {
        let Trace::Events(events) = said else { return };
        for event in events {
            let Event::Mark { detail, .. } = event else { continue };
            for text in [&mut detail.target, &mut detail.text].into_iter().flatten() {
                *text = self.string(text);
            }
            if let (Some(length), Some(crc32)) = (detail.length, detail.crc32) {
                detail.crc32 = Some(self.checksums.get(&(length, crc32)).copied().unwrap_or(crc32));
            }
        }
    }

    /// A message is another now.
    fn changed(&mut self, before: &[u8], after: &[u8]) {
        self.checksums.insert((before.len() as u64, crc(before)), crc(after));
    }

    fn change(&mut self, change: Change, bytes: Bytes) {
        self.streams.change(change, bytes);
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests;
