//! Looks at every unit in the background, on a thread of its own: for the filter, the search and the statistics. The
//! screen answers meanwhile, and the session can grow. What decodes units for a filter or a search is shared among all processors.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::decode::unit::UnitId;
use crate::session::filter::Filter;
use crate::session::search::Query;
use crate::session::statistics::Statistics;
use crate::session::{Session, UnitRef};

/// For so long the session is held at once, so that recording waits no longer.
const SLICE: Duration = Duration::from_millis(4);

/// So many units a processor takes at once; then it looks at the time.
const STRIP: u32 = 32;

/// More processors do not help: the bytes come from one disk.
const MAX_THREADS: usize = 8;

/// What the thread is asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// Which units a filter lets through; none where there is no filter.
    Filter(Asked<Filter>),
    /// Which units a search hits.
    Search(Asked<Query>),
    /// The statistics of the units that a filter lets through, or of all.
    Statistics(Asked<Option<Filter>>),
    /// The session grew.
    Grew,
}

/// What is asked, under a number that the answers bear; `None` ends it.
#[derive(Clone, Debug)]
pub struct Asked<T> {
    /// The number.
    pub number: u64,
    /// What.
    pub what: Option<T>,
}

/// What the thread found.
#[derive(Debug)]
pub struct Found {
    /// What for.
    pub number: u64,
    /// All units up to this one were looked at.
    pub upto: UnitId,
    /// What was found since the last time.
    pub what: Findings,
}

/// What was found.
#[derive(Debug)]
pub enum Findings {
    /// Units that the filter lets through.
    Filtered(Vec<u32>),
    /// Units that the search hits.
    Hits(Vec<u32>),
    /// The statistics so far.
    Statistics(Box<Statistics>),
}

/// One thing that is looked for in unit after unit.
struct Job {
    number: u64,
    next: u32,
    /// Whether something was found that was not told yet.
    is_fresh: bool,
    look: Looking,
}

enum Looking {
    Filter(Filter, Vec<u32>),
    Search(Query, Vec<u32>),
    Statistics(Option<Filter>, Box<Statistics>),
}

/// Starts the thread. It ends when the returned sender is dropped, or when nobody takes what it finds.
pub fn start(
    session: Arc<RwLock<Session>>,
    found: impl Fn(Found) -> bool + Send + 'static,
) -> std::io::Result<Sender<Request>> {
    let (ask, asked) = mpsc::channel();
    std::thread::Builder::new().name("scan".to_owned()).spawn(move || work(&session, &asked, found))?;
    Ok(ask)
}

fn work(session: &RwLock<Session>, asked: &Receiver<Request>, found: impl Fn(Found) -> bool) {
    let mut jobs: [Option<Job>; 3] = [None, None, None];
    let mut is_idle = true;
    loop {
        let request = match is_idle {
            true => asked.recv().map_err(|_| mpsc::TryRecvError::Disconnected),
            false => asked.try_recv(),
        };
        match request {
            Ok(request) => {
                is_idle = false;
                take(&mut jobs, request);
                continue;
            }
            Err(mpsc::TryRecvError::Disconnected) => return,
            Err(mpsc::TryRecvError::Empty) => {}
        }
        is_idle = true;
        for job in jobs.iter_mut().flatten() {
            let session = session.read().unwrap_or_else(PoisonError::into_inner);
            is_idle &= job.slice(&session);
            drop(session);
            if let Some(news) = job.news()
                && !found(news)
            {
                return;
            }
        }
    }
}

fn take(jobs: &mut [Option<Job>; 3], request: Request) {
    let [filter, search, statistics] = jobs;
    let job = |number, look| Job { number, next: 1, is_fresh: true, look };
    match request {
        Request::Filter(Asked { number, what }) => {
            *filter = what.map(|what| job(number, Looking::Filter(what, Vec::new())));
        }
        Request::Search(Asked { number, what }) => {
            *search = what.map(|what| job(number, Looking::Search(what, Vec::new())));
        }
        Request::Statistics(Asked { number, what }) => {
            *statistics = what.map(|what| job(number, Looking::Statistics(what, Box::default())));
        }
        Request::Grew => {}
    }
}

