//! Takes what tracers say (`assets/tracers/README.md`) and hands it on as records.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::wire::trace::{Event, Left, Process, Trace};
use crate::wire::{ConnId, Record, Tap, Timestamp, What};

/// The version of the trace protocol that is spoken here.
const VERSION: u32 = 1;

/// A longer line is no line of a tracer.
const MAX_LINE: u64 = 16 << 20;

/// Whoever connects says who it is within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process's clock and ours are one clock where they differ by less.
const SAME_CLOCK: u64 = 2_000_000_000;

/// A traced process is about to bind its first listening socket.
#[derive(Debug)]
pub struct BindAsked {
    /// The address that it means to bind.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether wirewalk listens there in its place.
    pub answer: oneshot::Sender<bool>,
    /// Where the process listens then.
    pub moved: oneshot::Receiver<Moved>,
}

/// Where a process listens in place of where it meant to.
#[derive(Debug, Deserialize)]
pub struct Moved {
    /// The port.
    #[serde(rename = "moved")]
    pub port: u16,
    /// The address, where the one that it meant to bind does not say it.
    pub address: Option<String>,
}

/// Listens for tracers.
#[derive(Debug)]
pub struct Receiver {
    listener: TcpListener,
    addr: SocketAddr,
    token: Arc<str>,
}

impl Receiver {
    /// Listens on `addr` for tracers that know `token`.
    pub async fn bind(addr: SocketAddr, token: &str) -> io::Result<Receiver> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        Ok(Receiver { listener, addr, token: token.into() })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// What tracers must say first.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Takes what tracers say, until it is dropped. Who wants to bind is told to `binds`.
    pub async fn run<T: Tap>(self, tap: T, binds: mpsc::Sender<BindAsked>) {
        let visits = Arc::new(Visits { token: self.token, last: AtomicU32::new(0), binds, tap });
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let visits = visits.clone();
                    // What goes wrong with one tracer is its own matter; what it said until then stands.
                    tokio::spawn(async move { visits.visit(stream).await.ok() });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

/// What all tracers share.
struct Visits<T> {
    token: Arc<str>,
    /// The number of the process that joined last.
    last: AtomicU32,
    binds: mpsc::Sender<BindAsked>,
    tap: T,
}

/// The first line that a tracer says.
#[derive(Debug, Deserialize)]
struct Hello {
    trace: u32,
    token: String,
    bind: Option<Bind>,
    clock: Option<u64>,
    #[serde(flatten)]
    process: Option<Process>,
}

#[derive(Debug, Deserialize)]
struct Bind {
    host: String,
    port: u16,
}

fn invalid(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<T: Tap> Visits<T> {
    async fn visit(&self, stream: TcpStream) -> io::Result<()> {
        let (input, mut output) = stream.into_split();
        let mut input = BufReader::new(input);
        let line = timeout(PATIENCE, line(&mut input)).await??;
        let hello: Hello = serde_json::from_slice(&line).map_err(invalid)?;
        if hello.token != *self.token {
            return Err(invalid("a wrong token"));
        }
        if let Some(bind) = hello.bind {
            return self.bind(bind, &mut input, &mut output).await;
        }
        let process = hello.process.ok_or_else(|| invalid("it does not say who it is"))?;
        let clock = Clock::new(self.tap.now(), hello.clock);
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.say(number, Trace::Process(process)).await;
        if hello.trace != VERSION {
            let problem = format!(
                "its tracer speaks version {} of the trace protocol, and this wirewalk version {VERSION}",
                hello.trace
            );
            self.say(number, Trace::Problem(problem)).await;
        } else if let Err(error) = self.listen(number, clock, &mut input).await
            && error.kind() == io::ErrorKind::InvalidData
        {
            self.say(number, Trace::Problem(format!("its tracer said what makes no sense: {error}"))).await;
        }
        self.say(number, Trace::Left(Left {})).await;
        Ok(())
    }

    /// Hands on all that a tracer says.
    async fn listen(
        &self,
        number: u32,
        clock: Clock,
        input: &mut (impl AsyncBufRead + Unpin),
    ) -> io::Result<()> {
        loop {
            let line = line(input).await?;
            if line.is_empty() {
                return Ok(());
            }
            let said = match serde_json::from_slice(&line).map_err(invalid)? {
                Trace::Events(events) => Trace::Events(
                    events.into_iter().map(|event: Event| event.timed(|at| clock.session_time(at))).collect(),
                ),
                // What only the first line may say.
                Trace::Process(_) | Trace::Left(_) => return Err(invalid("a second first line")),
                said => said,
            };
            self.say(number, said).await;
        }
    }

    async fn say(&self, process: u32, said: Trace) {
        let record = Record { at: self.tap.now(), conn: ConnId::NONE, what: What::Trace { process, said } };
        self.tap.record(record).await;
    }

    /// A process asks before it binds. Where nobody wants to know, it binds as it meant to.
    async fn bind(
        &self,
        bind: Bind,
        input: &mut (impl AsyncBufRead + Unpin),
        output: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let (answer, answered) = oneshot::channel();
        let (tell, moved) = oneshot::channel();
        // Dropping what was asked is an answer as well: then it stays where it is.
        let _ = self.binds.send(BindAsked { host: bind.host, port: bind.port, answer, moved }).await;
        let moves = answered.await.unwrap_or(false);
        output.write_all(format!("{{\"move\":{moves}}}\n").as_bytes()).await?;
        if moves {
            let line = timeout(PATIENCE, line(input)).await??;
            let moved: Moved = serde_json::from_slice(&line).map_err(invalid)?;
            let _ = tell.send(moved);
        }
        Ok(())
    }
}

/// The next line without its line feed; empty at the end.
async fn line(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.take(MAX_LINE).read_until(b'\n', &mut line).await?;
    if line.pop_if(|last| *last == b'\n').is_none() {
        return match line.len() as u64 {
            // What was cut off when the process ended is not whole.
            0..MAX_LINE => Ok(Vec::new()),
            _ => Err(invalid("a line of more than 16 MiB")),
        };
    }
    Ok(line)
}

/// How times of a process's clock translate to the session's.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// What the process's clock showed when the session began.
    zero: i128,
}

impl Clock {
    /// The first line came at `now`; `then` is when it was written, by the process's clock. On one machine both read the same
    /// monotonic clock; where that cannot be known, the line counts as having taken no time.
    fn new(now: Timestamp, then: Option<u64>) -> Clock {
        let then = then.unwrap_or_default();
        let shown = match monotonic() {
            Some(shown) if shown.abs_diff(then) < SAME_CLOCK => shown,
            _ => then,
        };
        Clock { zero: i128::from(shown) - i128::from(now.0) }
    }

    fn session_time(self, at: Timestamp) -> Timestamp {
        Timestamp(u64::try_from(i128::from(at.0) - self.zero).unwrap_or_default())
    }
}

/// What the machine's monotonic clock shows, in nanoseconds, where processes share it.
#[cfg(unix)]
fn monotonic() -> Option<u64> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).ok()?;
    Some(seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).ok()?)
}

