//! What the proxy and the demo share: a recording, a relay into it, and the units printed as they come.

use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::sync::{oneshot, watch};

use super::closing;
use super::printer::Printer;
use super::screen::Guided;
use super::source::Source;
use super::{Output, recent, say, screen};
use crate::capture::Recorder;
use crate::capture::control::State;
use crate::proxy::Proxy;

/// How long what is left may take to be printed after the end.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(1500);

/// What is captured, and how it is shown.
pub(super) struct Live<'a> {
    pub proxy: Proxy,
    /// What the proxy passes on to, as the user wrote it.
    pub upstream: &'a str,
    pub output: &'a Output,
    /// Said once everything is ready, where there is no screen.
    pub greeting: String,
    /// Whether the same can be had again.
    pub is_repeatable: bool,
    /// A walk over what comes, where one is wanted; there is a screen then.
    pub walk: Option<Guided>,
}

/// Starts a recording, in the file that is to be kept, where there is one.
pub(super) fn record(upstream: &str, record: Option<&Path>, output: &Output) -> anyhow::Result<Recorder> {
    let recorder = Recorder::start(upstream, record, output.max_message.0)?;
    if let Some(path) = record {
        recent::add(path);
    }
    Ok(recorder)
}

/// Relays, records and prints until `end` is over, Ctrl-C is pressed, or nobody reads the output any more; then
/// says what there was. `end` may fail, and its failure is returned after everything is closed in order: first the
/// connections, then `close`, whose records are the last.
pub(super) async fn run(
    live: Live<'_>,
    recorder: Recorder,
    end: impl Future<Output = anyhow::Result<()>>,
    close: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let Live { proxy, upstream, output, greeting, is_repeatable, walk } = live;
    let settings = output.screen()?;
    let title = format!("http://{} → {upstream}", proxy.local_addr());
    let source = Source { is_repeatable, ..Source::live(&recorder, title) };
    let session = source.session.clone();
    let interrupt = Interrupt::new().context("cannot wait for Ctrl-C")?;
    let (stop, stopped) = oneshot::channel::<()>();
    let relay = tokio::spawn(proxy.run(recorder.inbox().clone(), async {
        // A dropped sender stops the relay as well.
        let _ = stopped.await;
    }));
    let (result, printer) = if let Some(settings) = settings {
        let script = async { end.await.and(std::future::pending::<anyhow::Result<()>>().await) };
        let result = tokio::select! {
            result = screen::show(&source, settings, output.filter.clone(), walk) => result,
            result = script => result,
            result = interrupt.wait() => result.context("cannot wait for Ctrl-C"),
        };
        (result, None)
    } else {
        say(greeting);
        tokio::spawn(say_failures(source.control.states()));
        let printer = Printer::start(&source, output.clone());
        let result = tokio::select! {
            result = end => result,
            result = interrupt.wait() => result.context("cannot wait for Ctrl-C"),
            () = printer.ended() => Ok(()),
        };
        (result, Some(printer))
    };
    let _ = stop.send(());
    relay.await.context("the relay failed")?;
    close.await;
    tokio::task::spawn_blocking(|| recorder.finish()).await.context("recording failed")?;
    let printed = match printer {
        Some(printer) => printer.finish(Instant::now() + LAST_WORDS).await,
        None => Ok(()),
    };
    let (words, lost) = {
        let session = session.read().unwrap_or_else(PoisonError::into_inner);
        (closing::words(&session), session.lost())
    };
    words.into_iter().for_each(say);
    // Where it was recorded to can change while it goes on.
    let file = source.control.state().file;
    if let Some(path) = &file {
        recent::add(path);
        say(format_args!("recorded in {}; open it again with: wirewalk open {0}", path.display()));
    }
    say_printed(printed)?;
    result?;
    match file {
        Some(path) if lost > 0 => {
            let lost = crate::words::count(lost, "byte");
            bail!("not all is in {}: {lost} passed on that could not be recorded", path.display())
        }
        _ => Ok(()),
    }
}

/// Says when recording fails, each time for another reason.
async fn say_failures(mut states: watch::Receiver<State>) {
    let mut before = None;
    while states.changed().await.is_ok() {
        let failure = states.borrow_and_update().failure.clone();
        if let Some(why) = failure.as_ref().filter(|_| failure != before) {
            say(format_args!(
                "recording stopped: {why}; the connections go on, and it is tried again every second"
            ));
        }
        before = failure;
    }
}

/// Says what went wrong with printing, where that matters.
pub(super) fn say_printed(printed: io::Result<()>) -> anyhow::Result<()> {
    match printed {
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            say(error);
            Ok(())
        }
        printed => printed.context("cannot print"),
    }
}

/// Ctrl-C, or being asked to end in another way: noticed from when this is made, so that a signal that comes at once ends wirewalk in
/// order too. Needs the runtime.
pub(super) struct Interrupt {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
}

impl Interrupt {
    #[cfg(unix)]
    pub fn new() -> io::Result<Interrupt> {
        use tokio::signal::unix::{SignalKind, signal};
        let [interrupt, terminate, hang_up] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Interrupt { signals: [interrupt?, terminate?, hang_up?] })
    }

    #[cfg(unix)]
    pub async fn wait(mut self) -> io::Result<()> {
        let [interrupt, terminate, hang_up] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub fn new() -> io::Result<Interrupt> {
        Ok(Interrupt {})
    }

    #[cfg(not(unix))]
    pub async fn wait(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

/// Waits for Ctrl-C, or for being asked to end in another way.
pub(super) async fn interrupted() -> io::Result<()> {
    Interrupt::new()?.wait().await
}

/// The runtime that a live session runs on.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")
}
