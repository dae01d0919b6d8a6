//! Opens a transcript as if it were live: a thread reads it and feeds the session, at once, as the file grows, or in
//! the time in which it was recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::control::{Control, ControlError, Order, State, cannot_write};
use super::copying::{self, Copy};
use super::indexing::{self, Extent};
use super::opening;
use super::pacer::Pacer;
use super::queue::{self, Inbox};
use super::recorder::RecorderError;
use super::transcript::{self, Ending, Header, Reader, Storage, TranscriptError};
use crate::decode::unit::UnitId;
use crate::session::Session;
use crate::wire::{Record, Timestamp, What};

/// So many bytes of records are decoded at once, so that whoever looks at the session need not wait long.
const BATCH: usize = 1 << 20;

/// How often a file that is followed is asked whether it grew.
const POLL: Duration = Duration::from_millis(100);

const NOT_RECORDED: ControlError =
    ControlError::Meaningless("an opened transcript is not recorded; save it instead");
const NO_WHOLE_LINE: ControlError = ControlError::Meaningless(
    "its last line is cut off, so nothing can be added to it; save to another file",
);
const NO_TRANSCRIPT: ControlError =
    ControlError::Meaningless("it is no transcript, so nothing can be added to it; save to another file");
const STILL_WRITTEN: ControlError = ControlError::Meaningless(
    "it is still being written, so nothing can be added to it; save to another file",
);

/// How a transcript is opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// As fast as it can be read.
    AtOnce,
    /// The same, and then what is added while it is still being written. That its writer ended cannot be known.
    Follow,
    /// In time.
    InTime(Pace),
}

/// How fast a transcript is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How many times as fast as it was recorded.
    pub speed: f64,
    /// Longer pauses of the recorded time are squeezed to this.
    pub max_pause: Duration,
    /// Whether it stands still.
    pub paused: bool,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { speed: 1.0, max_pause: Duration::from_secs(2), paused: false }
    }
}

impl Pace {
    /// The speed that is used: from 0.1 to 1000.
    pub fn speed(&self) -> f64 {
        if self.speed.is_nan() { 1.0 } else { self.speed.clamp(0.1, 1000.0) }
    }
}

/// How far a transcript was read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Playing {
    /// The pace, where it is played in time.
    pub pace: Option<Pace>,
    /// When the last record that was read was recorded.
    pub at: Timestamp,
    /// How many bytes were read.
    pub read: u64,
    /// Whether nothing more will come.
    pub is_over: bool,
    /// How many bytes of a last line that is cut off were left out.
    pub cut_off: u64,
}

/// A transcript that is opened, on a thread of its own.
#[derive(Debug)]
pub struct Player {
    header: Header,
    session: Arc<RwLock<Session>>,
    grew: watch::Receiver<usize>,
    control: Control,
    inbox: Inbox,
    thread: JoinHandle<()>,
}

impl Player {
    /// Opens a transcript; returns once its header was read.
    pub fn open(path: &Path, mode: Mode, max_message: usize) -> Result<Player, RecorderError> {
        let (playback, player) = Playback::open(path, mode, max_message)?;
        let thread = std::thread::Builder::new().name("player".to_owned());
        let thread = thread.spawn(move || playback.run()).map_err(RecorderError::Thread)?;
        let (header, session, grew, control, inbox) = player;
        Ok(Player { header, session, grew, control, inbox, thread })
    }

    /// The first line of the transcript.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What was read so far.
    pub fn session(&self) -> &Arc<RwLock<Session>> {
        &self.session
    }

    /// Tells that the session grew: the number of its units. Closed when nothing more will come.
    pub fn grew(&self) -> watch::Receiver<usize> {
        self.grew.clone()
    }

    /// Controls it, and tells how far it was read.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Ends it.
    pub fn finish(self) {
        self.inbox.close();
        // The thread does not panic; if it did, what was read until then stands.
        let _ = self.thread.join();
    }
}

type Ends = (Header, Arc<RwLock<Session>>, watch::Receiver<usize>, Control, Inbox);

/// What the thread holds.
struct Playback {
    inbox: Inbox,
    path: PathBuf,
    /// The transcript that was made of the file, where that is none itself.
    imported: Option<Storage>,
    reader: Reader,
    follow: bool,
    pacer: Option<Pacer>,
    /// The next record, which was read and is not due yet.
    next: Option<(u64, Record)>,
    /// How long the file was when it was opened.
    length: u64,
    session: Arc<RwLock<Session>>,
    /// How far it goes, where that is known.
    extent: Option<Extent>,
    max_message: usize,
    /// Dropped when nothing more will come.
    grow: Option<watch::Sender<usize>>,
    state: watch::Sender<State>,
    /// The notes that are not in the file that was opened.
    notes: BTreeMap<UnitId, Record>,
    /// The units whose notes are in no file.
    unsaved: BTreeSet<UnitId>,
}

