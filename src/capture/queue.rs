//! Between the relay and the recorder: the relay never waits, unless the recorder is 64 MiB behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::control::{Answer, Order};
use crate::wire::trace::{Event, Trace};
use crate::wire::{Record, Tap, Timestamp, What};

/// So many bytes may wait to be recorded before TCP slows the peers.
pub const MAX_BEHIND: usize = 64 << 20;

/// What a record costs beside its bytes, so that a flood of tiny records is bounded too.
const RECORD_COST: usize = 256;

/// The recorder works in batches of about so many bytes. Between them whoever looks at the session has a turn, and where
/// there are not enough cores for all, so have the relay and the peers.
pub(super) const BATCH: usize = 256 << 10;

/// The recorder waits so long for a batch to fill, so that a record costs the relay no system call to wake it up.
const GATHER: Duration = Duration::from_millis(1);

/// The relay's end: hands records to the recorder.
#[derive(Clone, Debug)]
pub struct Inbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    began: Instant,
    queue: Mutex<Queue>,
    /// Signalled when the queue is no longer empty, when a batch is full, and when it is closed.
    filled: Condvar,
    /// Notified when the queue was taken.
    emptied: Notify,
    /// The bytes that wait, those that the recorder is working on included.
    behind: AtomicUsize,
}

#[derive(Debug, Default)]
struct Queue {
    records: Vec<Record>,
    /// What is asked of the recorder, and where the answer goes.
    orders: Vec<(Order, Answer)>,
    /// What they cost together.
    cost: usize,
    closed: bool,
    /// Whether nobody takes orders any more.
    over: bool,
}

impl Inbox {
    /// An empty queue; the session's time counts from now.
    pub fn new() -> Inbox {
        let shared = Shared {
            began: Instant::now(),
            queue: Mutex::default(),
            filled: Condvar::new(),
            emptied: Notify::new(),
            behind: AtomicUsize::new(0),
        };
        Inbox { shared: Arc::new(shared) }
    }

    /// How many bytes the recorder is behind.
    pub fn behind(&self) -> usize {
        self.shared.behind.load(Ordering::Relaxed)
    }

    /// Says that no more records will come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.shared.filled.notify_one();
    }

    /// Asks something of the recorder. Dropped, and so answered, where the recorder has ended.
    pub(super) fn order(&self, order: Order, answer: Answer) {
        let mut queue = self.lock();
        if !queue.over {
            queue.orders.push((order, answer));
            self.shared.filled.notify_one();
        }
    }

    /// Takes what is asked. With `last`, whatever is asked from now on is dropped.
    pub(super) fn orders(&self, last: bool) -> Vec<(Order, Answer)> {
        let mut queue = self.lock();
        queue.over = last;
        std::mem::take(&mut queue.orders)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all records that wait; sleeps until there are some, or until something is asked, at most `patience`.
    /// `None` when the queue is closed and empty.
    pub(super) fn take(&self, patience: Duration) -> Option<Vec<Record>> {
        let mut queue = self.wait(self.lock(), 1, patience);
        if queue.cost > 0 {
            queue = self.wait(queue, BATCH, GATHER);
        }
        queue.cost = 0;
        let records = std::mem::take(&mut queue.records);
        (!records.is_empty() || !queue.orders.is_empty() || !queue.closed).then_some(records)
    }

    /// Sleeps until the records that wait cost at least so much, something is asked, or the queue is closed; at most
    /// `patience`.
    fn wait<'a>(
        &self,
        queue: MutexGuard<'a, Queue>,
        least: usize,
        patience: Duration,
    ) -> MutexGuard<'a, Queue> {
        let too_little = |queue: &mut Queue| queue.cost < least && queue.orders.is_empty() && !queue.closed;
        let waited = self.shared.filled.wait_timeout_while(queue, patience, too_little);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Says that `records` are done with.
    pub(super) fn done(&self, cost: usize) {
        self.shared.behind.fetch_sub(cost, Ordering::AcqRel);
        self.shared.emptied.notify_waiters();
    }
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox::new()
    }
}

/// How much of the bound a record takes up.
pub(super) fn cost(record: &Record) -> usize {
    RECORD_COST
        + match &record.what {
            What::Received { bytes, .. } | What::Sent { bytes, .. } => bytes.len(),
            What::Output { bytes } => bytes.len(),
            What::Note { text, .. } => text.len(),
            What::Trace { said: Trace::Events(events), .. } => events.len() * size_of::<Event>(),
            _ => 0,
        }
}

impl Tap for Inbox {
    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.shared.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    async fn record(&self, record: Record) {
        while self.behind() > MAX_BEHIND {
            let emptied = self.shared.emptied.notified();
            tokio::pin!(emptied);
            // Registered before looking again, so that a wake-up in between is not missed.
            emptied.as_mut().enable();
            if self.behind() > MAX_BEHIND {
                emptied.await;
            }
        }
        let cost = cost(&record);
        self.shared.behind.fetch_add(cost, Ordering::AcqRel);
        let due = {
            let mut queue = self.lock();
            queue.records.push(record);
            let before = queue.cost;
            queue.cost += cost;
            before == 0 || (before < BATCH && queue.cost >= BATCH)
        };
        if due {
            self.shared.filled.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::wire::{ConnId, Direction};

    fn record(len: usize) -> Record {
        let what = What::Received { dir: Direction::ToServer, bytes: Bytes::from(vec![0; len]) };
        Record { at: Timestamp(0), conn: ConnId(1), what }
    }

    #[tokio::test]
    async fn records_come_out_in_order_and_the_end_is_told() {
        let inbox = Inbox::new();
        inbox.record(record(1)).await;
        inbox.record(record(2)).await;
        inbox.close();
        let taken = inbox.take(Duration::ZERO).unwrap();
        assert_eq!(taken, [record(1), record(2)]);
        assert_eq!(inbox.take(Duration::ZERO), None);
    }

    #[tokio::test]
    async fn the_recorder_is_woken_for_the_first_record_and_for_a_full_batch() {
        let inbox = Inbox::new();
        let taking = std::thread::spawn({
            let inbox = inbox.clone();
            move || inbox.take(Duration::MAX)
        });
        inbox.record(record(1)).await;
        assert_eq!(taking.join().unwrap().unwrap(), [record(1)], "what has come in a millisecond is taken");
        let taking = std::thread::spawn({
            let inbox = inbox.clone();
            move || drop(inbox.wait(inbox.lock(), BATCH, Duration::MAX))
        });
        inbox.record(record(BATCH / 2)).await;
        inbox.record(record(BATCH / 2)).await;
        taking.join().unwrap();
        assert_eq!(inbox.take(Duration::MAX).unwrap().len(), 2);
    }

    #[tokio::test]
    async fn the_relay_waits_only_when_the_recorder_is_far_behind() {
        let inbox = Inbox::new();
        inbox.record(record(MAX_BEHIND)).await;
        assert!(inbox.behind() > MAX_BEHIND);
        let waiting = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.record(record(1)).await }
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!waiting.is_finished());
        let taken = inbox.take(Duration::ZERO).unwrap();
        assert_eq!(taken.len(), 1);
        inbox.done(taken.iter().map(cost).sum());
        waiting.await.unwrap();
        assert_eq!(inbox.take(Duration::ZERO).unwrap(), [record(1)]);
    }
}
