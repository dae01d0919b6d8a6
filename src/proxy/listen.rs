//! The address that clients connect to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, lookup_host};

use super::{ProxyError, port_holder};

/// Listens on `given`: `:8080`, `8080`, `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`. Without a host it
/// is loopback; port 0 is any free port.
///
/// # Errors
///
/// [`ProxyError::Listen`] where `given` is no such address, [`ProxyError::PortTaken`] and [`ProxyError::Bind`]
/// where the operating system refuses.
pub async fn bind(given: &str) -> Result<TcpListener, ProxyError> {
    let refuse = |problem: String| ProxyError::Listen { given: given.to_owned(), problem };
    let (host, port) = parse(given).map_err(|problem| refuse(problem.to_owned()))?;
    let mut addrs: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => match lookup_host((host, port)).await {
            Ok(addrs) => addrs.collect(),
            Err(error) => return Err(refuse(format!("names a host that cannot be looked up: {error}"))),
        },
    };
    // A name such as localhost has an address in both families; IPv4 is what other tools will be told.
    addrs.sort_by_key(SocketAddr::is_ipv6);
    let mut refused = None;
    for addr in addrs {
        match TcpListener::bind(addr).await {
            Ok(listener) => return Ok(listener),
            // The next address must not be taken instead: clients would reach the other program by the same name.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(ProxyError::PortTaken { addr, holder: port_holder::of(addr) });
            }
            Err(error) => refused = refused.or(Some(ProxyError::Bind { addr, error })),
        }
    }
    Err(refused.unwrap_or_else(|| refuse("names a host that has no address".to_owned())))
}

/// Checks the form of a listening address, and gives it back.
///
/// # Errors
///
/// [`ProxyError::Listen`] where `given` has none of the forms that [`bind`] takes.
pub fn address(given: &str) -> Result<String, ProxyError> {
    match parse(given) {
        Ok(_) => Ok(given.to_owned()),
        Err(problem) => Err(ProxyError::Listen { given: given.to_owned(), problem: problem.to_owned() }),
    }
}

const LOOPBACK: &str = "127.0.0.1";

/// Splits a listening address into its host and its port; the error is a sentence about it.
fn parse(given: &str) -> Result<(&str, u16), &'static str> {
    const EXPECTED: &str =
        "is not an address; write one like 127.0.0.1:8080, or :8080 for the loopback address";
    if given.contains('/') {
        return Err("is a URL; write its host and port alone, such as 127.0.0.1:8080");
    }
    let (host, port) = match given.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None if given.bytes().all(|b| b.is_ascii_digit()) => ("", given),
        None => {
            return Err("names no port; write one like 127.0.0.1:8080, or :8080 for the loopback address");
        }
    };
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').ok_or(EXPECTED)?,
        None if host.contains(':') => {
            return Err("looks like an IPv6 address, which stands in brackets: [::1]:8080");
        }
        None if host.is_empty() => LOOPBACK,
        None => host,
    };
    if host.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err(EXPECTED);
    }
    let port = port.parse().map_err(|_| "has no port from 0 to 65535; write one like 127.0.0.1:8080")?;
    Ok((host, port))
}

/// Whether clients on other machines can reach `addr`.
pub fn is_exposed(addr: SocketAddr) -> bool {
    !addr.ip().to_canonical().is_loopback()
}

/// Whether connecting to `host` and `port` would reach a listener on `addr` of this machine.
pub fn reaches(addr: SocketAddr, host: &url::Host<String>, port: u16) -> bool {
    let ip = match host {
        url::Host::Ipv4(ip) => IpAddr::V4(*ip),
        url::Host::Ipv6(ip) => ip.to_canonical(),
        url::Host::Domain(name) if name == "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        url::Host::Domain(_) => return false,
    };
    let listen = addr.ip().to_canonical();
    let any = |ip: IpAddr| ip.is_unspecified();
    addr.port() == port
        && (ip == listen || (any(listen) && ip.is_loopback()) || (any(ip) && listen.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (given, expected) in [
            (":0", ("127.0.0.1", 0)),
            (":8080", ("127.0.0.1", 8080)),
            ("8080", ("127.0.0.1", 8080)),
            ("0.0.0.0:80", ("0.0.0.0", 80)),
            ("[::1]:0", ("::1", 0)),
            ("localhost:8080", ("localhost", 8080)),
        ] {
            assert_eq!(parse(given), Ok(expected), "{given}");
        }
        for (given, says) in [
            ("", "no port"),
            (":", "no port"),
            ("localhost", "names no port"),
            ("localhost:", "no port"),
            (":65536", "no port from"),
            (":+80", "is not an address"),
            ("::1", "in brackets"),
            ("::1:80", "in brackets"),
            ("[::1:80", "is not an address"),
            ("[]:80", "is not an address"),
            ("http://127.0.0.1:8080", "is a URL"),
        ] {
            let problem = parse(given).unwrap_err();
            assert!(problem.contains(says), "{given}: {problem}");
        }
    }

    #[test]
    fn who_can_reach_it() {
        let exposed = |addr: &str| is_exposed(addr.parse().unwrap());
        assert!(!exposed("127.0.0.1:1") && !exposed("[::1]:1") && !exposed("[::ffff:127.0.0.1]:1"));
        assert!(exposed("0.0.0.0:1") && exposed("[::]:1") && exposed("192.168.1.2:1"));
    }

    #[test]
    fn its_own_upstream() {
        let own = |listen: &str, upstream: &str| {
            let upstream = crate::proxy::Upstream::parse(upstream).unwrap();
            reaches(listen.parse().unwrap(), upstream.host(), upstream.port())
        };
        assert!(
            own("127.0.0.1:8080", "http://127.0.0.1:8080") && own("127.0.0.1:8080", "http://localhost:8080")
        );
        assert!(own("0.0.0.0:8080", "http://127.0.0.1:8080") && own("127.0.0.1:8080", "http://0.0.0.0:8080"));
        assert!(own("[::1]:8080", "http://[::1]:8080"));
        assert!(
            !own("127.0.0.1:8080", "http://127.0.0.1:5000") && !own("127.0.0.1:80", "http://example.com")
        );
        assert!(
            !own("127.0.0.1:8080", "http://[::1]:8080") && !own("127.0.0.1:8080", "http://127.0.0.2:8080")
        );
    }
}
