//! The proxy itself: accepts clients, runs one task for each, and stops in an orderly way.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connect::{Reached, Stream, Unreachable, connect};
use super::heads::{Heads, Shared};
use super::refuse::refuse;
use super::relay::{Link, relay};
use super::rewrite::Rules;
use super::tls::Connector;
use super::{HostPolicy, OriginPolicy, ProxyError, TlsOptions, Upstream, listen};
use crate::wire::{ConnId, Connected, Direction, How, Opened, Peer, Record, Tap, What};

/// What to stand between, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address that clients connect to: `:8080`, `8080`, `127.0.0.1:8080`, `[::1]:8080` or
    /// `localhost:8080`. Without a host it is loopback; port 0 is any free port.
    pub listen: String,
    /// The server.
    pub upstream: Upstream,
    /// What becomes of Host.
    pub host: HostPolicy,
    /// What becomes of Origin.
    pub origin: OriginPolicy,
    /// How the certificate of an upstream that speaks TLS is checked.
    pub tls: TlsOptions,
}

/// A proxy that listens, and relays once it is run.
pub struct Proxy {
    listener: TcpListener,
    addr: SocketAddr,
    route: Route,
}

/// Where connections go from now on; those that are open stay where they are. All clones are of one proxy.
#[derive(Clone)]
pub struct Route(Arc<RwLock<Arc<Way>>>);

/// What all connections of one upstream share.
struct Way {
    upstream: Upstream,
    tls: Option<Connector>,
    rules: Option<Rules>,
}

impl Route {
    /// Has new connections go to another server on this machine, which is spoken to as it is.
    pub fn change(&self, upstream: Upstream) {
        let way = Arc::new(Way { upstream, tls: None, rules: None });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = way;
    }

    fn now(&self) -> Arc<Way> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A place that clients can connect to already, before it is known where their bytes go.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Listener {
    /// Listens on an address as [`Config::listen`] has it.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] where it is none or is taken.
    pub async fn bind(listen: &str) -> Result<Listener, ProxyError> {
        let listener = listen::bind(listen).await?;
        let addr = listener.local_addr().map_err(|error| ProxyError::Listen {
            given: listen.to_owned(),
            problem: format!("was accepted, but the system does not say as what: {error}"),
        })?;
        Ok(Listener { listener, addr })
    }

    /// A proxy from here to a server on this machine, which is spoken to as it is.
    pub fn to(self, upstream: Upstream) -> Proxy {
        let way = Way { upstream, tls: None, rules: None };
        Proxy { listener: self.listener, addr: self.addr, route: Route(Arc::new(RwLock::new(Arc::new(way)))) }
    }
}

/// How long [`Proxy::run`] waits for the connections to close when it is stopped.
const FAREWELL: Duration = Duration::from_millis(1500);

/// How long a peer that is told goodbye may keep us from telling the other.
const GOODBYE: Duration = Duration::from_millis(500);

/// How long to wait before accepting again when it failed: most likely too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Proxy {
    /// Listens, and prepares TLS where the upstream speaks it. The upstream need not be there yet.
    ///
    /// # Errors
    ///
    /// Whatever keeps the proxy from working at all, as a [`ProxyError`] that says what to change: a
    /// listening address that is none or is taken, a file of `--ca` that cannot be used, an upstream that is
    /// the listening address itself.
    pub async fn bind(config: Config) -> Result<Proxy, ProxyError> {
        let Config { listen, upstream, host, origin, tls } = config;
        let tls = upstream.tls().then(|| Connector::new(&upstream, &tls)).transpose()?;
        let Listener { listener, addr } = Listener::bind(&listen).await?;
        if listen::reaches(addr, upstream.host(), upstream.port()) {
            return Err(ProxyError::Loop { upstream: upstream.to_string(), listen: addr });
        }
        let rules = Rules::new(&host, &origin, &upstream);
        let way = Way { upstream, tls, rules };
        Ok(Proxy { listener, addr, route: Route(Arc::new(RwLock::new(Arc::new(way)))) })
    }

    /// Where its connections go.
    pub fn route(&self) -> Route {
        self.route.clone()
    }