impl Job {
    /// Goes on for a while. Returns whether the end was reached.
    fn slice(&mut self, session: &Session) -> bool {
        let end = u32::try_from(session.len()).unwrap_or(u32::MAX);
        let until = Instant::now() + SLICE;
        if self.look.is_costly() && self.next <= end {
            self.next = self.look.at_once(session, self.next..end.saturating_add(1), until);
            self.is_fresh = true;
            return self.next > end;
        }
        while self.next <= end {
            if let Some(unit) = session.unit(UnitId(self.next)) {
                self.look.at(session, &unit);
            }
            self.next += 1;
            self.is_fresh = true;
            if self.next.is_multiple_of(64) && Instant::now() > until {
                return false;
            }
        }
        true
    }

    /// What was found since the last time.
    fn news(&mut self) -> Option<Found> {
        if !std::mem::take(&mut self.is_fresh) {
            return None;
        }
        let what = match &mut self.look {
            Looking::Filter(_, ids) => Findings::Filtered(std::mem::take(ids)),
            Looking::Search(_, ids) => Findings::Hits(std::mem::take(ids)),
            Looking::Statistics(_, statistics) => Findings::Statistics(statistics.clone()),
        };
        Some(Found { number: self.number, upto: UnitId(self.next - 1), what })
    }
}

impl Looking {
    /// Whether each unit is decoded for it, and that can be done in any order.
    fn is_costly(&self) -> bool {
        match self {
            Looking::Filter(filter, _) => !filter.is_cheap(),
            Looking::Search(..) => true,
            Looking::Statistics(..) => false,
        }
    }

    /// Looks at the next units on all processors, each at some of them, until it is time. Returns the number of the next one.
    fn at_once(&mut self, session: &Session, units: Range<u32>, until: Instant) -> u32 {
        let next = AtomicU32::new(units.start);
        let find = || {
            let mut found = Vec::new();
            while Instant::now() < until {
                let begin = next.fetch_add(STRIP, Ordering::Relaxed);
                if begin >= units.end {
                    break;
                }
                let strip = begin..begin.saturating_add(STRIP).min(units.end);
                let strip = strip.filter_map(|id| session.unit(UnitId(id)));
                found.extend(strip.filter(|unit| self.finds(session, unit)).map(|unit| unit.id.0));
            }
            found
        };
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(MAX_THREADS));
        let mut found = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(find)).collect();
            let mut found = find();
            // Decoding does not panic; if it did, nothing was found there.
            found.extend(others.into_iter().flat_map(|other| other.join().unwrap_or_default()));
            found
        });
        found.sort_unstable();
        if let Looking::Filter(_, ids) | Looking::Search(_, ids) = self {
            ids.extend(found);
        }
        next.into_inner().min(units.end)
    }

    /// Whether it is looked for. A unit whose bytes cannot be read back is not; that is told where it is shown.
    fn finds(&self, session: &Session, unit: &UnitRef) -> bool {
        match self {
            Looking::Filter(filter, _) => filter.matches(session, unit).unwrap_or(false),
            Looking::Search(query, _) => matches!(query.matches(session, unit), Ok(Some(_))),
            Looking::Statistics(..) => false,
        }
    }

    /// Looks at one unit.
    fn at(&mut self, session: &Session, unit: &UnitRef) {
        let is_found = self.finds(session, unit);
        match self {
            Looking::Filter(_, ids) | Looking::Search(_, ids) if is_found => ids.push(unit.id.0),
            Looking::Filter(..) | Looking::Search(..) => {}
            Looking::Statistics(filter, statistics) => {
                let passes = |filter: &Filter| filter.matches(session, unit).unwrap_or(false);
                if filter.as_ref().is_none_or(passes) {
                    // What cannot be read back is counted by what the index knows of it.
                    let _ = statistics.add(session, unit);
                }
            }
        }
    }
}
