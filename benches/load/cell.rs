//! One cell of the comparison: messages of one size over some connections, in one of two manners.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::cpu;
use crate::frame::{self, MASK, TEXT};
use crate::variant::Variant;
use crate::websocket;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub load: Load,
    /// The length of a message's payload.
    pub size: usize,
    pub connections: usize,
}

/// How the peers talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// On each connection the client sends a message, waits for one of the same size, and so on for this time.
    Latency(Duration),
    /// The clients together send so many bytes of payload as fast as they can.
    Flood(usize),
}

/// What one run of a cell came to.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Latency: the median of the round trips, in microseconds. Flood: MiB of payload a second.
    pub figure: f64,
    /// Latency: the round trip that one in a hundred exceeds, in microseconds.
    pub slow: Option<f64>,
    /// The CPU time of what stands in between, in microseconds a message, where that can be known.
    pub cpu: Option<f64>,
}

/// Nothing here takes longer, unless something hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// A flooding client writes about so many bytes at once.
const WRITE: usize = 64 << 10;

impl Cell {
    /// All cells, in the order of the table.
    pub fn all(quick: bool) -> Vec<Cell> {
        let sizes = [64, 1 << 10, 64 << 10];
        let latency = Load::Latency(Duration::from_millis(if quick { 200 } else { 1000 }));
        let flood = |size| match (quick, size) {
            (true, _) => Load::Flood(16 << 20),
            (false, 64) => Load::Flood(64 << 20),
            (false, _) => Load::Flood(512 << 20),
        };
        let cells = |load: &dyn Fn(usize) -> Load| {
            let cell = |size, connections| Cell { load: load(size), size, connections };
            sizes.into_iter().flat_map(|size| [cell(size, 1), cell(size, 50)]).collect::<Vec<_>>()
        };
        [cells(&|_| latency), cells(&flood)].concat()
    }

    /// Measures once, with everything started anew.
    pub async fn run(&self, variant: &Variant) -> anyhow::Result<Sample> {
        let ran = timeout(DEADLINE + DEADLINE, self.run_with_server(variant)).await;
        ran.with_context(|| format!("{self}, {}: hangs", variant.name()))?
    }

