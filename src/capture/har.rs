//! Reads a HAR file, as browsers and mitmproxy write it, as if it were a transcript: what it tells becomes records.
//!
//! The format is HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), with Chromium's `_webSocketMessages`. Such a file
//! holds requests, responses and whole messages. What it does not hold is not made up: there are no frames, no control
//! frames, no openings and closings of connections, and so no records of these either.
//!
//! Entries of URLs that are not `http`, `https`, `ws` or `wss` were never on a wire (`data:`, `blob:`), and are passed over; so are
//! messages that are neither text nor binary.

mod file;
mod head;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use bytes::Bytes;

use super::transcript::{Header, Reader, TranscriptError, Writer};
use crate::wire::{ConnId, Direction, Record, Timestamp, Told, What};
use file::{Entry, Message, Time, WrittenEntry};

/// A longer file is not read, since all of it is held in memory.
const MAX_FILE: u64 = 2 << 30;

/// Of a longer request or response only the head is kept, and of a longer message nothing: its line could be too long for a
/// transcript. So many bytes are lost, and that is said.
const MAX_TOLD: usize = 24 << 20;

/// So many bytes of records are written at once.
const BATCH: u64 = 1 << 20;

/// Whether a file is a JSON object that begins with `log`, as every HAR file does and no transcript. The file is read from
/// its beginning again afterwards.
pub(super) fn is_har(file: &mut File) -> io::Result<bool> {
    let mut begin = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut begin)?;
    file.rewind()?;
    let inside = without_mark(&begin).trim_ascii_start().strip_prefix(b"{");
    Ok(inside.is_some_and(|inside| inside.trim_ascii_start().starts_with(b"\"log\"")))
}

/// Makes a transcript of a HAR file, in an unnamed file that is gone when wirewalk ends. Fails where the file cannot be read, or says at which line and byte it is no HAR.
pub(super) fn import(path: &Path, file: &mut File) -> Result<Reader, TranscriptError> {
    let (header, records) = read(path, file)?;
    let failed = |error| TranscriptError::Write { path: std::env::temp_dir(), error };
    let mut writer = Writer::unnamed(&header)?;
    for record in &records {
        if writer.append(record) > writer.bytes_written() + BATCH {
            writer.flush().map_err(failed)?;
        }
    }
    writer.flush().map_err(failed)?;
    writer.reader(path)
}

fn read(path: &Path, file: &mut File) -> Result<(Header, Vec<Record>), TranscriptError> {
    let unreadable = |error| TranscriptError::Read { path: path.to_owned(), error };
    if file.metadata().map_err(unreadable)?.len() > MAX_FILE {
        return Err(unreadable(io::Error::other("a HAR file of more than 2 GiB is not read")));
    }
    let mut written = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut written).map_err(unreadable)?;
    told(&written).map_err(|problem| TranscriptError::Line {
        path: path.to_owned(),
        line: problem.line,
        byte: problem.byte,
        message: problem.message,
    })
}

/// Where a file is no HAR, and why.
#[derive(Debug)]
struct Problem {
    line: u64,
    byte: u64,
    message: String,
}

impl Problem {
    /// At a byte of `text`.
    fn at(text: &[u8], byte: usize, message: String) -> Problem {
        let before = text.get(..byte).unwrap_or(text);
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        Problem { line, byte: byte as u64, message }
    }

    /// What is wrong with a part of `text`, as its reader says.
    fn of(error: &serde_json::Error, text: &[u8], part: &[u8]) -> Problem {
        let feeds = memchr::memchr_iter(b'\n', part).map(|feed| feed + 1);
        let begins = std::iter::once(0).chain(feeds).nth(error.line().saturating_sub(1)).unwrap_or_default();
        let byte = place(text, part) + begins + error.column().saturating_sub(1);
        let message = error.to_string();
        let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
        Problem::at(text, byte, what.to_owned())
    }
}