impl Playback {
    fn open(path: &Path, mode: Mode, max_message: usize) -> Result<(Playback, Ends), RecorderError> {
        let (reader, is_imported) = opening::open(path)?;
        let header = reader.header().clone();
        let unreadable = |error| TranscriptError::Read { path: path.to_owned(), error };
        let length = reader.length().map_err(unreadable)?;
        let imported = is_imported.then(|| reader.storage().clone());
        let known = match mode {
            Mode::AtOnce if !is_imported => indexing::load(path, reader.lines(), max_message),
            _ => None,
        };
        let (session, extent) = match known {
            Some((session, extent)) => (session, Some(extent)),
            None => (Session::new(Box::new(reader.lines()), max_message)?, None),
        };
        let session = Arc::new(RwLock::new(session));
        let inbox = Inbox::new();
        let (grow, grew) = watch::channel(0);
        let playing = Playing {
            pace: if let Mode::InTime(pace) = mode { Some(pace) } else { None },
            ..Playing::default()
        };
        let (state, states) = watch::channel(State {
            file: Some(path.to_owned()),
            bytes: length,
            playing: Some(playing),
            ..State::default()
        });
        let playback = Playback {
            inbox: inbox.clone(),
            path: path.to_owned(),
            imported,
            reader,
            follow: mode == Mode::Follow,
            pacer: playing.pace.map(Pacer::new),
            next: None,
            length,
            session: Arc::clone(&session),
            // Nothing more comes where all is known.
            grow: extent.is_none().then_some(grow),
            extent,
            max_message,
            state,
            notes: BTreeMap::new(),
            unsaved: BTreeSet::new(),
        };
        let control = Control::new(inbox.clone(), states);
        Ok((playback, (header, session, grew, control, inbox)))
    }

    fn run(mut self) {
        let mut patience = Duration::ZERO;
        let mut before = Instant::now();
        while self.inbox.take(patience).is_some() {
            let now = Instant::now();
            patience = self.turn(now - before);
            before = now;
        }
        drop(self.inbox.orders(true));
    }

    /// Goes on after `elapsed`. Says how long nothing is to be done.
    fn turn(&mut self, elapsed: Duration) -> Duration {
        if let Some(pacer) = &mut self.pacer {
            pacer.pass(elapsed);
        }
        for (order, answer) in self.inbox.orders(false) {
            // Whoever asked may have gone.
            let _ = answer.send(self.obey(order));
        }
        let patience = match self.grow {
            Some(_) => self.play(),
            None => Duration::MAX,
        };
        self.tell();
        patience
    }

    /// Ingests what is due, but only so much at once.
    fn play(&mut self) -> Duration {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let patience = loop {
            if bytes >= BATCH {
                break Duration::ZERO;
            }
            match self.read() {
                Ok(true) => {}
                Ok(false) if self.follow => break POLL,
                Ok(false) => {
                    self.ingest(batch);
                    self.end();
                    return Duration::MAX;
                }
                Err(error) => {
                    self.ingest(batch);
                    self.fail(error.to_string());
                    return Duration::MAX;
                }
            }
            match self.pacer.as_mut().map_or(Duration::ZERO, Pacer::wait) {
                Duration::ZERO => {}
                wait => break wait,
            }
            if let Some((offset, record)) = self.next.take() {
                bytes += queue::cost(&record);
                batch.push((offset, record));
            }
        };
        self.ingest(batch);
        patience
    }

    /// Has the next record ready. Says whether there is one.
    fn read(&mut self) -> Result<bool, TranscriptError> {
        if self.next.is_none() {
            self.next = if self.follow { self.reader.next_whole()? } else { self.reader.next_record()? };
            if let (Some((_, record)), Some(pacer)) = (&self.next, &mut self.pacer) {
                pacer.next(record.at);
            }
        }
        Ok(self.next.is_some())
    }

    fn ingest(&mut self, batch: Vec<(u64, Record)>) {
        let Some((_, last)) = batch.last() else { return };
        let at = last.at;
        let mut session = self.session.write().unwrap_or_else(PoisonError::into_inner);
        let mut failure = None;
        for (offset, record) in &batch {
            // What was written here came later.
            if !matches!(record.what, What::Note { unit, .. } if self.notes.contains_key(&UnitId(unit))) {
                failure = session.ingest(record, *offset).err().map(|error| error.to_string()).or(failure);
            }
        }
        let units = session.len();
        drop(session);
        self.state.send_modify(|state| {
            if let Some(playing) = &mut state.playing {
                playing.at = at;
            }
            state.failure = failure.or(state.failure.take());
        });
        if let Some(grow) = &self.grow {
            grow.send_replace(units);
        }
    }

