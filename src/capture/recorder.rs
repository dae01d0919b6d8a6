//! The only writer: takes records from the relay, appends them to the transcript, then feeds the session.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::control::{Control, State};
use super::indexing::{self, Extent};
use super::opening;
use super::queue::{self, BATCH, Inbox, MAX_BEHIND};
use super::transcript::{Header, Reader, TranscriptError, Writer};
use crate::session::{Session, StoreError};
use crate::wire::{ConnId, Direction, Record, Timestamp, What};

/// How often a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A session cannot be recorded or opened.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// The transcript cannot be written or read.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
    /// There is no room for what is derived from the wire.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that records cannot be started.
    #[error("cannot start recording: {0}")]
    Thread(io::Error),
}

/// A recording that goes on, on a thread of its own.
#[derive(Debug)]
pub struct Recorder {
    inbox: Inbox,
    session: Arc<RwLock<Session>>,
    grew: watch::Receiver<usize>,
    control: Control,
    thread: JoinHandle<()>,
}

impl Recorder {
    /// Starts recording to the file `record_to`, or to an unnamed one where nothing is to be kept.
    /// `max_message` is the longest WebSocket message that is put together.
    pub fn start(
        upstream: &str,
        record_to: Option<&Path>,
        max_message: usize,
    ) -> Result<Recorder, RecorderError> {
        let header = Header::now(upstream);
        let writer = match record_to {
            Some(path) => Writer::create(path, &header)?,
            None => Writer::unnamed(&header)?,
        };
        let session = Arc::new(RwLock::new(Session::new(Box::new(writer.lines()), max_message)?));
        let inbox = Inbox::new();
        let (grow, grew) = watch::channel(0);
        let bytes = writer.bytes_written();
        let (state, states) =
            watch::channel(State { file: record_to.map(Path::to_owned), bytes, ..State::default() });
        let control = Control::new(inbox.clone(), states);
        let work = Work {
            inbox: inbox.clone(),
            writer,
            session: Arc::clone(&session),
            grow,
            failed: None,
            unstored: None,
            lost: BTreeMap::new(),
            state,
            copies: Vec::new(),
        };
        let thread = std::thread::Builder::new().name("recorder".to_owned());
        let thread = thread.spawn(move || work.run()).map_err(RecorderError::Thread)?;
        Ok(Recorder { inbox, session, grew, control, thread })
    }

    /// Where the relay hands its records.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// What was captured so far.
    pub fn session(&self) -> &Arc<RwLock<Session>> {
        &self.session
    }

    /// Tells that the session grew: the number of its units. Closed when recording ended.
    pub fn grew(&self) -> watch::Receiver<usize> {
        self.grew.clone()
    }

    /// Controls the recording while it goes on.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Records what still waits, and ends. Returns when all of it is on disk.
    pub fn finish(self) {
        self.inbox.close();
        // The thread does not panic; if it did, what was recorded until then stands.
        let _ = self.thread.join();
    }

    /// Opens a transcript, or a HAR file: the same records, on the same road. Returns the session, and how many bytes of a last
    /// line that is cut off were left out.
    pub fn open(path: &Path, max_message: usize) -> Result<(Session, Header, u64), RecorderError> {
        let (mut reader, is_imported) = opening::open(path)?;
        if !is_imported && let Some((session, extent)) = indexing::load(path, reader.lines(), max_message) {
            return Ok((session, reader.header().clone(), extent.cut_off));
        }
        let (session, at) = Recorder::read_to_end(&mut reader, max_message)?;
        let extent = Extent { at, read: reader.offset(), cut_off: reader.cut_off() };
        if !is_imported {
            indexing::save(path, &session, extent, max_message);
        }
        Ok((session, reader.header().clone(), extent.cut_off))
    }

    /// The session that a transcript has, from where it was read to on.
    pub fn read(reader: &mut Reader, max_message: usize) -> Result<Session, RecorderError> {
        Ok(Recorder::read_to_end(reader, max_message)?.0)
    }

