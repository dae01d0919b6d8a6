//! The request target: path and query (RFC 9112 §3.2, RFC 3986 §3), and what it says of Engine.IO.

use std::ops::Range;

use super::text::part;
use crate::decode::limits::MAX_NAME;
use crate::decode::unit::{EngineIo, Transport};

/// Where the parts of a request target are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The path; the whole target where it has none, as with CONNECT.
    pub(super) path: Range<usize>,
    /// What stands behind the `?`, if there is one.
    pub(super) query: Option<Range<usize>>,
}

/// One parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// Name, `=` and value.
    pub(super) whole: Range<usize>,
    /// The name.
    pub(super) name: Range<usize>,
    /// The value; empty where there is no `=`.
    pub(super) value: Range<usize>,
}

impl Target {
    /// Finds the parts of the target at `target` in `bytes`.
    pub(super) fn of(bytes: &[u8], target: &Range<usize>) -> Target {
        let written = part(bytes, target);
        // The absolute form puts scheme and authority in front of the path (§3.2.2).
        let authority = match memchr::memmem::find(written, b"://") {
            Some(at) if !written.starts_with(b"/") => at + 3,
            _ => 0,
        };
        let behind = written.get(authority..).unwrap_or_default();
        let path_start = match authority {
            0 => 0,
            _ => authority + behind.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(behind.len()),
        };
        let end = written.iter().position(|b| *b == b'#').unwrap_or(written.len()).max(path_start);
        let path_and_query = part(written, &(path_start..end));
        let path_end =
            path_start + path_and_query.iter().position(|b| *b == b'?').unwrap_or(end - path_start);
        Target {
            path: target.start + path_start..target.start + path_end,
            query: (path_end < end).then(|| target.start + path_end + 1..target.start + end),
        }
    }

    /// The parameters of the query, in their order; empty ones are left out.
    pub(super) fn parameters<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = Parameter> + use<'a> {
        let query = self.query.clone().unwrap_or_default();
        let mut at = query.start;
        let pieces = part(bytes, &query).split(|b| *b == b'&');
        pieces.filter_map(move |piece| {
            let whole = at..at + piece.len();
            at = whole.end + 1;
            let name_end = whole.start + piece.iter().position(|b| *b == b'=').unwrap_or(piece.len());
            let value = (name_end + 1).min(whole.end)..whole.end;
            (!whole.is_empty()).then_some(Parameter { name: whole.start..name_end, value, whole })
        })
    }

    /// The decoded value of the first parameter called `name`.
    pub(super) fn parameter(&self, bytes: &[u8], name: &str) -> Option<String> {
        let found = self.parameters(bytes).find(|p| decode(part(bytes, &p.name)) == name)?;
        Some(decode(part(bytes, &found.value)))
    }

    /// What the query says of Engine.IO, whatever the path is: version, transport, and the engine session unless this
    /// is the first request of it. `None` unless it names a version and one of the two transports.
    pub(super) fn engine(&self, bytes: &[u8]) -> Option<(EngineIo, Option<String>)> {
        let version = self.parameter(bytes, "EIO")?.parse().ok()?;
        let transport = match self.parameter(bytes, "transport")?.as_str() {
            "polling" => Transport::Polling,
            "websocket" => Transport::WebSocket,
            _ => return None,
        };
        let sid = self.parameter(bytes, "sid").filter(|sid| sid.len() <= MAX_NAME);
        Some((EngineIo { version, transport }, sid))
    }
}

/// Undoes percent-encoding, and reads `+` as a space. A `%` without two hexadecimal digits stays as it is; what is
/// then not UTF-8 is replaced.
pub(super) fn decode(bytes: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
        let (byte, taken) = match (first, hex(behind.first()), hex(behind.get(1))) {
            (b'%', Some(high), Some(low)) => (high << 4 | low, 3),
            (b'+', ..) => (b' ', 1),
            _ => (*first, 1),
        };
        decoded.push(byte);
        rest = rest.get(taken..).unwrap_or_default();
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str) -> (String, Vec<(String, String)>) {
        let bytes = format!("GET {target}").into_bytes();
        let parts = Target::of(&bytes, &(4..bytes.len()));
        let pair = |p: Parameter| (decode(&bytes[p.name]), decode(&bytes[p.value]));
        let path = String::from_utf8(bytes[parts.path.clone()].to_vec()).unwrap();
        (path, parts.parameters(&bytes).map(pair).collect())
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn all_four_forms_of_a_target() {
        assert_eq!(
            parts("/a/b?x=1&&y&z=%C3%BC+%2"),
            ("/a/b".into(), pairs(&[("x", "1"), ("y", ""), ("z", "ü %2")]))
        );
        assert_eq!(parts("http://h:1/a?u=://"), ("/a".into(), pairs(&[("u", "://")])));
        assert_eq!(parts("http://h?q"), (String::new(), pairs(&[("q", "")])));
        assert_eq!(parts("h:443"), ("h:443".into(), vec![]));
        assert_eq!(parts("*"), ("*".into(), vec![]));
        assert_eq!(parts("/a?u=http://x/#f?g"), ("/a".into(), pairs(&[("u", "http://x/")])));
        assert_eq!(parts("#?"), (String::new(), vec![]));
    }

    #[test]
    fn engineio_is_found_on_any_path() {
        let engine =
            |target: &str| Target::of(target.as_bytes(), &(0..target.len())).engine(target.as_bytes());
        let polling = EngineIo { version: 4, transport: Transport::Polling };
        assert_eq!(engine("/chat?transport=polling&EIO=4"), Some((polling, None)));
        let socket = EngineIo { version: 3, transport: Transport::WebSocket };
        assert_eq!(engine("/?EIO=3&transport=websocket&sid=a%2Bb"), Some((socket, Some("a+b".into()))));
        assert_eq!(engine("/?EIO=4"), None);
        assert_eq!(engine("/?EIO=x&transport=polling"), None);
        assert_eq!(engine("/?EIO=4&transport=jsonp"), None);
    }
}
