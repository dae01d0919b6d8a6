//! What the flags `--host` and `--origin` ask for.

use std::str::FromStr;

use url::{Position, Url};

use super::ProxyError;

/// What becomes of the Host field of requests (RFC 9110 §7.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HostPolicy {
    /// Kept where the upstream is on this machine, the upstream's elsewhere, where a server or a proxy in
    /// front of it chooses the site by it.
    #[default]
    Auto,
    /// As the client sent it.
    Keep,
    /// The upstream's host and port.
    Upstream,
    /// This name, with a port where it has one.
    Name(String),
}

impl FromStr for HostPolicy {
    type Err = ProxyError;

    /// Reads `auto`, `keep`, `upstream`, or a name with or without a port.
    fn from_str(given: &str) -> Result<HostPolicy, ProxyError> {
        match given {
            "auto" => return Ok(HostPolicy::Auto),
            "keep" => return Ok(HostPolicy::Keep),
            "upstream" => return Ok(HostPolicy::Upstream),
            _ => {}
        }
        let problem = "is not a host; use keep, upstream, or a name like example.com:8000";
        let url = Url::parse(&format!("http://{given}")).ok();
        match url.filter(|_| given.bytes().all(|b| b.is_ascii_graphic() && !b"/?#@\\".contains(&b))) {
            Some(_) => Ok(HostPolicy::Name(given.to_owned())),
            None => Err(ProxyError::Policy { flag: "--host", given: given.to_owned(), problem }),
        }
    }
}

/// What becomes of the Origin field of requests (RFC 6454 §7), by which a server decides whose pages may
/// open a WebSocket (RFC 6455 §10.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Kept where the upstream is on this machine. Elsewhere an origin that is wirewalk's own becomes the
    /// upstream's, and any other is kept.
    #[default]
    Auto,
    /// As the client sent it.
    Keep,
    /// The upstream's origin, whatever the client sent.
    Upstream,
    /// This origin, whatever the client sent.
    Url(String),
}

impl FromStr for OriginPolicy {
    type Err = ProxyError;

    /// Reads `auto`, `keep`, `upstream`, or an origin such as `https://example.com`.
    fn from_str(given: &str) -> Result<OriginPolicy, ProxyError> {
        match given {
            "auto" => return Ok(OriginPolicy::Auto),
            "keep" => return Ok(OriginPolicy::Keep),
            "upstream" => return Ok(OriginPolicy::Upstream),
            _ => {}
        }
        let refuse = |problem| ProxyError::Policy { flag: "--origin", given: given.to_owned(), problem };
        let url = Url::parse(given).ok().filter(|url| given.contains("://") && url.has_host());
        let url = url.ok_or_else(|| {
            refuse("is not an origin; use keep, upstream, or a URL like https://example.com without a path")
        })?;
        if !matches!(&url[Position::BeforePath..], "" | "/") || !url[..Position::BeforeHost].ends_with("://")
        {
            return Err(refuse("is more than an origin: give scheme, host and port alone, without a path"));
        }
        Ok(OriginPolicy::Url(url[..Position::BeforePath].to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host() {
        let host = |given: &str| given.parse::<HostPolicy>();
        assert_eq!(host("auto").unwrap(), HostPolicy::default());
        assert_eq!(host("keep").unwrap(), HostPolicy::Keep);
        assert_eq!(host("upstream").unwrap(), HostPolicy::Upstream);
        for name in ["example.com", "example.com:8000", "[::1]:80", "10.0.0.1"] {
            assert_eq!(host(name).unwrap(), HostPolicy::Name(name.to_owned()));
        }
        for bad in ["", "a b", "a/b", "http://a", "me@a", "a\r\nX: y", "a:port", "bücher.example"] {
            let error = host(bad).unwrap_err().to_string();
            assert!(error.starts_with("--host \"") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn origin() {
        let origin = |given: &str| given.parse::<OriginPolicy>();
        assert_eq!(origin("auto").unwrap(), OriginPolicy::default());
        assert_eq!(origin("keep").unwrap(), OriginPolicy::Keep);
        assert_eq!(origin("upstream").unwrap(), OriginPolicy::Upstream);
        for (given, kept) in [
            ("https://Example.com", "https://example.com"),
            ("http://example.com:80/", "http://example.com"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(origin(given).unwrap(), OriginPolicy::Url(kept.to_owned()));
        }
        for bad in [
            "",
            "example.com",
            "localhost:5000",
            "http://a/b",
            "http://a?b",
            "http://me@a",
            "file:///x",
            "http://",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