    /// The same, and when the last record was recorded.
    fn read_to_end(reader: &mut Reader, max_message: usize) -> Result<(Session, Timestamp), RecorderError> {
        let mut session = Session::new(Box::new(reader.lines()), max_message)?;
        let mut last = Timestamp::default();
        while let Some((offset, record)) = reader.next_record()? {
            last = record.at;
            session.ingest(&record, offset)?;
        }
        Ok((session, last))
    }
}

/// What the recording thread holds.
pub(super) struct Work {
    pub inbox: Inbox,
    pub writer: Writer,
    pub session: Arc<RwLock<Session>>,
    pub grow: watch::Sender<usize>,
    /// When writing failed last, and why. Until it works again nothing is captured.
    pub failed: Option<(Instant, String)>,
    /// Why something that was derived from the wire could not be stored, where that happened.
    unstored: Option<String>,
    /// What passed meanwhile.
    lost: BTreeMap<(ConnId, usize), (Timestamp, u64)>,
    /// What whoever controls the recording is told.
    pub state: watch::Sender<State>,
    /// Copies that are being made.
    pub copies: Vec<JoinHandle<()>>,
}

impl Work {
    fn run(mut self) {
        while let Some(records) = self.inbox.take(if self.failed.is_some() { RETRY } else { Duration::MAX }) {
            let mut batch = Vec::new();
            let mut cost = 0;
            for record in records {
                cost += queue::cost(&record);
                batch.push(record);
                if cost >= BATCH {
                    self.batch(std::mem::take(&mut batch), std::mem::take(&mut cost));
                }
            }
            self.batch(batch, cost);
            self.obey();
            self.tell();
        }
        self.recover(true);
        // Whoever asked for a copy gets all of it.
        while !self.copies.is_empty() {
            self.copies.drain(..).for_each(|copy| drop(copy.join()));
            self.obey();
        }
        drop(self.inbox.orders(true));
        // Best effort: the transcript is complete without an index too.
        let _ = self.writer.finish();
        self.tell();
    }

    /// Tells how it stands.
    fn tell(&self) {
        let bytes = self.writer.bytes_written();
        let failure = self.failed.as_ref().map(|(_, why)| why).or(self.unstored.as_ref());
        self.state.send_if_modified(|state| {
            let same = state.bytes == bytes && state.failure.as_ref() == failure;
            if !same {
                state.bytes = bytes;
                state.failure = failure.cloned();
            }
            !same
        });
    }

    /// Records a batch. Then the relay or a peer may wait for the processor, and goes first, unless they soon have to wait
    /// for the recorder anyway.
    fn batch(&mut self, records: Vec<Record>, cost: usize) {
        self.record(records);
        self.inbox.done(cost);
        if self.inbox.behind() < MAX_BEHIND / 2 {
            std::thread::yield_now();
        }
    }

    /// Writes a batch, then decodes it. What is decoded can be read back from the file.
    pub fn record(&mut self, records: Vec<Record>) {
        if self.failed.is_some() && !self.recover(false) {
            records.iter().for_each(|r| self.lose(r));
            return;
        }
        if records.is_empty() {
            return;
        }
        let offsets: Vec<u64> = records.iter().map(|r| self.writer.append(r)).collect();
        if let Err(error) = self.writer.flush() {
            self.writer.discard();
            self.failed = Some((Instant::now(), error.to_string()));
            records.iter().for_each(|r| self.lose(r));
            return;
        }
        self.ingest(records.iter().zip(offsets));
    }

