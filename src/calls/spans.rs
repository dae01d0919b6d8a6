//! The calls of this very process, as its `tracing` spans tell of them: those of the demo's server and of the libraries that it uses.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as Values};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, registry};

use crate::wire::trace::{
    Call, Detail, Event, Function, MarkKind, Package, Process, Strand, StrandKind, Trace,
};
use crate::wire::{ConnId, Record, Tap, Timestamp, What};

/// The crates whose spans are calls, with their versions; a test holds these against the lock file.
const CRATES: [(&str, &str); 3] = [("wirewalk", ""), ("engineioxide", "0.17.9"), ("socketioxide", "0.18.9")];

/// What is known of a span while it is open.
#[derive(Clone, Debug, Default)]
struct Open {
    call: Option<u64>,
    detail: Detail,
    received: Option<u64>,
    sent: Option<u64>,
}

impl Visit for Open {
    fn record_u64(&mut self, field: &Field, value: u64) {
        let small = u32::try_from(value).ok();
        match field.name() {
            "port" => self.detail.port = u16::try_from(value).ok(),
            "status" => self.detail.status = u16::try_from(value).ok(),
            "crc32" => self.detail.crc32 = small,
            "received" => self.received = Some(value),
            "sent" => self.sent = Some(value),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "method" => self.detail.method = Some(value.to_owned()),
            "target" => self.detail.target = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Tells the spans of this process as the calls of a traced one.
#[derive(Debug)]
pub struct Spans {
    told: Mutex<Told>,
    said: mpsc::UnboundedSender<Trace>,
    /// The session's time when this began.
    since: (Instant, Timestamp),
}

#[derive(Debug, Default)]
struct Told {
    functions: HashMap<tracing::callsite::Identifier, u32>,
    packages: Vec<&'static str>,
    strands: HashMap<String, u32>,
    calls: u64,
}

impl Spans {
    /// Begins to tell, on behalf of process number 1, which is recorded now: whoever sees a unit knows already that its calls will come. What
    /// is said then is recorded by a task of its own, until nobody tells any more.
    pub async fn start<T: Tap>(tap: T) -> Spans {
        let (said, mut heard) = mpsc::unbounded_channel();
        let process = Process {
            runtime: "Rust".to_owned(),
            version: env!("CARGO_PKG_RUST_VERSION").to_owned(),
            pid: std::process::id(),
            parent: 0,
            program: vec!["wirewalk".to_owned(), "demo".to_owned()],
            directory: String::new(),
            hook: "tracing".to_owned(),
        };
        let record = async |tap: &T, said| {
            let what = What::Trace { process: 1, said };
            tap.record(Record { at: tap.now(), conn: ConnId::NONE, what }).await;
        };
        record(&tap, Trace::Process(process)).await;
        let since = (Instant::now(), tap.now());
        tokio::spawn(async move {
            while let Some(said) = heard.recv().await {
                record(&tap, said).await;
            }
        });
        Spans { told: Mutex::default(), said, since }
    }

    /// Has all spans of this process from now on told. Once a process; later ones are not told.
    pub fn install(self) {
        use tracing_subscriber::layer::SubscriberExt as _;
        let _ = tracing::subscriber::set_global_default(registry().with(self));
    }

    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.since.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Timestamp(self.since.1.0.saturating_add(passed))
    }

    fn say(&self, said: Trace) {
        // Who listened is gone at the end.
        let _ = self.said.send(said);
    }

    fn event(&self, event: Event) {
        self.say(Trace::Events(vec![event]));
    }

    fn function(&self, told: &mut Told, metadata: &'static Metadata<'static>) -> u32 {
        let next = u32::try_from(told.functions.len() + 1).unwrap_or(u32::MAX);
        let id = *told.functions.entry(metadata.callsite()).or_insert(next);
        if id == next {
            let package = self.package(told, metadata.target());
            let module = metadata.module_path().unwrap_or_default().replace("::", ".");
            self.say(Trace::Function(Function {
                id,
                package: Some(package),
                symbol: format!("{module}:{}", metadata.name()),
                file: metadata.file().unwrap_or_default().to_owned(),
                line: metadata.line().unwrap_or_default(),
            }));
        }
        id
    }

    /// The crate that a target is in. The demo's own code counts as the person's project.
    fn package(&self, told: &mut Told, target: &str) -> u32 {
        let (name, version) =
            CRATES.iter().copied().find(|(name, _)| target.starts_with(name)).unwrap_or_default();
        let known = told.packages.iter().position(|known| *known == name);
        let at = known.unwrap_or(told.packages.len());
        let id = u32::try_from(at + 1).unwrap_or(u32::MAX);
        if known.is_none() {
            told.packages.push(name);
            let is_own = version.is_empty();
            let said = |text: &str| (!is_own).then(|| text.to_owned());
            self.say(Trace::Package(Package {
                id,
                name: if is_own { String::new() } else { name.to_owned() },
                version: said(version),
                licence: said("MIT"),
                repository: said("https://github.com/Totodore/socketioxide"),
                summary: None,
                root: None,
            }));
        }
        id
    }

    /// The task that runs now.
    fn strand(&self, told: &mut Told, parent: Option<u64>) -> u32 {
        let (kind, name) = match tokio::task::try_id() {
            Some(task) => (StrandKind::Task, format!("task {task}")),
            None => (StrandKind::Thread, std::thread::current().name().unwrap_or_default().to_owned()),
        };
        let next = u32::try_from(told.strands.len() + 1).unwrap_or(u32::MAX);
        let id = *told.strands.entry(name.clone()).or_insert(next);
        if id == next {
            self.say(Trace::Strand(Strand { id, kind, name, parent }));
        }
        id
    }

    fn mark(&self, call: u64, mark: MarkKind, detail: Detail) {
        self.event(Event::Mark { call: Some(call), at: self.now(), mark, detail });
    }

    /// What a span's fields say of the wire.
    fn marks(&self, call: u64, open: &Open) {
        let port = Detail { port: open.detail.port, ..Detail::default() };
        let message = |length| Detail { length, crc32: open.detail.crc32, ..port.clone() };
        if open.detail.method.is_some() {
            self.mark(call, MarkKind::Server, port.clone());
            let request = Detail { port: None, ..open.detail.clone() };
            self.mark(call, MarkKind::Request, request);
        }
        if open.received.is_some() {
            self.mark(call, MarkKind::Received, message(open.received));
        }
        if open.sent.is_some() {
            self.mark(call, MarkKind::Sent, message(open.sent));
        }
    }
}

fn is_told(metadata: &Metadata<'_>) -> bool {
    CRATES.iter().any(|(name, _)| metadata.target().starts_with(name))
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() && is_told(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut open = Open::default();
        attributes.record(&mut open);
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Values<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>() else { return };
        values.record(open);
        if let (Some(call), status @ Some(_)) = (open.call, open.detail.status) {
            self.mark(call, MarkKind::Response, Detail { status, ..Detail::default() });
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| parent.extensions().get::<Open>()?.call);
        let mut extensions = span.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>().filter(|open| open.call.is_none()) else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let function = self.function(&mut told, span.metadata());
        let strand = self.strand(&mut told, parent);
        told.calls += 1;
        let call = told.calls;
        open.call = Some(call);
        let at = self.now();
        self.event(Event::Call(Call { call, parent, strand, function, at, caller: None, line: 0 }));
        self.marks(call, open);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let call = context.span(&id).and_then(|span| span.extensions().get::<Open>()?.call);
        if let Some(call) = call {
            self.event(Event::Return { call, at: self.now() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_are_those_that_are_locked() {
        let lock = include_str!("../../Cargo.lock");
        for (name, version) in CRATES.iter().filter(|(_, version)| !version.is_empty()) {
            assert!(
                lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")),
                "{name} {version}"
            );
        }
    }
}
