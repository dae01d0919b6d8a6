//! What the tests share: a tap that collects, a proxy that runs, and a client connected through it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use wirewalk::proxy::{Config, HostPolicy, OriginPolicy, Proxy, TlsOptions, Upstream};
use wirewalk::wire::{Direction, How, Peer, Record, Tap, Timestamp, What};

/// Waits for something that must happen.
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it should have happened by now")
}

/// Keeps every record.
#[derive(Clone)]
pub struct Log {
    began: Instant,
    records: Arc<Mutex<Vec<Record>>>,
    grew: Arc<Notify>,
}

impl Tap for Log {
    fn now(&self) -> Timestamp {
        Timestamp(self.began.elapsed().as_nanos() as u64)
    }

    async fn record(&self, record: Record) {
        self.records.lock().unwrap().push(record);
        self.grew.notify_waiters();
    }
}

impl Log {
    pub fn new() -> Log {
        Log { began: Instant::now(), records: Arc::default(), grew: Arc::default() }
    }

    pub fn all(&self) -> Vec<What> {
        self.records.lock().unwrap().iter().map(|r| r.what.clone()).collect()
    }

    pub fn records(&self) -> Vec<Record> {
        self.records.lock().unwrap().clone()
    }

    /// All bytes that were received in a direction.
    pub fn received(&self, direction: Direction) -> Vec<u8> {
        let mut all = Vec::new();
        for record in self.records.lock().unwrap().iter() {
            if let What::Received { dir, bytes } = &record.what
                && *dir == direction
            {
                all.extend_from_slice(bytes);
            }
        }
        all
    }

    /// Who ended and how, in order.
    pub fn endings(&self) -> Vec<(Peer, How)> {
        let records = self.all();
        records
            .iter()
            .filter_map(|w| if let What::Closed { by, how, .. } = w { Some((*by, *how)) } else { None })
            .collect()
    }

    /// Waits until `found` finds something in the records.
    pub async fn wait<R>(&self, mut found: impl FnMut(&[What]) -> Option<R>) -> R {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let grew = self.grew.notified();
            let mut grew = std::pin::pin!(grew);
            grew.as_mut().enable();
            if let Some(found) = found(&self.all()) {
                return found;
            }
            if tokio::time::timeout_at(deadline, grew).await.is_err() {
                panic!("not in the records: {:#?}", self.all());
            }
        }
    }

    /// Waits for so many endings.
    pub async fn wait_endings(&self, count: usize) -> Vec<(Peer, How)> {
        self.wait(|all| {
            (all.iter().filter(|w| matches!(w, What::Closed { .. })).count() >= count).then_some(())
        })
        .await;
        self.endings()
    }
}

/// A proxy that runs until it is dropped or stopped.
pub struct Running {
    pub addr: SocketAddr,
    pub log: Log,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops the proxy; returns how long that took.
    pub async fn stop(mut self) -> Duration {
        let began = Instant::now();
        self.stop.take();
        within(&mut self.task).await.unwrap();
        began.elapsed()
    }
}

/// The default settings in front of `upstream`, on a free port.
pub fn config(upstream: &str) -> Config {
    Config {
        listen: ":0".to_owned(),
        upstream: Upstream::parse(upstream).unwrap(),
        host: HostPolicy::Auto,
        origin: OriginPolicy::Auto,
        tls: TlsOptions::default(),
    }
}

pub async fn run(config: Config) -> Running {
    let proxy = Proxy::bind(config).await.unwrap();
    let (addr, log) = (proxy.local_addr(), Log::new());
    let (stop, stopped) = oneshot::channel::<()>();
    let tap = log.clone();
    let task = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        proxy.run(tap, stopped).await;
    });
    Running { addr, log, stop: Some(stop), task }
}

/// A client and a server with a proxy between them.
pub struct Pair {
    pub client: TcpStream,
    pub server: TcpStream,
    pub proxy: Running,
}

pub async fn pair() -> Pair {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = run(config(&format!("http://{}", upstream.local_addr().unwrap()))).await;
    let client = TcpStream::connect(proxy.addr).await.unwrap();
    client.set_nodelay(true).unwrap();
    let (server, _) = within(upstream.accept()).await.unwrap();
    server.set_nodelay(true).unwrap();
    Pair { client, server, proxy }
}

/// Reads exactly so many bytes.
pub async fn read(from: &mut (impl AsyncRead + Unpin), count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    within(from.read_exact(&mut bytes)).await.unwrap();
    bytes
}

/// Reads to the end.
pub async fn read_all(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    within(from.read_to_end(&mut bytes)).await?;
    Ok(bytes)
}

/// Bytes without a pattern that a mistake could leave intact.
pub fn noise(count: usize, mut seed: u64) -> Vec<u8> {
    std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    })
    .take(count)
    .collect()
}