    async fn run_with_server(&self, variant: &Variant) -> anyhow::Result<Sample> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = listener.local_addr()?;
        let serving = tokio::spawn(serve(listener, *self));
        let folder = tempfile::tempdir()?;
        let mut proxy = variant.start(server, folder.path())?;
        let addr = proxy.as_ref().map_or(server, |p| p.addr());
        let pid = proxy.as_mut().map(|p| p.child().id());
        let sample = self.load(addr, pid).await;
        serving.abort();
        sample
    }

    /// Connects the clients, lets them all begin at once, and measures until the last has ended.
    async fn load(&self, addr: SocketAddr, pid: Option<u32>) -> anyhow::Result<Sample> {
        let start = Arc::new(Barrier::new(self.connections + 1));
        let mut clients = JoinSet::new();
        for _ in 0..self.connections {
            let mut stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            websocket::upgrade(&mut stream).await?;
            let (cell, start) = (*self, start.clone());
            clients.spawn(async move {
                match cell.load {
                    Load::Latency(time) => cell.ask(&mut stream, time, &start).await,
                    Load::Flood(_) => cell.flood(&mut stream, &start).await,
                }
            });
        }
        let cpu_before = match pid {
            Some(pid) => cpu::used_when_quiet(pid).await,
            None => None,
        };
        start.wait().await;
        let began = Instant::now();
        let mut trips = Vec::new();
        while let Some(ended) = timeout(DEADLINE, clients.join_next()).await? {
            trips.extend(ended??);
        }
        let took = began.elapsed();
        let cpu_after = match pid {
            Some(pid) => cpu::used_when_quiet(pid).await,
            None => None,
        };
        let cpu = cpu_before.zip(cpu_after).map(|(before, after)| after - before);
        Ok(self.sample(trips, took, cpu))
    }

    /// Asks and waits for the answer, for as long as the cell wants. Returns how long each round trip took.
    async fn ask(
        &self,
        stream: &mut TcpStream,
        time: Duration,
        start: &Barrier,
    ) -> anyhow::Result<Vec<Duration>> {
        let request = self.frame(Some(MASK));
        let mut reply = self.frame(None);
        let mut trips = Vec::with_capacity(1 << 16);
        start.wait().await;
        let began = Instant::now();
        let mut sent = began;
        while sent.duration_since(began) < time {
            stream.write_all(&request).await?;
            stream.read_exact(&mut reply).await?;
            let now = Instant::now();
            trips.push(now - sent);
            sent = now;
        }
        Ok(trips)
    }

    /// Sends all messages, and waits for the one answer that says that they came.
    async fn flood(&self, stream: &mut TcpStream, start: &Barrier) -> anyhow::Result<Vec<Duration>> {
        let a_write = messages_a_write(self.size);
        let batch = self.frame(Some(MASK)).repeat(a_write);
        start.wait().await;
        for _ in 0..self.messages_each() / a_write {
            stream.write_all(&batch).await?;
        }
        stream.read_u8().await?;
        Ok(Vec::new())
    }

    /// A message.
    fn frame(&self, mask: Option<[u8; 4]>) -> Vec<u8> {
        let mut frame = Vec::new();
        frame::encode(TEXT, &self.payload(), mask, &mut frame);
        frame
    }

    fn sample(&self, mut trips: Vec<Duration>, took: Duration, cpu: Option<Duration>) -> Sample {
        trips.sort_unstable();
        let micros = |d: Duration| d.as_secs_f64() * 1e6;
        let nth = |percent: usize| trips.get(trips.len() * percent / 100).copied().map(micros);
        let (figure, slow, messages) = match self.load {
            Load::Latency(_) => (nth(50).unwrap_or_default(), nth(99), 2 * trips.len()),
            Load::Flood(_) => {
                let messages = self.messages_each() * self.connections;
                ((messages * self.size) as f64 / f64::from(1 << 20) / took.as_secs_f64(), None, messages)
            }
        };
        Sample { figure, slow, cpu: cpu.map(|cpu| micros(cpu) / messages as f64) }
    }

    /// How many messages a flooding client sends: whole writes.
    fn messages_each(&self) -> usize {
        match self.load {
            Load::Latency(_) => 0,
            Load::Flood(bytes) => {
                let a_write = messages_a_write(self.size);
                (bytes / self.size / self.connections).next_multiple_of(a_write)
            }
        }
    }

    /// A JSON text of the right length, as applications send them.
    fn payload(&self) -> Vec<u8> {
        let (begin, end) = (r#"{"type":"message","text":""#, r#""}"#);
        let text = "All work and no play makes Jack a dull boy. ".chars().cycle();
        let text: String = text.take(self.size - begin.len() - end.len()).collect();
        format!("{begin}{text}{end}").into_bytes()
    }
}

fn messages_a_write(size: usize) -> usize {
    (WRITE / size).max(1)
}

/// Accepts WebSockets and answers as the cell wants.
async fn serve(listener: TcpListener, cell: Cell) -> anyhow::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            websocket::accept(&mut stream).await?;
            let (request, reply) = (cell.frame(Some(MASK)).len(), cell.frame(None));
            match cell.load {
                Load::Latency(_) => answer(&mut stream, request, &reply).await,
                Load::Flood(_) => swallow(&mut stream, request * cell.messages_each(), &reply).await,
            }
        });
    }
}

/// Answers each request until the client has gone.
async fn answer(stream: &mut TcpStream, request: usize, reply: &[u8]) -> anyhow::Result<()> {
    let mut buffer = vec![0; request];
    loop {
        stream.read_exact(&mut buffer).await?;
        stream.write_all(reply).await?;
    }
}

/// Reads so many bytes, then answers once.
async fn swallow(stream: &mut TcpStream, bytes: usize, reply: &[u8]) -> anyhow::Result<()> {
    let mut buffer = vec![0; 4 * WRITE];
    let mut missing = bytes;
    while missing > 0 {
        let read = stream.read(&mut buffer).await?;
        anyhow::ensure!(read > 0, "{missing} bytes are missing");
        missing -= read;
    }
    stream.write_all(reply).await?;
    // The client closes first: else what it has not read yet could be lost.
    anyhow::ensure!(stream.read(&mut buffer).await? == 0, "more bytes came than were expected");
    Ok(())
}