    /// The address that it listens on, with the port that was picked where any free one was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether other machines can connect to it.
    pub fn is_exposed(&self) -> bool {
        listen::is_exposed(self.addr)
    }

    /// Relays until `shutdown` is done, and hands every record to `tap`. Then closes what is open and returns
    /// within 2 seconds. What goes wrong on one connection does not end the others.
    pub async fn run<T: Tap>(self, tap: T, shutdown: impl Future<Output = ()>) {
        let Proxy { listener, addr, route } = self;
        let mut shutdown = pin!(shutdown);
        let mut tasks = JoinSet::new();
        let mut stops = HashMap::new();
        let mut last = 0_u32;
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = tasks.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    stops.remove(&id);
                }
                accepted = listener.accept() => match accepted {
                    Ok((client, from)) => {
                        last = last.wrapping_add(1);
                        let (stop, stopped) = oneshot::channel::<()>();
                        let visit = Visit { conn: ConnId(last), from, at: tap.now(), listen: addr };
                        let task = tasks.spawn(connection(route.now(), tap.clone(), visit, client, stopped));
                        stops.insert(task.id(), stop);
                    }
                    // A client that was gone before it was accepted is no reason to wait.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        drop(listener);
        // Each connection waits for its sender to be dropped.
        stops.clear();
        let all_closed = async { while tasks.join_next().await.is_some() {} };
        if timeout(FAREWELL, all_closed).await.is_err() {
            tasks.shutdown().await;
        }
    }
}

/// A client that was accepted.
struct Visit {
    conn: ConnId,
    from: SocketAddr,
    at: crate::wire::Timestamp,
    listen: SocketAddr,
}

/// Everything that happens on one connection, from accepting to closing.
async fn connection<T: Tap>(
    route: Arc<Way>,
    tap: T,
    visit: Visit,
    mut client: TcpStream,
    mut stopped: oneshot::Receiver<()>,
) {
    let link = Link { conn: visit.conn, tap: &tap };
    // Fails only where the client is gone already, which the first read will say.
    let _ = client.set_nodelay(true);
    let listen = client.local_addr().unwrap_or(visit.listen);
    let reached = tokio::select! {
        reached = connect(&route.upstream, route.tls.as_ref()) => reached,
        _ = &mut stopped => Err(Unreachable {
            error: "wirewalk was stopped before the upstream had accepted".to_owned(),
            advice: String::new(),
        }),
    };
    let connected = match &reached {
        Ok(reached) => reached.connected.clone(),
        Err(why) => Connected::No { error: why.error.clone() },
    };
    let opened = Opened { client: visit.from, listen, upstream: route.upstream.to_string(), connected };
    tap.record(Record { at: visit.at, conn: visit.conn, what: What::Opened(opened) }).await;
    let Reached { stream: mut server, tls, .. } = match reached {
        Ok(reached) => reached,
        Err(why) => {
            let is_stopped = tokio::select! {
                biased;
                _ = &mut stopped => true,
                () = refuse(&link, &mut client, &route.upstream, &why) => false,
            };
            if is_stopped {
                link.closed(Peer::Wirewalk, How::Stopped, None).await;
            }
            return;
        }
    };
    if let Some(tls) = tls {
        link.record(What::Tls(tls)).await;
    }
    let shared = Shared::new(listen.to_string());
    let heads = Direction::BOTH.map(|dir| route.rules.as_ref().map(|rules| Heads::new(rules, &shared, dir)));
    let is_stopped = tokio::select! {
        biased;
        () = relay(&link, &mut client, &mut server, heads) => false,
        _ = &mut stopped => true,
    };
    if is_stopped {
        link.closed(Peer::Wirewalk, How::Stopped, None).await;
        match &mut server {
            Stream::Plain(tcp) => farewell(&mut client, tcp).await,
            Stream::Tls(tls) => farewell(&mut client, tls).await,
        }
    }
}

/// Ends both directions in order, so that the peers read all that was sent to them.
async fn farewell(client: &mut TcpStream, server: &mut (impl AsyncWrite + Unpin)) {
    // Whoever is gone or does not read cannot be told.
    let _ = timeout(GOODBYE, async { tokio::join!(client.shutdown(), server.shutdown()) }).await;
}
