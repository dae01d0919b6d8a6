//! Where the bytes go: the upstream as the user wrote it, and its parts.

use std::fmt;

use url::{Host, Url};

use super::ProxyError;

/// The server that wirewalk stands in front of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    given: String,
    tls: bool,
    host: Host<String>,
    port: u16,
}

impl Upstream {
    /// Reads `http://`, `https://`, `ws://` or `wss://` with a name, an IPv4 address or an IPv6 address in
    /// brackets, and a port unless it is the scheme's own (80 or 443). Without a scheme a port is needed, and
    /// means `http://`: `127.0.0.1:5000`, `localhost:5000`, or `:5000` for this machine.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Upstream`] for anything else: another scheme, a path, a user name, a query, a host or a
    /// port that is none.
    pub fn parse(given: &str) -> Result<Upstream, ProxyError> {
        let refuse = |problem: String| Err(ProxyError::Upstream { given: given.to_owned(), problem });
        let url = match full_url(given).map(|url| Url::parse(&url)) {
            Ok(Ok(url)) => url,
            Ok(Err(error)) => return refuse(format!("is not a URL: {error}; write one like {EXAMPLE}")),
            Err(problem) => return refuse(problem),
        };
        let tls = match url.scheme() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            other => {
                return refuse(format!(
                    "begins with {other}://, which wirewalk does not speak; use http://, https://, ws:// or wss://"
                ));
            }
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return refuse(format!("names no host; write one like {EXAMPLE}"));
        };
        let upstream = Upstream { given: given.to_owned(), tls, host: host.to_owned(), port };
        if port == 0 {
            return refuse(
                "has the port 0, where nothing can listen; give the port of your server".to_owned(),
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(format!(
                "holds a user name or password, which wirewalk does not send; write {}",
                upstream.origin()
            ));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return refuse(format!(
                "holds a path, but wirewalk forwards every path, so leave it off: {}",
                upstream.origin()
            ));
        }
        Ok(upstream)
    }

    /// Whether the upstream speaks TLS (`https://` or `wss://`).
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Its name or address.
    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as in a Host field (RFC 9110 §7.2): the port is left out where it is the scheme's own.
    pub fn authority(&self) -> String {
        match (self.tls, self.port) {
            (false, 80) | (true, 443) => self.host.to_string(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// Its origin (RFC 6454 §4), such as `https://example.com`.
    pub fn origin(&self) -> String {
        format!("{}{}", if self.tls { "https://" } else { "http://" }, self.authority())
    }

    /// Whether it is on this machine: a loopback or unspecified address, or a name that means one
    /// (RFC 6761 §6.3).
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ipv4(ip) => ip.is_loopback() || ip.is_unspecified(),
            Host::Ipv6(ip) => ip.to_canonical().is_loopback() || ip.is_unspecified(),
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }
}

impl fmt::Display for Upstream {
    /// As the user wrote it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

const EXAMPLE: &str = "http://127.0.0.1:5000";

/// Completes the short forms to a URL; the error says why one is ambiguous.
fn full_url(given: &str) -> Result<String, String> {
    if given.contains("://") {
        return Ok(given.to_owned());
    }
    let authority = given.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        // What follows the last colon inside of brackets is a part of an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    if given.is_empty() {
        Err(format!("is empty; write one like {EXAMPLE}"))
    } else if !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_digit()) {
        Err(format!("could be a host or a port; for the port write :{authority}"))
    } else if host.contains(':') && !host.starts_with('[') {
        Err("looks like an IPv6 address, which stands in brackets: http://[::1]:5000".to_owned())
    } else if port.is_empty() {
        Err(format!("says neither http:// nor a port; write one like {EXAMPLE}"))
    } else if port == "443" {
        Err("could mean http:// or https://; write the one you mean in front".to_owned())
    } else if host.is_empty() {
        Ok(format!("http://localhost{given}"))
    } else {
        Ok(format!("http://{given}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted() {
        for (given, origin) in [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
            ("http://Example.com", "http://example.com"),
            ("https://example.com", "https://example.com"),
            ("https://example.com:80", "https://example.com:80"),
            ("ws://example.com:443", "http://example.com:443"),
            ("wss://example.com:443", "https://example.com"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("localhost:5000", "http://localhost:5000"),
            ("localhost:5000/", "http://localhost:5000"),
            ("[::1]:5000", "http://[::1]:5000"),
            (":5000", "http://localhost:5000"),
            ("http://bücher.example", "http://xn--bcher-kva.example"),
        ] {
            let upstream = Upstream::parse(given).unwrap();
            assert_eq!(upstream.origin(), origin, "{given}");
            assert_eq!(upstream.to_string(), given);
        }
    }

    #[test]
    fn what_is_refused_and_what_it_says() {
        for (given, says) in [
            ("", "is empty"),
            ("http://", "is not a URL"),
            ("ftp://example.com", "begins with ftp://"),
            ("http://127.0.0.1:5000/chat", "leave it off: http://127.0.0.1:5000"),
            ("127.0.0.1:5000/chat", "leave it off: http://127.0.0.1:5000"),
            ("http://127.0.0.1:5000/?x", "leave it off"),
            ("http://127.0.0.1:5000#x", "leave it off"),
            ("http://me:secret@example.com", "user name or password"),
            ("http://example.com:0", "port 0"),
            ("http://example.com:65536", "is not a URL"),
            ("http://example.com:http", "is not a URL"),
            ("http://exa mple.com", "is not a URL"),
            ("http://[::1", "is not a URL"),
            ("5000", "for the port write :5000"),
            ("::1", "stands in brackets"),
            ("::1:5000", "stands in brackets"),
            ("example.com", "neither http:// nor a port"),
            ("[::1]", "neither http:// nor a port"),
            ("/chat", "neither http:// nor a port"),
            ("example.com:443", "could mean http:// or https://"),
            ("http:example.com", "is not a URL"),
        ] {
            let error = Upstream::parse(given).map(|u| u.origin()).unwrap_err().to_string();
            assert!(error.contains(says), "{given}: {error}");
        }
    }

    #[test]
    fn errors_hold_no_raw_control_characters() {
        let error = Upstream::parse("\u{1b}[31m").unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }

    #[test]
    fn loopback() {
        for (given, loopback) in [
            ("http://127.0.0.1:5000", true),
            ("http://127.1.2.3:5000", true),
            ("http://[::1]:5000", true),
            ("http://[::ffff:127.0.0.1]:5000", true),
            ("http://0.0.0.0:5000", true),
            ("http://localhost:5000", true),
            ("http://app.localhost:5000", true),
            ("http://localhost.example:5000", false),
            ("http://192.168.1.2:5000", false),
            ("https://example.com", false),
        ] {
            assert_eq!(Upstream::parse(given).unwrap().is_loopback(), loopback, "{given}");
        }
    }
}