/// Where a part of `text` begins in it.
fn place(text: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// What the text of a HAR file tells, in the order of time.
fn told(text: &[u8]) -> Result<(Header, Vec<Record>), Problem> {
    let json = without_mark(text);
    let har: file::Har = serde_json::from_slice(json).map_err(|error| Problem::of(&error, text, json))?;
    let mut entries = Vec::new();
    for raw in har.entries() {
        let part = raw.get().as_bytes();
        let written: WrittenEntry =
            serde_json::from_slice(part).map_err(|error| Problem::of(&error, text, part))?;
        let entry = written.read().map_err(|what| Problem::at(text, place(text, part), what))?;
        entries.extend(entry);
    }
    entries.sort_by_key(|entry| entry.at);
    let times = entries.iter().flat_map(|entry| entry.messages.iter().filter_map(|message| message.at));
    let began = times.chain(entries.iter().map(|entry| entry.at)).min();
    let websocket = entries.iter().find(|entry| entry.is_websocket).or(entries.first());
    let header = Header {
        started: began.map_or_else(|| Time::UNIX_EPOCH.to_string(), |began| began.to_string()),
        ..Header::now(websocket.map_or("", |entry| &entry.origin))
    };
    let conns = connections(&entries);
    let mut records = Vec::new();
    for ((entry, conn), exchange) in entries.into_iter().zip(conns).zip(1..) {
        Telling { conn, exchange, began: began.unwrap_or_default(), records: &mut records }.entry(entry);
    }
    records.sort_by_key(|record| record.at);
    Ok((header, records))
}

/// The connection of each entry. The file's own `connection` tells them apart where it can; what became a WebSocket carries
/// no request behind it.
fn connections(entries: &[Entry]) -> Vec<ConnId> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        last.extend(entry.connection.as_deref().map(|name| (name, index)));
    }
    let mut known: HashMap<&str, ConnId> = HashMap::new();
    let (mut conns, mut count) = (Vec::new(), 0);
    let mut next = || {
        count += 1;
        ConnId(count)
    };
    for (index, entry) in entries.iter().enumerate() {
        let is_shared = |name: &&str| !entry.is_websocket || last.get(name) == Some(&index);
        conns.push(match entry.connection.as_deref().filter(is_shared) {
            Some(name) => *known.entry(name).or_insert_with(&mut next),
            None => next(),
        });
    }
    conns
}

/// What is told of one entry.
struct Telling<'a> {
    conn: ConnId,
    exchange: u32,
    began: Time,
    records: &'a mut Vec<Record>,
}

impl Telling<'_> {
    fn entry(&mut self, entry: Entry) {
        let asked = entry.at;
        self.http(asked, Direction::ToServer, Told::Request, entry.request);
        // Chromium gives the whole life of a WebSocket as the time that its answer took.
        let first = entry.messages.iter().find_map(|message| message.at);
        let mut at = entry.answered.min(first.unwrap_or(entry.answered)).max(asked);
        if let Some(response) = entry.response {
            self.http(at, Direction::ToClient, Told::Response, response);
        }
        for Message { at: time, dir, kind, bytes } in entry.messages {
            at = at.max(time.unwrap_or(at));
            match bytes.len() {
                0..=MAX_TOLD => self.tell(at, dir, kind, bytes),
                length => self.lose(at, dir, length),
            }
        }
    }

    fn http(&mut self, at: Time, dir: Direction, kind: Told, (mut head, body): (Vec<u8>, Vec<u8>)) {
        let length = body.len();
        let is_kept = head.len() + length <= MAX_TOLD;
        if is_kept {
            head.extend_from_slice(&body);
        }
        head.truncate(MAX_TOLD);
        self.tell(at, dir, kind, head.into());
        if !is_kept {
            self.lose(at, dir, length);
        }
    }

    fn tell(&mut self, at: Time, dir: Direction, message: Told, bytes: Bytes) {
        let exchange = if matches!(message, Told::Request | Told::Response) { self.exchange } else { 0 };
        self.record(at, What::Told { dir, message, exchange, bytes });
    }

    fn lose(&mut self, at: Time, dir: Direction, length: usize) {
        let why = format!("what the file has here is longer than {} MiB", MAX_TOLD >> 20);
        self.record(at, What::Lost { dir, bytes: length as u64, why });
    }

    fn record(&mut self, at: Time, what: What) {
        let since = at.as_nanosecond() - self.began.as_nanosecond();
        let at = Timestamp(u64::try_from(since).unwrap_or(if since < 0 { 0 } else { u64::MAX }));
        self.records.push(Record { at, conn: self.conn, what });
    }
}

/// Some programs begin a file with a byte order mark, which is no JSON.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

#[cfg(test)]
mod tests;