    fn ingest<'a>(&mut self, records: impl Iterator<Item = (&'a Record, u64)>) {
        let mut session = self.session.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // What is said of calls and written by the server makes no unit, but is seen too.
        let mut is_seen = false;
        for (record, offset) in records {
            is_seen |= !record.what.is_on_connection();
            if let Err(error) = session.ingest(record, offset) {
                self.unstored = Some(error.to_string());
            }
        }
        let units = session.len();
        drop(session);
        self.grow.send_if_modified(|seen| std::mem::replace(seen, units) != units || is_seen);
    }

    /// Counts what cannot be captured. That a connection opened or closed is not bytes, and is told again by what
    /// comes after it.
    fn lose(&mut self, record: &Record) {
        if let What::Received { dir, bytes } = &record.what {
            let entry = self.lost.entry((record.conn, dir.index())).or_insert((record.at, 0));
            entry.1 += bytes.len() as u64;
        }
    }

    /// Has a write that failed tried again at once.
    pub fn retry(&mut self) {
        if let Some((since, _)) = &mut self.failed {
            *since = since.checked_sub(RETRY).unwrap_or(*since);
            self.recover(false);
        }
    }

    /// Tries to go on after a failure; at the end, says in any case what was lost, on the screen if not on disk.
    fn recover(&mut self, at_the_end: bool) -> bool {
        let Some((since, why)) = &self.failed else { return true };
        if since.elapsed() < RETRY && !at_the_end {
            return false;
        }
        let records: Vec<Record> = self
            .lost
            .iter()
            .map(|(&(conn, dir), &(at, bytes))| {
                let what = What::Lost { dir: Direction::BOTH[dir], bytes, why: why.clone() };
                Record { at, conn, what }
            })
            .collect();
        let offsets: Vec<u64> = records.iter().map(|r| self.writer.append(r)).collect();
        match self.writer.flush() {
            Err(error) if !at_the_end => {
                self.writer.discard();
                self.failed = Some((Instant::now(), error.to_string()));
                false
            }
            _ => {
                self.failed = None;
                self.lost.clear();
                self.ingest(records.iter().zip(offsets));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::transcript::Storage;
    use super::*;
    use crate::decode::limits::MAX_MESSAGE;
    use crate::decode::unit::{UnitId, UnitKind};

    fn received(bytes: &'static [u8]) -> Record {
        let what = What::Received { dir: Direction::ToServer, bytes: Bytes::from_static(bytes) };
        Record { at: Timestamp(5), conn: ConnId(1), what }
    }

    /// A disk that is full cannot be had in a test; a file that was opened for reading refuses each write as well.
    fn full_disk() -> (Work, Arc<RwLock<Session>>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full");
        std::fs::write(&path, "").unwrap();
        let writer = Writer::new(Storage::open(&path).unwrap(), &Header::now("x"));
        let lines = writer.lines();
        let session = Arc::new(RwLock::new(Session::new(Box::new(lines), MAX_MESSAGE).unwrap()));
        let (grow, _) = watch::channel(0);
        let inbox = Inbox::new();
        let work = Work {
            inbox,
            writer,
            session: session.clone(),
            grow,
            failed: None,
            unstored: None,
            lost: BTreeMap::new(),
            state: watch::channel(State::default()).0,
            copies: Vec::new(),
        };
        (work, session)
    }

    fn kinds(session: &RwLock<Session>) -> Vec<UnitKind> {
        let session = session.read().unwrap();
        session.ids().map(|id| session.unit(id).unwrap().kind).collect()
    }

    #[test]
    fn what_a_full_disk_cannot_take_is_a_finding_with_its_length() {
        let (mut work, session) = full_disk();
        work.record(vec![received(b"abc"), received(b"de")]);
        assert!(work.failed.is_some());
        work.record(vec![received(b"f")]);
        assert_eq!(kinds(&session), []);
        assert!(work.recover(true), "at the end it is said in any case");
        let session = session.read().unwrap();
        let unit = session.unit(UnitId(1)).unwrap();
        assert_eq!((unit.kind, unit.length), (UnitKind::Lost, 6));
        assert_eq!(session.findings(UnitId(1))[0].1.rule.key, "tcp.not_captured");
        assert_eq!(session.byte_count(), 6);
    }

    #[test]
    fn recording_goes_on_when_there_is_room_again() {
        let (mut work, session) = full_disk();
        work.record(vec![received(b"abc")]);
        work.writer = Writer::unnamed(&Header::now("x")).unwrap();
        work.failed = work.failed.map(|(at, why)| (at.checked_sub(RETRY).unwrap(), why));
        work.record(vec![received(b"xyz")]);
        assert!(work.failed.is_none());
        assert_eq!(kinds(&session), [UnitKind::Lost, UnitKind::Opaque]);
        assert_eq!(session.read().unwrap().byte_count(), 6);
    }
}
