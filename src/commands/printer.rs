//! Prints units on standard output, on a thread of its own: whoever reads slowly holds up nothing else.

use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anstream::AutoStream;
use clap::ColorChoice;
use tokio::sync::watch;

use super::Output;
use super::source::Source;
use crate::capture::Control;
use crate::decode::unit::UnitId;
use crate::export::{self, Format, Print, text};
use crate::session::Session;
use crate::session::filter::Filter;

/// So many units are put into words at once, while the session cannot grow.
const BATCH: u32 = 64;

/// While recording is further behind than this many bytes, printing lets it go first: traffic comes before its
/// description.
const BUSY: usize = 1 << 20;

/// How long printing lets recording go first, for each batch.
const YIELD: Duration = Duration::from_millis(20);

/// Tracers say what was called a little later.
const LAG: Duration = Duration::from_millis(300);

/// Standard output, with colour where that is wanted and understood.
pub(super) fn stdout(color: ColorChoice) -> AutoStream<io::Stdout> {
    let choice = match color {
        ColorChoice::Auto => AutoStream::choice(&io::stdout()),
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    };
    AutoStream::new(io::stdout(), choice)
}

/// Prints a session that is complete.
pub(super) fn all(session: &Session, output: &Output) -> io::Result<()> {
    let mut out = stdout(output.color);
    heading(output, &mut out)?;
    let mut text = Vec::new();
    let format = format(output);
    for id in session.ids() {
        units(session, id.0..id.0 + 1, output.filter.as_ref(), format, &mut text)?;
        if text.len() >= 1 << 16 {
            out.write_all(&text)?;
            text.clear();
        }
    }
    out.write_all(&text)?;
    out.flush()
}

/// How to print into what standard output is now: a terminal can be made wider while it is printed to.
fn format(output: &Output) -> Format {
    let columns = terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| usize::from(columns.0));
    Format { print: output.print.unwrap_or(Print::Summary), columns }
}

fn heading(output: &Output, out: &mut dyn Write) -> io::Result<()> {
    match output.print {
        Some(Print::Json) => Ok(()),
        _ => text::heading(out),
    }
}

/// Puts units into words, of those that the filter lets through. What cannot be read back passes, so that it is said.
fn units(
    session: &Session,
    ids: std::ops::Range<u32>,
    filter: Option<&Filter>,
    format: Format,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    ids.filter_map(|id| session.unit(UnitId(id)))
        .filter(|unit| filter.is_none_or(|filter| filter.matches(session, unit).unwrap_or(true)))
        .try_for_each(|unit| export::unit(session, &unit, format, out))
}

/// Prints a session while it grows.
pub(super) struct Printer {
    thread: JoinHandle<io::Result<()>>,
    deadline: watch::Sender<Option<Instant>>,
    ended: watch::Receiver<()>,
}

impl Printer {
    /// Starts printing what `source` yields.
    pub fn start(source: &Source, output: Output) -> Printer {
        let (session, grew, control) = (source.session.clone(), source.grew.clone(), source.control.clone());
        let (deadline, until) = watch::channel(None);
        let (end, ended) = watch::channel(());
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::spawn(move || {
            let _end = end;
            follow(&session, &control, grew, &until, &output, &runtime)
        });
        Printer { thread, deadline, ended }
    }

    /// Waits until printing ended by itself, because nobody reads any more.
    pub async fn ended(&self) {
        // An error says that the thread is gone, which is what is waited for.
        let _ = self.ended.clone().changed().await;
    }

    /// Prints what is left, but no longer than until `deadline`. Returns what went wrong with standard output.
    pub async fn finish(mut self, deadline: Instant) -> io::Result<()> {
        self.deadline.send_replace(Some(deadline));
        let grace = tokio::time::sleep_until(deadline.into());
        tokio::select! {
            _ = self.ended.changed() => self.thread.join().unwrap_or_else(|_| Err(io::Error::other("printing failed"))),
            // Standard output takes nothing more; the thread ends with the process.
            () = grace => Err(late()),
        }
    }
}

fn late() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the last units were not printed, there were too many; a recording has them all",
    )
}

/// Whether calls are printed that come later than their units.
fn is_traced(session: &RwLock<Session>, output: &Output) -> bool {
    let has_calls = output.print.is_some_and(Print::has_calls) || output.filter.is_some();
    has_calls && session.read().unwrap_or_else(PoisonError::into_inner).calls().processes().len() > 0
}

fn follow(
    session: &RwLock<Session>,
    control: &Control,
    mut grew: watch::Receiver<usize>,
    until: &watch::Receiver<Option<Instant>>,
    output: &Output,
    runtime: &tokio::runtime::Handle,
) -> io::Result<()> {
    let mut out = stdout(output.color);
    heading(output, &mut out)?;
    out.flush()?;
    let mut next = 1;
    let mut growing = true;
    while growing {
        growing = runtime.block_on(grew.changed()).is_ok();
        if growing && is_traced(session, output) {
            std::thread::sleep(LAG);
        }
        loop {
            let mut text = Vec::new();
            let printed = next;
            {
                let session = session.read().unwrap_or_else(PoisonError::into_inner);
                let len = u32::try_from(session.len()).unwrap_or(u32::MAX);
                let end = (len + 1).min(next + BATCH);
                units(&session, next..end, output.filter.as_ref(), format(output), &mut text)?;
                next = end;
            }
            if next == printed {
                break;
            }
            out.write_all(&text)?;
            if control.behind() > BUSY {
                std::thread::sleep(YIELD);
            }
            if until.borrow().is_some_and(|deadline| Instant::now() > deadline) {
                return Err(late());
            }
        }
        out.flush()?;
    }
    Ok(())
}
