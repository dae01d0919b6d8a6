//! Getting to the upstream.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::Upstream;
use super::tls::Connector;
use crate::wire;

/// An upstream that did not accept within this time, name lookup included, cannot be reached.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to the upstream.
pub enum Stream {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// The TCP connection that carries it.
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref().0,
        }
    }
}

/// An upstream that accepted.
pub struct Reached {
    /// The way to it.
    pub stream: Stream,
    /// The addresses, for the record.
    pub connected: wire::Connected,
    /// What TLS agreed on, where it was asked for.
    pub tls: Option<wire::Tls>,
}

/// Why an upstream cannot be reached, and what to do about it.
#[derive(Debug, PartialEq)]
pub struct Unreachable {
    /// What failed, such as `127.0.0.1:5000 refused the connection`; no full stop.
    pub error: String,
    /// What the user can do, one or two whole sentences.
    pub advice: String,
}

/// Connects to the upstream, and agrees on TLS where `tls` says so.
pub async fn connect(upstream: &Upstream, tls: Option<&Connector>) -> Result<Reached, Unreachable> {
    let began = Instant::now();
    let tcp = tcp(upstream, began).await?;
    let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let addrs = tcp.local_addr().and_then(|local| Ok((local, tcp.peer_addr()?)));
    // The peer may be gone already; without its address there is nothing to relay to.
    let (local, server) = addrs.map_err(|error| failed(&upstream.authority(), &error))?;
    let connected = wire::Connected::Yes { local, server, took };
    let (stream, tls) = match tls {
        None => (Stream::Plain(tcp), None),
        Some(connector) => {
            let (stream, agreed) = connector.handshake(tcp).await?;
            (Stream::Tls(Box::new(stream)), Some(agreed))
        }
    };
    Ok(Reached { stream, connected, tls })
}

/// Tries the addresses of the upstream in order. Each has an equal share of the time that is left, so that
/// one that never answers cannot use up the time of the next.
async fn tcp(upstream: &Upstream, began: Instant) -> Result<TcpStream, Unreachable> {
    let addrs = addresses(upstream).await?;
    let mut failures = Vec::new();
    for (at, addr) in addrs.iter().enumerate() {
        let left = PATIENCE.saturating_sub(began.elapsed());
        let share = left / u32::try_from(addrs.len() - at).unwrap_or(u32::MAX);
        let error = match timeout(share, TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => {
                // Small messages must not wait for the acknowledgement of others (RFC 896).
                if let Err(error) = stream.set_nodelay(true) {
                    return Err(failed(&addr.to_string(), &error));
                }
                return Ok(stream);
            }
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
        failures.push(failed(&addr.to_string(), &error));
    }
    let error = failures.iter().map(|f| f.error.as_str()).collect::<Vec<_>>().join(", ");
    let Some(last) = failures.pop() else {
        return Err(unknown_name(upstream, "it has no address"));
    };
    Err(Unreachable { error, advice: last.advice })
}

async fn addresses(upstream: &Upstream) -> Result<Vec<SocketAddr>, Unreachable> {
    let port = upstream.port();
    let name = match upstream.host() {
        Host::Ipv4(ip) => return Ok(vec![SocketAddr::new(IpAddr::V4(*ip), port)]),
        Host::Ipv6(ip) => return Ok(vec![SocketAddr::new(IpAddr::V6(*ip), port)]),
        Host::Domain(name) => name.as_str(),
    };
    match timeout(PATIENCE, lookup_host((name, port))).await {
        Ok(Ok(addrs)) => Ok(addrs.collect()),
        Ok(Err(error)) => Err(unknown_name(upstream, &error.to_string())),
        Err(_) => Err(unknown_name(upstream, &format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

fn unknown_name(upstream: &Upstream, why: &str) -> Unreachable {
    Unreachable {
        error: format!("the name {} could not be looked up: {why}", upstream.host()),
        advice: "Check the spelling of the name, and whether this machine is online.".to_owned(),
    }
}

/// Says in words why connecting to `addr` failed.
fn failed(addr: &str, error: &io::Error) -> Unreachable {
    let (error, advice) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            format!("{addr} refused the connection"),
            "Nothing listens there: start your server, or check the address and the port that wirewalk was given.",
        ),
        io::ErrorKind::TimedOut => (
            format!("{addr} did not answer in time"),
            "Check the address, whether that machine is up, and whether a firewall drops the connection.",
        ),
        _ => (
            format!("connecting to {addr} failed: {error}"),
            "Check the address and the network of this machine.",
        ),
    };
    Unreachable { error, advice: advice.to_owned() }
}