#[cfg(not(unix))]
fn monotonic() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Keeps what it is given.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Record>>>);

    impl Tap for Kept {
        fn now(&self) -> Timestamp {
            Timestamp(5_000_000_000)
        }

        async fn record(&self, record: Record) {
            self.0.lock().unwrap().push(record);
        }
    }

    /// What was recorded of a tracer that says `said`, and what it was answered.
    async fn visit(said: &str, binds: mpsc::Sender<BindAsked>) -> (Vec<Trace>, String) {
        let receiver = Receiver::bind("127.0.0.1:0".parse().unwrap(), "abc").await.unwrap();
        let addr = receiver.local_addr();
        let kept = Kept::default();
        let running = tokio::spawn(receiver.run(kept.clone(), binds));
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        running.abort();
        let records = std::mem::take(&mut *kept.0.lock().unwrap());
        let said = |record| match record {
            Record { conn: ConnId::NONE, what: What::Trace { process: 1, said }, .. } => said,
            other => panic!("{other:?}"),
        };
        (records.into_iter().map(said).collect(), answer)
    }

    const HELLO: &str = r#"{"trace":1,"token":"abc","runtime":"CPython","version":"3.11.7","pid":4711,"parent":1,"clock":1000000000}"#;

    fn nobody() -> mpsc::Sender<BindAsked> {
        mpsc::channel(1).0
    }

    #[tokio::test]
    async fn what_a_tracer_says_is_recorded_in_the_sessions_time() {
        let said = format!(
            "{HELLO}\n{}\n{}\n{{\"ev",
            r#"{"problem":"no"}"#, r#"{"events":[["return",7,1000000005]]}"#
        );
        let (records, answer) = visit(&said, nobody()).await;
        let [Trace::Process(process), Trace::Problem(_), Trace::Events(events), Trace::Left(_)] =
            &records[..]
        else {
            panic!("{records:?}");
        };
        assert_eq!((process.pid, answer.as_str()), (4711, ""));
        // The process's clock is another one: its first line came at 5 s.
        assert_eq!(events[..], [Event::Return { call: 7, at: Timestamp(5_000_000_005) }]);
    }

    #[tokio::test]
    async fn strangers_are_not_heard_and_nonsense_is_said() {
        let stranger = HELLO.replace("abc", "abd");
        assert_eq!(visit(&format!("{stranger}\n"), nobody()).await.0, []);
        assert_eq!(visit("GET / HTTP/1.1\r\n\r\n", nobody()).await.0, []);
        let problem = |records: &[Trace]| match records {
            [Trace::Process(_), Trace::Problem(problem), Trace::Left(_)] => problem.clone(),
            other => panic!("{other:?}"),
        };
        let newer = HELLO.replace("\"trace\":1", "\"trace\":2");
        assert!(problem(&visit(&format!("{newer}\n"), nobody()).await.0).contains("speaks version 2"));
        let nonsense = format!("{HELLO}\n{{\"events\":[[\"jump\"]]}}\n{{\"lost\":1}}\n");
        assert!(problem(&visit(&nonsense, nobody()).await.0).contains("unknown variant"));
    }

    #[tokio::test]
    async fn a_process_that_wants_to_bind_is_told_to_move_and_tells_where_to() {
        let (binds, mut asked) = mpsc::channel(1);
        let mover = tokio::spawn(async move {
            let BindAsked { host, port, answer, moved } = asked.recv().await.unwrap();
            answer.send(true).unwrap();
            let moved = moved.await.unwrap();
            (host, port, moved.port, moved.address)
        });
        let bind = r#"{"trace":1,"token":"abc","pid":1,"bind":{"host":"localhost","port":5000}}"#;
        let moved = r#"{"moved":40123,"address":"::1"}"#;
        let (records, answer) = visit(&format!("{bind}\n{moved}\n"), binds).await;
        assert_eq!((records, answer.as_str()), (vec![], "{\"move\":true}\n"));
        assert_eq!(mover.await.unwrap(), ("localhost".to_owned(), 5000, 40123, Some("::1".to_owned())));
        let (_, answer) = visit(&format!("{bind}\n"), nobody()).await;
        assert_eq!(answer, "{\"move\":false}\n", "nobody wants to know");
    }
}