    /// All is read. Whoever looks is told first; what is known is written down for the next time.
    fn end(&mut self) {
        self.grow = None;
        self.tell();
        if self.pacer.is_none() && self.imported.is_none() && self.notes.is_empty() {
            let at = self.state.borrow().playing.map_or(Timestamp::default(), |playing| playing.at);
            let extent = Extent { at, read: self.reader.offset(), cut_off: self.reader.cut_off() };
            let session = self.session.read().unwrap_or_else(PoisonError::into_inner);
            indexing::save(&self.path, &session, extent, self.max_message);
        }
    }

    /// Nothing more can be read.
    fn fail(&mut self, why: String) {
        self.grow = None;
        self.state.send_modify(|state| state.failure = Some(why));
    }

    /// Tells how it stands.
    fn tell(&self) {
        let (read, cut_off) = match self.extent {
            Some(extent) => (extent.read, extent.cut_off),
            None => (self.reader.offset(), self.reader.cut_off()),
        };
        let is_over = self.grow.is_none();
        let pace = self.pacer.as_ref().map(|pacer| pacer.pace);
        self.state.send_if_modified(|state| {
            let known = self.extent.map(|extent| extent.at);
            let at = known.or(state.playing.map(|playing| playing.at)).unwrap_or_default();
            let playing = Some(Playing { pace, at, read, is_over, cut_off });
            let bytes = state.bytes.max(read);
            let same = (state.playing, state.unsaved, state.bytes) == (playing, self.unsaved.len(), bytes);
            (state.playing, state.unsaved, state.bytes) = (playing, self.unsaved.len(), bytes);
            !same
        });
    }

    fn obey(&mut self, order: Order) -> Result<(), ControlError> {
        match order {
            Order::Save(path) => self.save(&path),
            Order::RecordTo(_) | Order::StopRecording | Order::Switch(_) => Err(NOT_RECORDED),
            Order::Note { unit, marked, text } => self.note(unit, marked, text),
            Order::Pace(pace) => {
                match &mut self.pacer {
                    Some(pacer) => pacer.pace = pace,
                    None => self.pacer = Some(Pacer::new(pace)),
                }
                Ok(())
            }
            Order::Step => {
                self.pacer.iter_mut().for_each(Pacer::step);
                Ok(())
            }
        }
    }

    fn note(&mut self, unit: UnitId, marked: bool, text: String) -> Result<(), ControlError> {
        let mut session = self.session.write().unwrap_or_else(PoisonError::into_inner);
        let conn = session.unit(unit).ok_or(ControlError::NoUnit(unit.0))?.conn;
        let at = self.state.borrow().playing.map_or(Timestamp::default(), |playing| playing.at);
        let record = Record { at, conn, what: What::Note { unit: unit.0, marked, text } };
        // A note has no bytes to be read back, so the offset says nothing, and nothing can fail.
        let _ = session.ingest(&record, 0);
        drop(session);
        self.notes.insert(unit, record);
        self.unsaved.insert(unit);
        self.grow.iter().for_each(|grow| grow.send_modify(|_| ()));
        Ok(())
    }

    /// Adds the notes to the file that was opened, or copies it to another one and adds them there.
    fn save(&mut self, path: &Path) -> Result<(), ControlError> {
        let own = copying::is_same(path, &self.path);
        let unreadable = |error| TranscriptError::Read { path: self.path.clone(), error };
        let storage = match &self.imported {
            Some(_) if own => return Err(NO_TRANSCRIPT),
            Some(transcript) => transcript.clone(),
            None => Storage::open(&self.path).map_err(unreadable)?,
        };
        let ending = Ending::of(&storage).map_err(unreadable)?;
        let mut lines = Vec::new();
        if ending.lacks_line_feed {
            lines.push(b'\n');
        }
        self.notes.values().for_each(|record| transcript::write(record, &mut lines));
        if !own {
            Copy::create(Some(path.to_owned()))?.up_to(&storage, ending.end)?.and(&lines)?.finish()?;
        } else if self.follow || storage.len().map_err(unreadable)? != self.length {
            return Err(STILL_WRITTEN);
        } else if ending.cut_off > 0 || storage.cut_off() > 0 {
            return Err(NO_WHOLE_LINE);
        } else {
            let written = Storage::open_to_append(path)
                .and_then(|storage| storage.append(&lines, ending.end).and_then(|()| storage.finish()));
            written.map_err(|error| cannot_write(path, error))?;
            self.length = ending.end + lines.len() as u64;
            self.notes.clear();
        }
        self.unsaved.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
